// What keeps durable messages and the records of what they did: the concept, and the values that it keeps.
#ifndef REJOINDER_CORE_STORE_HPP
#define REJOINDER_CORE_STORE_HPP

#include <rejoinder/core/message.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace rejoinder::inline v0 {

/// Milliseconds since 1970 of the system's clock: the only time that means something to the next process.
using wall_time = std::int64_t;

/// A message of a durable outbox.
struct stored_message {
    std::uint64_t sequence = 0; ///< from 1; never given twice, also not after the message has gone
    std::string name;
    std::string payload;
    encoding form = encoding::text;
    wall_time expires = 0;

    friend bool operator==(const stored_message&, const stored_message&) = default;
};

/// A durable outbox, as it is found when it is opened.
struct stored_outbox {
    std::string name;
    std::string secret;
    std::uint64_t epoch = 0;              ///< how often it was opened, this time included
    std::uint64_t next = 1;               ///< the sequence of the message to come
    std::string peer;                     ///< the store of the hub that it sent to; empty: it never sent anything
    std::vector<stored_message> messages; ///< by sequence
};

/// What a store knows of one outbox that sends to it.
struct known_outbox {
    std::string secret_digest;
    std::uint64_t epoch = 0;
    std::uint64_t floor = 0; ///< of the sequences below it only those with a record may still come
    wall_time seen = 0;

    friend bool operator==(const known_outbox&, const known_outbox&) = default;
};

/// How far a durable message has come at its receiver.
enum class record_state : std::uint8_t {
    expected, ///< its sender says that it is not settled; it has not been here
    started,  ///< its handler was called
    done,     ///< its handler has ended
};

/// The record of one durable message at its receiver.
struct stored_record {
    record_state state = record_state::expected;
    std::uint32_t attempt = 0;
    std::uint64_t fingerprint = 0; ///< of its name and payload
    std::string code;              ///< the error that it was answered with; empty: none
    std::string text;
    std::string payload; ///< the answer
    encoding form = encoding::text;

    friend bool operator==(const stored_record&, const stored_record&) = default;
};

/// Whose record it is: an outbox of an identity. Nobody reaches the records of another identity.
struct record_owner {
    std::string identity;
    std::string outbox;

    friend auto operator<=>(const record_owner&, const record_owner&) = default;
};

/// Keeps durable messages and records, in transactions: what is between `begin` and a `commit` without error is there after a crash, whole;
/// without it, nothing of it is. One transaction at a time; `undo` goes back to the last `mark` inside of it.
///
/// | expression | meaning |
/// | --- | --- |
/// | `s.name()` | what tells this store from all others; kept with it |
/// | `s.begin()`, `s.commit()`, `s.rollback()`, `s.mark()`, `s.undo()` | as said |
/// | `s.transaction()` | what a handler gets, to write its effect in the same transaction; its type has a member type `is_store_transaction` |
/// | `s.open_outbox(fresh, out)` | finds the outbox and raises its epoch; the first time it is made with the name and secret of `fresh` |
/// | `s.put(message)`, `s.remove(sequence)` | adds a message, which raises `next` above it; takes one away, if it is there |
/// | `s.set_peer(name)` | which hub's store the outbox sends to |
/// | `s.find(owner, known, found)` | what is known of an outbox |
/// | `s.write(owner, known)` | the same, written |
/// | `s.outboxes(identity, own, all)` | how many are known: of an identity, and of all |
/// | `s.forget(seen_before)` | forgets outboxes not seen since, with their records |
/// | `s.find(owner, sequence, record, found)` | one record |
/// | `s.write(owner, sequence, record)` | the same, written or replaced |
/// | `s.drop_below(owner, sequence)`, `s.drop(owner, sequence)` | takes records away |
/// | `s.sequences(owner, out)` | of all its records, ascending |
///
/// Each returns a `std::error_code`, but for `name` and `transaction`. All may block, so whoever has a store calls it on a thread of its own;
/// it is used by one thread at a time.
template <class S>
concept store =
    std::movable<S> &&
    requires(S& s, const S& constant, const stored_message& message, const record_owner& owner, std::uint64_t sequence,
             std::string_view text, wall_time time, const stored_outbox& fresh, stored_outbox& outbox,
             const known_outbox& known, known_outbox& known_out, bool& found, const stored_record& record,
             stored_record& record_out, std::size_t& own, std::size_t& all, std::vector<std::uint64_t>& sequences) {
        typename S::transaction_type;
        { constant.name() } -> std::convertible_to<std::string_view>;
        { s.transaction() } -> std::same_as<typename S::transaction_type&>;
        { s.begin() } -> std::same_as<std::error_code>;
        { s.commit() } -> std::same_as<std::error_code>;
        { s.rollback() } -> std::same_as<std::error_code>;
        { s.mark() } -> std::same_as<std::error_code>;
        { s.undo() } -> std::same_as<std::error_code>;
        { s.open_outbox(fresh, outbox) } -> std::same_as<std::error_code>;
        { s.put(message) } -> std::same_as<std::error_code>;
        { s.remove(sequence) } -> std::same_as<std::error_code>;
        { s.set_peer(text) } -> std::same_as<std::error_code>;
        { s.find(owner, known_out, found) } -> std::same_as<std::error_code>;
        { s.write(owner, known) } -> std::same_as<std::error_code>;
        { s.outboxes(text, own, all) } -> std::same_as<std::error_code>;
        { s.forget(time) } -> std::same_as<std::error_code>;
        { s.find(owner, sequence, record_out, found) } -> std::same_as<std::error_code>;
        { s.write(owner, sequence, record) } -> std::same_as<std::error_code>;
        { s.drop_below(owner, sequence) } -> std::same_as<std::error_code>;
        { s.drop(owner, sequence) } -> std::same_as<std::error_code>;
        { s.sequences(owner, sequences) } -> std::same_as<std::error_code>;
    };

} // namespace rejoinder::inline v0

#endif
