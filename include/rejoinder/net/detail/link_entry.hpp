// What a hub knows of one of its links.
#ifndef REJOINDER_NET_DETAIL_LINK_ENTRY_HPP
#define REJOINDER_NET_DETAIL_LINK_ENTRY_HPP

#include <rejoinder/core/admission_verdict.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/digest.hpp>
#include <rejoinder/core/heartbeat_terms.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/detail/os_random.hpp>
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
    std::uint64_t seen = 0; // the last notification that the client has seen, on a wire with marks
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
        const auto attempt = features.marks ? carrier->number()
                                            : said.attempt; // there the order in which they came is all that is known
        who = {carrier->number(), {},
               said.incarnation,  digest_of(said.token),
               attempt,           !said.token.empty(),
               features.resume,   features.marks};
        seen = said.seen;
        capacity = said.capacity;
        outbox = said.outbox;
        asking = std::make_shared<asio::cancellation_signal>();
        terms = {said.ping_interval, said.dead_after};
        return features.probe ? conflict_of(terms, terms_of(own)) : std::string{};
    }

    /// What it is told of the session that it has; the token of a new one is made here.
    template <class Host, class Setting>
    [[nodiscard]] welcome welcomed(welcome words, const verdict_of::attach& granted, Host& to, const Setting& by) const
    {
        words.session = std::to_string(granted.session);
        words.resumed = granted.resumed;
        words.token = granted.resumed ? std::string{} : random_name();
        words.capacity = to.core().capacity();
        if (outbox && by.inbox != nullptr) {
            words.store = store_notice{std::string{by.inbox->store_name()}, outbox_known};
            to.set_outbox(outbox->name);
        }
        return words;
    }

    /// For the authenticator; the request is not kept any longer.
    [[nodiscard]] came_from take_origin() { return {carrier->description(), std::move(request)}; }

    /// Whether nobody comes back to the session of a link that ends so: on a wire with marks who was told goodbye, or said it, begins anew.
    [[nodiscard]] bool is_final(close_reason why) const
    {
        const bool parts = why == close_reason::normal || why == close_reason::replaced;
        return (parts || why == close_reason::bad_messages) && carrier->features().marks;
    }

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
