// When to ask by other means while a link is down: every so often, a few tries each, never two at once, until it is over.
#ifndef REJOINDER_CORE_POLL_CYCLE_HPP
#define REJOINDER_CORE_POLL_CYCLE_HPP

#include <rejoinder/core/backoff.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace rejoinder::inline v0 {

/// The numbers of polling.
struct poll_options {
    /// From the begin of one poll to the next; after a failed one, from its end.
    duration every = std::chrono::seconds{5};
    unsigned tries = 3;                          ///< of one poll, at least 1
    duration timeout = std::chrono::seconds{10}; ///< of one try, which is then cancelled
    jittered<exponential_backoff> backoff{};     ///< between the tries of one poll: 1, 2, ... s
    unsigned after_attempts = 5;                 ///< a client's connection attempts that fail in a row before it polls
};

/// What a poll cycle asks its driver to do.
enum class polling : std::uint8_t {
    nothing,
    ask,    ///< begin a try
    cancel, ///< the try takes too long: cancel it; its end is still to be told
    lament, ///< all tries of a poll failed: tell somebody. The cycle goes on
};

/// The cycle, as a pure state machine: feed it what happened, call `advance` no later than `next_deadline()` until it says `nothing`, and do
/// what it says.
///
/// A try that was cancelled, or is under way when the cycle is stopped and started again, holds the next one up until it has ended: so there
/// are never two. All operations are O(1). Distinct objects are independent; one is used from one thread at a time.
class poll_cycle {
public:
    /// `seed`: of the jitter.
    explicit poll_cycle(const poll_options& options, std::uint64_t seed = 0) : options_(options), random_(seed) {}

    // Getters

    [[nodiscard]] bool running() const noexcept { return running_; }
    /// Whether a try is under way, wanted or not.
    [[nodiscard]] bool asking() const noexcept { return current_ != attempt::none; }
    /// Polls that were answered, and those all of whose tries failed.
    [[nodiscard]] std::uint64_t answered() const noexcept { return answered_; }
    [[nodiscard]] std::uint64_t in_vain() const noexcept { return in_vain_; }
    [[nodiscard]] const poll_options& options() const noexcept { return options_; }

    /// When `advance` is due.
    [[nodiscard]] instant next_deadline() const noexcept
    {
        if (lamenting_) {
            return instant::min();
        }
        switch (current_) {
        case attempt::wanted: return limit_;
        case attempt::unwanted: return never;
        case attempt::none: break;
        }
        return running_ ? due_ : never;
    }

    // Inputs

    /// Begin, with a poll at once.
    void start(instant now) noexcept
    {
        if (!running_) {
            running_ = true;
            tries_ = 0;
            due_ = now;
        }
    }

    /// No further polls. True: a try is under way, whose result nobody wants; cancel it.
    [[nodiscard]] bool stop() noexcept
    {
        running_ = false;
        lamenting_ = false;
        return abandon();
    }

    /// Time has passed, or something happened: what is to be done now?
    polling advance(instant now) noexcept
    {
        if (lamenting_) {
            lamenting_ = false;
            return polling::lament;
        }
        if (current_ == attempt::wanted && now >= limit_) {
            abandon();
            missed(now);
            return polling::cancel;
        }
        if (current_ == attempt::none && running_ && now >= due_) {
            if (tries_ == 0) {
                began_ = now;
            }
            ++tries_;
            current_ = attempt::wanted;
            limit_ = later(now, options_.timeout);
            return polling::ask;
        }
        return polling::nothing;
    }

    /// The try under way was answered. False: nobody wants the answer any more.
    [[nodiscard]] bool succeeded(instant now) noexcept
    {
        if (std::exchange(current_, attempt::none) != attempt::wanted) {
            return false;
        }
        ++answered_;
        tries_ = 0;
        due_ = std::max(later(began_, options_.every), now);
        return true;
    }

    /// The try under way failed, or ended after it was cancelled.
    void failed(instant now) noexcept
    {
        if (std::exchange(current_, attempt::none) == attempt::wanted) {
            missed(now);
        }
    }

private:
    enum class attempt : std::uint8_t { none, wanted, unwanted };

    bool abandon() noexcept
    {
        if (current_ != attempt::wanted) {
            return false;
        }
        current_ = attempt::unwanted;
        return true;
    }

    // A try failed.
    void missed(instant now) noexcept
    {
        if (tries_ < std::max(options_.tries, 1U)) {
            due_ = later(now, delay_of(options_.backoff, tries_, random_).value_or(duration::zero()));
            return;
        }
        ++in_vain_;
        tries_ = 0;
        lamenting_ = true;
        due_ = later(now, options_.every); // from its end: who does not answer is not asked without a pause
    }

    poll_options options_;
    random_source random_;
    bool running_ = false;
    bool lamenting_ = false;
    attempt current_ = attempt::none;
    unsigned tries_ = 0; // of this poll
    instant began_{};    // this poll
    instant due_ = never;
    instant limit_ = never; // of the try under way
    std::uint64_t answered_ = 0;
    std::uint64_t in_vain_ = 0;
};

} // namespace rejoinder::inline v0

#endif
