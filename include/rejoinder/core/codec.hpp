// The codec concept: what turns frames into messages and back. Floor `wire` supplies them.
#ifndef REJOINDER_CORE_CODEC_HPP
#define REJOINDER_CORE_CODEC_HPP

#include <rejoinder/core/message.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

/// What a wire can carry of the contract. A session asks for nothing that its wire cannot carry.
struct capabilities {
    bool greeting = true;   ///< hello and welcome; without them a connection is a new session from its start
    bool ready = true;      ///< the client confirms its welcome (rule 4); without, the hub may speak at once
    bool lenient = true;    ///< a frame that is not the wire's grammar is counted and left out; else it ends the link
    bool calls = true;      ///< requests and deliveries, and the last words for them
    bool deliveries = true; ///< they are told from requests, and acks from replies; without, all are requests
    /// The peer keeps a record for each slot (contract, point 3); without, a settled call's slot is free.
    bool records = true;
    bool probe = true;       ///< session-level pings, so that an overdue answer can be told from a dead link
    bool cancel = true;      ///< `cancel`, with the handler's end as its confirmation
    bool time_left = true;   ///< deadlines travel with their requests
    bool resume = true;      ///< a token, with which a session goes on
    bool marks = false;      ///< notifications are numbered, and who resumes says which was the last that arrived
    bool progress = true;    ///< words before the last one
    bool error_codes = true; ///< an error's name, text and data
    bool binary = true;      ///< binary payloads

    friend bool operator==(const capabilities&, const capabilities&) = default;
};

/// What became of a frame.
enum class decoded : std::uint8_t {
    message,    ///< a whole message
    incomplete, ///< taken in; more frames belong to the message (binary attachments)
    bad,        ///< not this wire's grammar
};

/// A codec: frames ⇄ messages, with state per connection.
///
/// | expression | result | meaning |
/// | --- | --- | --- |
/// | `c.features()` (const) | `capabilities` | what this wire carries; constant for the codec's life |
/// | `c.encode(m, bytes)` | `encoding` | appends the frame's bytes for message `m`; returns the frame's form |
/// | `c.encode(hello, bytes)`, `c.encode(welcome, bytes)` | `encoding` | the same for the two greetings |
/// | `c.decode(frame, m)` | `decoded` | reads one frame; `m` borrows from the frame and the codec until the next call |
/// | `c.decode(m, hello)`, `c.decode(m, welcome)` | `bool` | reads the greeting of a decoded `hello` or `welcome`; false: bad |
/// | `c.let_go()`, if it is there | | nothing borrows from the last decoded message any more: memory that only it needed may be given back |
/// | `c.encode_rest(bytes)`, if it is there | `std::optional<encoding>` | appends the next further frame of what was encoded last (attachments); nothing: it is whole |
/// | `c.is_early(frame)` (const), if it is there | `bool` | the frame came before the welcome that it is to be decoded behind: it is kept, and decoded then |
///
/// An `encode` that appends nothing does not say this message on its wire, which is no error: a farewell, for example, may be
/// in the link's own end. The message encoded last can be borrowed from until its last `encode_rest`.
///
/// On a wire without `greeting` nobody says who he is before he says anything else. The greetings are encoded all the same, so
/// that the codec knows which side it is on and the session's capacity; and what the peer would have said is asked of it by
/// `decode` with a `hello` or `welcome` message of nothing. An incarnation that such a hello leaves empty is made up by the hub's side.
template <class C>
concept codec = requires(C& c, const C& constant, const message& out, message& in, frame_view frame, std::string& bytes,
                         hello& greeting, welcome& answer) {
    { constant.features() } -> std::same_as<capabilities>;
    { c.encode(out, bytes) } -> std::same_as<encoding>;
    { c.encode(std::as_const(greeting), bytes) } -> std::same_as<encoding>;
    { c.encode(std::as_const(answer), bytes) } -> std::same_as<encoding>;
    { c.decode(frame, in) } -> std::same_as<decoded>;
    { c.decode(out, greeting) } -> std::same_as<bool>;
    { c.decode(out, answer) } -> std::same_as<bool>;
};

} // namespace rejoinder::inline v0

#endif
