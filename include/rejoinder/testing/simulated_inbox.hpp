// A hub's durable inbox in a simulated world: between its disk and its sessions' handlers, through crashes.
#ifndef REJOINDER_TESTING_SIMULATED_INBOX_HPP
#define REJOINDER_TESTING_SIMULATED_INBOX_HPP

#include <rejoinder/core/durable_inbox.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/memory_store.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/core/store.hpp>
#include <rejoinder/testing/scripted_peer.hpp>
#include <rejoinder/testing/simulated_disk.hpp>
#include <rejoinder/testing/virtual_clock.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::testing {

/// Drives a `durable_inbox` as a real hub does. Peers that it was given must outlive it.
template <class Policies>
class simulated_inbox {
public:
    using peer = scripted_peer<Policies>;

    simulated_inbox(simulated_disk& disk, const virtual_clock& clock) : disk_(disk), clock_(clock) {}
    simulated_inbox(const simulated_inbox&) = delete;
    simulated_inbox& operator=(const simulated_inbox&) = delete;

    /// A client announces its outbox: `greeted(error, whether it was known)` once that is on disk.
    void greet(record_owner owner, outbox_notice notice, std::function<void(const std::error_code&, bool)> greeted)
    {
        struct result {
            std::error_code error;
            bool knew = false;
        };
        auto how = std::make_shared<result>();
        disk_.write(
            [this, how, owner = std::move(owner), notice = std::move(notice)](memory_store& kept) {
                durable_inbox inbox{kept};
                how->error = inbox.greet(owner, notice, "digest of " + notice.secret, clock_.wall(), how->knew);
            },
            [how, greeted = std::move(greeted)] { greeted(how->error, how->knew); });
    }

    /// A durable message: runs its handler if the records allow it, and answers.
    void take(const record_owner& owner, peer& site, const invoke& asked)
    {
        const key which{owner, asked.stamp.sequence};
        auto& one = runs_[which];
        one.waiters.push_back({&site, asked.call});
        if (one.waiters.size() > 1) {
            return; // the session after the one that it runs for asks for the same message (rule 12)
        }
        one.place = asked.stamp;
        one.fingerprint = fingerprint_of(asked);
        judge(which, one, typename peer::run{site, asked});
    }

    /// A handler's run has ended. False: it is none of these.
    bool ended(peer& site, invocation call, const outcome& how)
    {
        const auto found = called_.find({&site, call.number});
        if (found == called_.end()) {
            return false;
        }
        const auto which = found->second;
        called_.erase(found);
        settle(which, how);
        return true;
    }

private:
    struct key {
        record_owner owner;
        std::uint64_t sequence;

        friend auto operator<=>(const key&, const key&) = default;
    };
    struct waiter {
        peer* site;
        invocation call;
    };
    struct one_run {
        stamp place;
        std::uint64_t fingerprint = 0;
        std::vector<waiter> waiters;
    };
    struct judgement {
        durable_verdict verdict = durable_verdict::fresh;
        stored_record record;
    };

    static std::uint64_t fingerprint_of(const invoke& asked)
    {
        std::uint64_t sum = 1;
        for (const auto bytes : {asked.name, asked.payload.bytes}) {
            for (const char one : bytes) {
                sum = sum * 1'000'003U + static_cast<unsigned char>(one);
            }
            sum = sum * 1'000'003U + bytes.size();
        }
        return sum;
    }

    void judge(const key& which, const one_run& made, typename peer::run asked)
    {
        auto how = std::make_shared<judgement>();
        const auto place = made.place;
        const auto fingerprint = made.fingerprint;
        disk_.write(
            [this, how, which, place, fingerprint](memory_store& kept) {
                durable_inbox inbox{kept};
                inbox.open(which.owner, place, fingerprint, clock_.wall(), how->verdict, how->record);
                if (how->verdict == durable_verdict::fresh) {
                    inbox.start(which.owner, place, fingerprint);
                } else if (how->verdict == durable_verdict::interrupted) {
                    inbox.end(
                        which.owner, place,
                        {record_state::done, 0, fingerprint, std::string{name_of(errc::interrupted)}, {}, {}, {}});
                }
            },
            [this, how, which, asked = std::move(asked)]() mutable {
                switch (how->verdict) {
                case durable_verdict::fresh: call(which, asked); break;
                case durable_verdict::done:
                    tell(which, {{how->record.payload, how->record.form}, how->record.code, how->record.text});
                    break;
                case durable_verdict::interrupted: tell(which, {{}, name_of(errc::interrupted), {}}); break;
                case durable_verdict::stale: tell(which, {{}, name_of(errc::stale_request), {}}); break;
                case durable_verdict::conflict: tell(which, {{}, name_of(errc::key_conflict), {}}); break;
                case durable_verdict::too_far: tell(which, {{}, name_of(errc::busy), {}}); break;
                }
            });
    }

    // For the first session that is still there. With none the message comes again, and must then run.
    void call(const key& which, typename peer::run& asked)
    {
        for (const auto& one : runs_.at(which).waiters) {
            if (one.site->session().is_running(one.call)) {
                called_.emplace(std::pair{one.site, one.call.number}, which);
                one.site->run_durable(one.call, asked);
                return;
            }
        }
        settle(which, {{}, name_of(errc::busy), {}});
    }

    // Records how the handler has ended, then tells.
    void settle(const key& which, const outcome& how)
    {
        const auto& over = runs_.at(which);
        auto record = std::make_shared<stored_record>();
        *record = {record_state::done,    0,
                   over.fingerprint,      std::string{how.code},
                   std::string{how.text}, std::string{how.payload.bytes},
                   how.payload.form};
        const bool refused =
            !how.code.empty() && certainty_of(make_error_code(errc_named(how.code))) == certainty::not_executed;
        disk_.write(
            [which, place = over.place, record, refused](memory_store& kept) {
                durable_inbox inbox{kept};
                refused ? inbox.give_back(which.owner, place) : inbox.end(which.owner, place, *record);
            },
            [this, which, record] { tell(which, {{record->payload, record->form}, record->code, record->text}); });
    }

    void tell(const key& which, const outcome& how)
    {
        const auto over = runs_.extract(which);
        for (const auto& one : over.mapped().waiters) {
            one.site->settle_durable(one.call, how);
        }
    }

    simulated_disk& disk_;
    const virtual_clock& clock_;
    std::map<key, one_run> runs_; // begun, and not settled
    std::map<std::pair<peer*, message_id>, key> called_;
};

} // namespace rejoinder::inline v0::testing

#endif
