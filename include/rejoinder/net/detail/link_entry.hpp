// What a hub knows of one of its links.
#ifndef REJOINDER_NET_DETAIL_LINK_ENTRY_HPP
#define REJOINDER_NET_DETAIL_LINK_ENTRY_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/heartbeat_terms.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/wire/http_request.hpp>

#include <asio/cancellation_signal.hpp>
#include <asio/cancellation_type.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

struct link_entry {
    std::shared_ptr<link> carrier;
    candidate who;
    session_id session = 0;
    std::uint32_t capacity = 0;
    bool greeted = false;
    std::optional<outbox_notice> outbox{}; // its client's
    bool outbox_known = false;
    std::shared_ptr<const http_request> request{};       // by which it came, until the authenticator has it
    instant since{};                                     // it was accepted
    timer_id patience{};                                 // for the hello, then for the authenticator
    std::shared_ptr<asio::cancellation_signal> asking{}; // ends the authenticator
    std::string metadata{};                              // what the client says of itself, for events

    // A hub keeps these for each connection; the authenticator sees longer ones, too.
    static constexpr std::size_t metadata_bytes_max = 1024;

    void label(const std::string& fields) { metadata = fields.size() <= metadata_bytes_max ? fields : std::string{}; }

    heartbeat_terms terms{};

    /// Takes what the hello says. Returns why its heartbeat does not go with `own`, in a sentence; empty: it does.
    [[nodiscard]] std::string take(const hello& said, const heartbeat_options& own)
    {
        greeted = true;
        const auto features = carrier->features();
        who = {carrier->number(), {}, said.incarnation, digest_of(said.token), said.attempt, !said.token.empty(),
               features.resume};
        capacity = said.capacity;
        outbox = said.outbox;
        asking = std::make_shared<asio::cancellation_signal>();
        terms = {said.ping_interval, said.dead_after};
        return features.probe ? conflict_of(terms, terms_of(own)) : std::string{};
    }

    /// For the authenticator; the request is not kept any longer.
    [[nodiscard]] came_from take_origin() { return {carrier->description(), std::move(request)}; }

    /// The authenticator's answer is not wanted any more.
    void stop_asking() const
    {
        if (asking != nullptr) {
            asking->emit(asio::cancellation_type::terminal);
        }
    }

    /// What an event says of it.
    [[nodiscard]] event told(std::string_view text = {}, const std::error_code& error = {}) const
    {
        return {.who = who.identity,
                .session = session,
                .connection = carrier->number(),
                .attempt = who.attempt,
                .error = error,
                .text = text,
                .metadata = metadata};
    }
};

} // namespace rejoinder::inline v0::detail

#endif
