// What became of a question to many, at one of them.
#ifndef REJOINDER_NET_PEER_OUTCOME_HPP
#define REJOINDER_NET_PEER_OUTCOME_HPP

#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/reply.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// How a question to many ended at one of them.
enum class ending : std::uint8_t {
    given_up,  ///< nobody waited for it any more: the others had decided the call, or it was cancelled
    answered,  ///< here is its answer
    timed_out, ///< it is connected, and did not answer in time
    left,      ///< it has no link, or its session ended
    failed,    ///< it said no, or a bound did: `error` says why
};

constexpr std::string_view name_of(ending how) noexcept
{
    constexpr std::array<std::string_view, 5> names{"given_up", "answered", "timed_out", "left", "failed"};
    return names[static_cast<std::size_t>(how)];
}

/// One peer's part in a question to many. A value; distinct objects are independent.
class peer_outcome {
public:
    peer_outcome() = default;
    /// Of a peer that has not ended: given up, so far.
    explicit peer_outcome(rejoinder::peer whom) noexcept : peer_(std::move(whom)) {}
    peer_outcome(rejoinder::peer whom, ending how, std::error_code why, reply said) noexcept
        : peer_(std::move(whom)), how_(how), error_(why), said_(std::move(said))
    {}

    /// Whom it is about.
    [[nodiscard]] const rejoinder::peer& peer() const noexcept { return peer_; }
    [[nodiscard]] ending how() const noexcept { return how_; }
    /// No error if it answered; else what a request to it alone would have ended with. `certainty_of` says what may have happened.
    [[nodiscard]] const std::error_code& error() const noexcept { return error_; }
    /// Its answer; of an error that it sent, code, text and data.
    [[nodiscard]] const reply& answer() const noexcept { return said_; }

private:
    rejoinder::peer peer_;
    ending how_ = ending::given_up;
    std::error_code error_;
    reply said_;
};

static_assert(!std::is_aggregate_v<peer_outcome>);

} // namespace rejoinder::inline v0

#endif
