// A client's poller: when it stands in for the link.
#ifndef REJOINDER_NET_DETAIL_FALLBACK_HPP
#define REJOINDER_NET_DETAIL_FALLBACK_HPP

#include <rejoinder/core/client_status.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/net/poller.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Part of a client's state, whose life it shares.
class fallback {
public:
    /// Takes what polls, in place of the one before.
    void use(poller by, std::function<void(const std::error_code&)> news)
    {
        by_.emplace(std::move(by));
        by_->on_news(std::move(news));
        finished_ = false;
    }

    /// The link stands so, after so many rounds of attempts that failed.
    void follow(link_state link, std::uint32_t failures, instant now)
    {
        if (!by_) {
            return;
        }
        const bool seeks = link == link_state::waiting || link == link_state::connecting;
        if (!seeks) {
            finished_ = false;
            by_->stop();
        } else if (!finished_ && !by_->polling() && failures >= by_->cycle().options().after_attempts) {
            since_ = now;
            by_->start();
        }
    }

    /// A status was the last one: nothing more is asked before the next outage.
    void finish() noexcept { finished_ = true; }
    /// For good.
    void drop() { by_.reset(); }

    [[nodiscard]] bool polling() const noexcept { return by_ && by_->polling(); }
    /// When it began.
    [[nodiscard]] instant since() const noexcept { return since_; }

private:
    std::optional<poller> by_;
    instant since_{};
    bool finished_ = false;
};

/// Where a client stands whose link is this reconnector's, with this fallback.
template <class Reconnector, class News>
client_status status_of(const Reconnector& link, const fallback& stand_in, const News& told)
{
    client_status all;
    const bool polls = stand_in.polling();
    all.state = polls ? standing::polling : standing_of(link.state());
    all.since = polls ? stand_in.since() : link.since();
    all.connected_since = link.connected_since();
    all.disconnected_since = link.disconnected_since();
    all.attempts = link.failures();
    all.verdict = link.verdict();
    all.last_error = link.last_error();
    all.next_try_at = link.next_try_at();
    all.resumed = told.resumed();
    all.connection_id = told.fields().id();
    return all;
}

} // namespace rejoinder::inline v0::detail

#endif
