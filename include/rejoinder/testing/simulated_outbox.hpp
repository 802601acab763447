// A client's durable outbox in a simulated world: between its disk and its session, through crashes.
#ifndef REJOINDER_TESTING_SIMULATED_OUTBOX_HPP
#define REJOINDER_TESTING_SIMULATED_OUTBOX_HPP

#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/durable_outbox.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/store.hpp>
#include <rejoinder/testing/scripted_peer.hpp>
#include <rejoinder/testing/simulated_disk.hpp>
#include <rejoinder/testing/virtual_clock.hpp>
#include <rejoinder/testing/witness.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace rejoinder::inline v0::testing {

/// Drives a `durable_outbox` as a real client does. Its process may die at any moment: destroy it, after `simulated_disk::crash`.
template <class Policies>
class simulated_outbox {
public:
    using peer = scripted_peer<Policies>;

    simulated_outbox(simulated_disk& disk, const virtual_clock& clock, const session_options<Policies>& options,
                     std::string owner, witness& watching)
        : disk_(disk), clock_(clock), owner_(std::move(owner)), watching_(watching), outbox_(options.outbox),
          ttl_(options.outbox.ttl)
    {
        auto found = std::make_shared<stored_outbox>();
        disk_.write(
            [found, name = owner_](memory_store& kept) {
                kept.open_outbox({"outbox of " + name, "secret of " + name, 0, 1, {}, {}}, *found);
            },
            [this, found] {
                stored_peer_ = found->peer;
                outbox_.opened(std::move(*found), clock_.now(), clock_.wall());
                open_ = true;
            });
    }
    simulated_outbox(const simulated_outbox&) = delete;
    simulated_outbox& operator=(const simulated_outbox&) = delete;

    // Getters

    [[nodiscard]] const durable_outbox& messages() const noexcept { return outbox_; }
    [[nodiscard]] bool is_open() const noexcept { return open_; }
    [[nodiscard]] instant next_deadline() const noexcept { return open_ ? outbox_.next_deadline() : never; }

    // Use

    /// A message that is to arrive, whoever crashes. Null: it was refused. Before the outbox is open it is.
    kept_message_ptr keep(std::string_view name, std::string_view payload)
    {
        errc refusal{};
        const auto sequence =
            open_ ? outbox_.enqueue(name, {payload, encoding::text}, ttl_, clock_.now(), clock_.wall(), refusal)
                  : std::nullopt;
        if (!sequence) {
            return nullptr;
        }
        auto one = std::make_shared<kept_message>();
        one->name = name;
        one->payload = payload;
        one->sequence = *sequence;
        callers_[*sequence] = one;
        return one;
    }

    [[nodiscard]] outbox_notice notice() const { return outbox_.notice(); }

    /// What the hub's session still knows of what was sent.
    peer_keeps welcomed(const welcome& answer)
    {
        const bool knows = answer.store && answer.store->knows_outbox;
        const std::string before = outbox_.peer();
        outbox_.welcomed(answer.store ? answer.store->name : std::string{},
                         answer.resumed ? durable_outbox::after::resuming
                         : knows        ? durable_outbox::after::knowing
                                        : durable_outbox::after::not_knowing);
        const bool same = outbox_.peer() == before;
        name_peer();
        return same && knows ? peer_keeps::deliveries : peer_keeps::nothing;
    }

    /// Does what can be done now, over this session. Whether there was anything.
    bool drive(peer& over)
    {
        if (!open_) {
            return false;
        }
        bool any = hear();
        if (outbox_.next_deadline() <= clock_.now()) {
            outbox_.advance(clock_.now());
        }
        any |= pump(over);
        durable_step::any step;
        while (outbox_.next(step)) {
            any = true;
            std::visit([this](const auto& one) { this->perform(one); }, step);
        }
        return any;
    }

private:
    bool hear()
    {
        bool any = false;
        for (auto next = sent_.begin(); next != sent_.end();) {
            const auto& [sequence, what] = *next;
            if (!what->done()) {
                ++next;
                continue;
            }
            any = true;
            const auto whose = what->code.empty() ? durable_outbox::word_of::this_side : durable_outbox::word_of::peer;
            outbox_.answered(sequence, what->error, whose, clock_.now());
            next = sent_.erase(next);
        }
        return any;
    }

    bool pump(peer& over)
    {
        bool any = false;
        while (over.session().attached() && outbox_.peer() == stored_peer_ && !stored_peer_.empty() &&
               over.session().pending() < over.session().capacity()) {
            stamp place;
            const auto* one = outbox_.send_next(clock_.now(), place);
            if (one == nullptr) {
                break;
            }
            any = true;
            call_options how;
            how.timeout = std::max<duration>(one->expires - clock_.now(), std::chrono::milliseconds{1});
            sent_[place.sequence] = over.deliver(one->words.name, one->words.payload, how, place);
        }
        return any;
    }

    void perform(const durable_step::put& wanted)
    {
        disk_.write([words = outbox_.find(wanted.sequence)->words](memory_store& kept) { kept.put(words); },
                    [this, sequence = wanted.sequence] { outbox_.stored(sequence, {}); });
    }
    void perform(const durable_step::remove& wanted)
    {
        disk_.write([sequence = wanted.sequence](memory_store& kept) { kept.remove(sequence); },
                    [this, sequence = wanted.sequence] { outbox_.removed(sequence, {}, clock_.now()); });
    }
    void perform(const durable_step::taken& wanted)
    {
        if (const auto found = callers_.find(wanted.sequence); found != callers_.end()) {
            found->second->stored = true;
            watching_.kept(owner_, *found->second);
        }
    }
    void perform(const durable_step::gone& over)
    {
        kept_message orphan; // an earlier process kept it
        orphan.name = over.name;
        orphan.sequence = over.sequence;
        const auto found = callers_.find(over.sequence);
        auto& one = found == callers_.end() ? orphan : *found->second;
        ++one.outcomes;
        one.how = over.how;
        one.error = over.error;
        watching_.gone(owner_, one);
        callers_.erase(over.sequence);
    }

    // Which store it sends to is on disk before anything is sent there.
    void name_peer()
    {
        if (naming_ || outbox_.peer() == stored_peer_) {
            return;
        }
        naming_ = true;
        disk_.write([name = outbox_.peer()](memory_store& kept) { kept.set_peer(name); },
                    [this, name = outbox_.peer()] {
                        naming_ = false;
                        stored_peer_ = name;
                        name_peer();
                    });
    }

    simulated_disk& disk_;
    const virtual_clock& clock_;
    std::string owner_;
    witness& watching_;
    durable_outbox outbox_;
    duration ttl_;
    bool open_ = false;
    bool naming_ = false;
    std::string stored_peer_;
    std::map<std::uint64_t, kept_message_ptr> callers_;
    std::map<std::uint64_t, question_ptr> sent_;
};

} // namespace rejoinder::inline v0::testing

#endif
