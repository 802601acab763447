// What two sessions say to each other, as values that borrow their bytes.
#ifndef REJOINDER_CORE_MESSAGE_HPP
#define REJOINDER_CORE_MESSAGE_HPP

#include <rejoinder/core/instant.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rejoinder::inline v0 {

/// Whether bytes are text (UTF-8; for the wires of this library, JSON) or binary.
enum class encoding : std::uint8_t { text, binary };

/// The bytes of a payload, borrowed. No bytes as text means "no payload", which a handler sees as JSON null.
struct payload_view {
    std::string_view bytes{};
    encoding form = encoding::text;

    friend bool operator==(const payload_view&, const payload_view&) = default;
};

/// One frame of a channel, borrowed.
struct frame_view {
    std::string_view bytes{};
    encoding form = encoding::text;

    friend bool operator==(const frame_view&, const frame_view&) = default;
};

/// A message's number: `generation × capacity + slot` (contract, point 3), at most 2^53−1 so that a JavaScript peer keeps it exact.
using message_id = std::uint64_t;
inline constexpr message_id message_id_max = (message_id{1} << 53) - 1;

enum class message_kind : std::uint8_t {
    hello,        ///< client to hub, first on a connection: who I am, what I resume
    welcome,      ///< hub to client: the session you have
    ready,        ///< client to hub: I have your welcome (rule 4)
    refusal,      ///< hub to client: no session for you, and why
    bye,          ///< either: I close this connection, and why
    request,      ///< asks; answered by `reply` or `error`
    reply,        ///< the last word for a request that was handled
    error,        ///< the last word for a request or delivery that failed
    delivery,     ///< must arrive; answered by `ack` or `error`
    ack,          ///< the last word for a delivery: received, or handled with this value
    notification, ///< fire and forget
    progress,     ///< a word about a running request, before its last one
    cancel,       ///< nobody waits for this id any more (rule 16)
    ping,         ///< are you there; names finished ids (rule 11)
    pong,         ///< here: all that was written before your ping has arrived
};

/// Whether it asks: for an answer, or for an ack.
constexpr bool is_call(message_kind kind) noexcept
{
    return kind == message_kind::request || kind == message_kind::delivery;
}

/// The place of a durable delivery in its sender's outbox (rules 20 to 23).
struct stamp {
    std::uint64_t sequence = 0; ///< 0: the message is not durable
    std::uint64_t settled = 0;  ///< all below this are settled, and nobody will ask for their answers again
    std::uint32_t attempt = 1;  ///< counts the tries that were answered with an error, and this one (rule 15)

    explicit constexpr operator bool() const noexcept { return sequence != 0; }
    friend bool operator==(const stamp&, const stamp&) = default;
};

/// One message, borrowing its bytes from whoever made it: valid until the maker's next call.
struct message {
    message_kind kind = message_kind::notification;
    /// Of every kind but hello … bye; a ping's number for ping and pong; of a notification that goes out on a wire with marks its number in
    /// the session.
    message_id id = 0;
    std::string_view name{}; ///< request, delivery, notification; of error, refusal, bye: the code
    payload_view payload{};  ///< request, reply, delivery, ack, notification, progress; of error: its data
    std::string_view text{}; ///< error, refusal, bye: a sentence for people
    std::string_view key{};  ///< request, delivery: the application's key for "the same thing", or empty
    /// Of a notification that came: what a hello names as the last one seen; empty: it has none.
    std::string_view mark{};
    std::optional<duration> time_left{};    ///< request, delivery: until its deadline; refusal, bye: when to try again
    std::span<const message_id> finished{}; ///< ping: ids whose answers the sender has
    rejoinder::stamp stamp{};               ///< delivery: its place in a durable outbox
};

/// A durable outbox, as its client announces it.
struct outbox_notice {
    std::string name;                     ///< of this outbox among all, for its whole life
    std::string secret;                   ///< proves that it is the one of that name
    std::uint64_t epoch = 0;              ///< raised whenever it is opened
    std::uint64_t next = 1;               ///< the sequence of the message to come
    std::vector<std::uint64_t> unsettled; ///< ascending, below `next`; the others below it are settled
    std::vector<std::uint64_t> sent{};    ///< those of them that some store may have seen

    friend bool operator==(const outbox_notice&, const outbox_notice&) = default;
};

/// A store of durable deliveries, as its hub announces it.
struct store_notice {
    std::string name;          ///< of this store among all
    bool knows_outbox = false; ///< whether it has heard of the hello's outbox before

    friend bool operator==(const store_notice&, const store_notice&) = default;
};

/// What a client says first on every connection.
struct hello {
    int version = 1;               ///< of the protocol
    std::string incarnation;       ///< which memory the client has: made new at each start, never stored (rule 2)
    std::string token;             ///< the secret of the session to resume; empty: a new one
    std::uint64_t attempt = 1;     ///< counts the client's connections within its incarnation (rule 1)
    std::uint32_t capacity = 1024; ///< slots that the client asks for
    duration ping_interval{};      ///< how often the client pings
    duration dead_after{};         ///< how long the client stands silence
    std::string auth;              ///< JSON text for the authenticator; empty: none
    std::string metadata;          ///< JSON text: fields that appear in both sides' logs; empty: none
    std::optional<outbox_notice> outbox{}; ///< the client's durable outbox, if it has one
    std::string mark{};                    ///< of the last notification that came in the session to resume; empty: none
    std::uint64_t seen = 0;                ///< its number, on a wire with marks
};

/// What a hub says when a session is attached.
struct welcome {
    int version = 1;
    std::string session;           ///< the session's public name, for logs
    std::string token;             ///< the secret to resume it with
    bool resumed = false;          ///< whether this is the session whose token the hello carried
    std::uint32_t capacity = 1024; ///< slots of either side, for the session's life (rule 6)
    duration ping_interval{};
    duration dead_after{};
    std::optional<store_notice> store{}; ///< where the hub keeps records of durable deliveries, if it does
};

} // namespace rejoinder::inline v0

#endif
