// Two sessions, one clock, and a link between them that does what the test says.
#ifndef REJOINDER_TESTING_SESSION_PAIR_HPP
#define REJOINDER_TESTING_SESSION_PAIR_HPP

#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/session.hpp>
#include <rejoinder/testing/faulty_link.hpp>
#include <rejoinder/testing/owned_message.hpp>
#include <rejoinder/testing/scripted_peer.hpp>
#include <rejoinder/testing/virtual_clock.hpp>
#include <rejoinder/testing/witness.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace rejoinder::inline v0::testing {

/// A client's and a hub's session face to face, without the handshake: `connect` stands for one that opened a session,
/// `resume` for one that found it. The whole protocol runs on the calling thread, on virtual time, the same way each
/// time.
///
///     session_pair<> pair;
///     pair.hub().on("add", [](auto& run) { run.answer_after(1s, "3"); });
///     pair.connect();
///     const auto sum = pair.client().ask("add", "[1,2]");
///     pair.run_for(500ms);
///     pair.cut();
///     pair.resume();
///     pair.run_for(1s);                   // sum->answer == "3"
///
/// Distinct pairs are independent; one is used from one thread at a time.
template <class Policies = default_policies>
class session_pair {
public:
    using peer = scripted_peer<Policies>;

    explicit session_pair(const session_options<Policies>& options = {}, const link_options& link = {},
                          witness* watching = nullptr)
        : options_(options), link_options_(link), watching_(watching != nullptr ? watching : &nobody_), link_(link),
          client_(side::client, "client", options_, clock_, 1, watching),
          hub_(side::hub, "hub", options_, clock_, 2, watching)
    {
        link_.cut();
    }
    session_pair(const session_pair&) = delete;
    session_pair& operator=(const session_pair&) = delete;

    // Getters

    [[nodiscard]] instant now() const noexcept { return clock_.now(); }
    [[nodiscard]] peer& client() noexcept { return client_; }
    [[nodiscard]] peer& hub() noexcept { return hub_; }
    [[nodiscard]] peer& at(side which) noexcept { return which == side::client ? client_ : hub_; }
    [[nodiscard]] faulty_link<>& link() noexcept { return link_; }
    /// Why the client or the hub dropped its last connection; nothing if it did not.
    [[nodiscard]] std::optional<close_reason> hung_up(side which) const noexcept
    {
        return hung_up_[static_cast<std::size_t>(which)];
    }

    // What the test does

    /// What connections made from now on can carry.
    void features(const capabilities& what) noexcept { features_ = what; }

    /// A connection with a new session: ids and records begin anew on both sides.
    void connect()
    {
        leave();
        client_.session().begin(options_.capacity);
        hub_.session().begin(options_.capacity);
        join();
    }

    /// A connection that resumes the session. A side that has not noticed that the last one is gone is told now, as a
    /// hub displaces a zombie.
    void resume()
    {
        leave();
        join();
    }

    /// The connection is gone, both sides know, and what was under way is lost.
    void cut()
    {
        link_.cut();
        leave();
    }

    /// Nothing arrives any more, and nobody is told.
    void freeze() noexcept
    {
        link_.freeze(side::client);
        link_.freeze(side::hub);
    }
    void thaw() noexcept
    {
        link_.thaw(side::client);
        link_.thaw(side::hub);
    }

    /// Lets time pass, and everything happen that is due.
    void run_for(duration length)
    {
        const auto end = later(clock_.now(), length);
        while (step(end)) {}
        clock_.advance_to(end);
        do_what_is_due();
    }

    /// Lets things happen until `done()`, for `limit` at most. Returns `done()`.
    template <class Predicate>
    bool run_until(Predicate done, duration limit = std::chrono::minutes{10})
    {
        const auto end = later(clock_.now(), limit);
        do_what_is_due();
        while (!done() && step(end)) {}
        return done();
    }

    /// Moves what can move now, without letting time pass.
    void settle()
    {
        bool again = true;
        while (again) {
            again = false;
            for (const auto which : {side::client, side::hub}) {
                at(which).take_outputs();
                again |= read(which);
                again |= hang_up(which);
                again |= write(which);
            }
        }
    }

private:
    bool step(instant end)
    {
        do_what_is_due();
        const auto next = std::min({client_.next_deadline(), hub_.next_deadline(), link_.next_arrival()});
        if (next > end) {
            return false;
        }
        clock_.advance_to(next);
        do_what_is_due();
        return true;
    }

    // What has been read already comes before a look at the clock, so that a pause of the test is not blamed on a peer.
    void do_what_is_due()
    {
        settle();
        client_.advance();
        hub_.advance();
        settle();
    }

    void join()
    {
        ++connection_;
        link_ = faulty_link<>{link_options_};
        for (const auto which : {side::client, side::hub}) {
            hung_up_[static_cast<std::size_t>(which)] = std::nullopt;
            at(which).session().attach(features_, options_.heartbeat, clock_.now());
            watching_->attached(at(which).label(), connection_);
        }
        settle();
    }

    void leave()
    {
        detach(side::client);
        detach(side::hub);
    }

    void detach(side which)
    {
        auto& who = at(which);
        if (who.session().attached()) {
            who.session().detach(clock_.now());
            link_.close(which, clock_.now());
            watching_->detached(who.label(), connection_);
            who.take_outputs();
        }
    }

    bool read(side which)
    {
        bool any = false;
        auto& who = at(which);
        while (who.session().attached()) {
            const auto came = link_.arrive(which, clock_.now());
            if (!came) {
                break;
            }
            any = true;
            watching_->heard(who.label(), connection_, came->view());
            who.receive(came->view());
        }
        if (who.session().attached() && !link_.readable(which, clock_.now())) {
            detach(which);
            any = true;
        }
        return any;
    }

    bool write(side which)
    {
        bool any = false;
        auto& who = at(which);
        message out;
        while (who.session().attached() && link_.has_room(which) && who.session().emit(out, clock_.now())) {
            any = true;
            watching_->sent(who.label(), connection_, out);
            link_.send(which, owned_message{out}, clock_.now());
        }
        return any;
    }

    bool hang_up(side which)
    {
        const auto why = at(which).take_hang_up();
        if (!why || !at(which).session().attached()) {
            return false;
        }
        hung_up_[static_cast<std::size_t>(which)] = why;
        detach(which);
        return true;
    }

    virtual_clock clock_;
    session_options<Policies> options_;
    link_options link_options_;
    capabilities features_{};
    witness nobody_;
    witness* watching_;
    connection_id connection_ = 0;
    faulty_link<> link_;
    std::array<std::optional<close_reason>, 2> hung_up_{};
    peer client_;
    peer hub_;
};

} // namespace rejoinder::inline v0::testing

#endif
