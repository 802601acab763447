// Which durable messages have run, and what they were answered: the receiver's side of a delivery that survives crashes.
#ifndef REJOINDER_CORE_DURABLE_INBOX_HPP
#define REJOINDER_CORE_DURABLE_INBOX_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/store.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The bounds of a durable inbox.
struct durable_inbox_options {
    std::size_t outboxes_max = 100'000;            ///< that are known; one too many is refused with `busy`
    std::size_t outboxes_per_identity = 1'000;     ///< of them; the same
    std::size_t kept_answer_bytes_max = 64U << 10; ///< of one answer; a larger one is done-not-kept
    std::chrono::hours forget_after{25};           ///< of silence an outbox may be forgotten: beyond any time to live
    std::uint64_t sequences_max = 100'000;         ///< how far a message may run ahead of what its sender has settled
};

/// What is to be done with a durable message.
enum class durable_verdict : std::uint8_t {
    fresh,       ///< run it
    done,        ///< it has run: here is its answer
    interrupted, ///< it was begun by a process that ended: nobody knows how far it came (rule 21)
    stale,       ///< it was settled long ago, and never runs again (rule 22)
    conflict,    ///< another message had its sequence
    too_far,     ///< it runs too far ahead of what is settled: its sender keeps no bound
};

/// The rules 20 to 23 on the receiver's side, over a store in whose transaction each call stands. Errors are the store's, or as said.
/// Of a message that was begun and has not ended in this process its caller keeps track.
/// Distinct objects are independent; one object is used from one thread at a time.
template <store Store>
class durable_inbox {
public:
    explicit durable_inbox(Store& kept, const durable_inbox_options& options = {}) : kept_(kept), options_(options) {}

    /// A client announces its outbox. `secret_digest`: of the notice's secret. `knew`: whether it has been here before. Errors: `auth_refused`
    /// for a wrong secret, `outdated_attempt` when a newer opening of the outbox has been here, `busy` at the bound.
    std::error_code greet(const record_owner& owner, const outbox_notice& notice, std::string_view secret_digest,
                          wall_time now, bool& knew)
    {
        known_outbox known;
        if (const auto ec = kept_.find(owner, known, knew)) {
            return ec;
        }
        if (knew && known.secret_digest != secret_digest) {
            return make_error_code(errc::auth_refused);
        }
        if (knew && notice.epoch < known.epoch) {
            return make_error_code(errc::outdated_attempt);
        }
        if (!knew) {
            if (const auto ec = make_room(owner.identity, now)) {
                return ec;
            }
        }
        const auto floor = std::max(known.floor, notice.next);
        if (const auto ec = kept_.write(owner, {std::string{secret_digest}, notice.epoch, floor, now})) {
            return ec;
        }
        // What another store may have run never runs here: it gets no record, and below the floor that means never.
        return reconcile(owner, notice, known.floor, knew ? std::vector<std::uint64_t>{} : notice.sent);
    }

    /// A durable message has come. `record` is its answer where the verdict is `done`.
    std::error_code open(const record_owner& owner, const stamp& place, std::uint64_t fingerprint, wall_time now,
                         durable_verdict& verdict, stored_record& record)
    {
        known_outbox known;
        bool found = false;
        if (const auto ec = kept_.find(owner, known, found)) {
            return ec;
        }
        if (!found) { // nobody introduced it, or it was forgotten since
            verdict = durable_verdict::stale;
            return {};
        }
        if (place.sequence >= place.settled && place.sequence - place.settled >= options_.sequences_max) {
            verdict = durable_verdict::too_far;
            return {};
        }
        if (const auto ec = keep_up(owner, known, place.settled, now)) {
            return ec;
        }
        if (const auto ec = kept_.find(owner, place.sequence, record, found)) {
            return ec;
        }
        if (!found) {
            verdict = place.sequence < known.floor ? durable_verdict::stale : durable_verdict::fresh;
            return {};
        }
        verdict = judge(record, place, fingerprint);
        return {};
    }

    /// Its handler is about to be called.
    std::error_code start(const record_owner& owner, const stamp& place, std::uint64_t fingerprint)
    {
        return kept_.write(owner, place.sequence,
                           {record_state::started, place.attempt, fingerprint, {}, {}, {}, encoding::text});
    }

    /// Its handler has ended, so.
    std::error_code end(const record_owner& owner, const stamp& place, stored_record record)
    {
        record.state = record_state::done;
        record.attempt = place.attempt;
        if (record.payload.size() + record.text.size() > options_.kept_answer_bytes_max) {
            record.code = name_of(errc::answer_lost);
            record.text.clear();
            record.payload.clear();
        }
        return kept_.write(owner, place.sequence, record);
    }

    /// It was refused before its handler: it may come again.
    std::error_code give_back(const record_owner& owner, const stamp& place)
    {
        return kept_.write(owner, place.sequence, {});
    }

private:
    std::error_code make_room(std::string_view identity, wall_time now)
    {
        const auto limit = now - std::chrono::duration_cast<std::chrono::milliseconds>(options_.forget_after).count();
        if (const auto ec = kept_.forget(limit)) {
            return ec;
        }
        std::size_t own = 0;
        std::size_t all = 0;
        const auto ec = kept_.outboxes(identity, own, all);
        const bool full = own >= options_.outboxes_per_identity || all >= options_.outboxes_max;
        return !ec && full ? make_error_code(errc::busy) : ec;
    }

    // Records of what the sender says is settled go. What it still waits for may come, though it lies below the floor, if it is new here.
    std::error_code reconcile(const record_owner& owner, const outbox_notice& notice, std::uint64_t old_floor,
                              const std::vector<std::uint64_t>& foreign)
    {
        std::vector<std::uint64_t> recorded;
        if (const auto ec = kept_.sequences(owner, recorded)) {
            return ec;
        }
        const auto has = [](const std::vector<std::uint64_t>& all, std::uint64_t one) {
            return std::binary_search(all.begin(), all.end(), one);
        };
        for (const auto sequence : recorded) {
            if (sequence < notice.next && !has(notice.unsettled, sequence)) {
                if (const auto ec = kept_.drop(owner, sequence)) {
                    return ec;
                }
            }
        }
        for (const auto sequence : notice.unsettled) {
            if (sequence >= old_floor && !has(recorded, sequence) && !has(foreign, sequence)) {
                if (const auto ec = kept_.write(owner, sequence, {})) {
                    return ec;
                }
            }
        }
        return {};
    }

    std::error_code keep_up(const record_owner& owner, known_outbox& known, std::uint64_t settled, wall_time now)
    {
        constexpr wall_time hour = 3'600'000;
        if (const auto ec = kept_.drop_below(owner, settled)) {
            return ec;
        }
        if (settled <= known.floor && now - known.seen < hour) {
            return {};
        }
        known.floor = std::max(known.floor, settled);
        known.seen = std::max(known.seen, now);
        return kept_.write(owner, known);
    }

    static durable_verdict judge(const stored_record& record, const stamp& place, std::uint64_t fingerprint) noexcept
    {
        if (record.state == record_state::expected) {
            return durable_verdict::fresh;
        }
        if (record.fingerprint != fingerprint) {
            return durable_verdict::conflict;
        }
        if (record.state == record_state::started) {
            return durable_verdict::interrupted; // whatever attempt this is: nobody was told how that one ended
        }
        // A handler that failed may be tried again (rule 15). Other errors stand, as a refusal may have come from before the store was asked.
        const bool failed = record.code == name_of(errc::handler_error);
        return failed && place.attempt > record.attempt ? durable_verdict::fresh : durable_verdict::done;
    }

    Store& kept_;
    durable_inbox_options options_;
};

} // namespace rejoinder::inline v0

#endif
