// Socket.IO v5 as a codec: one namespace's conversation.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_SOCKET_IO_CODEC_HPP
#define REJOINDER_WIRE_SOCKET_IO_CODEC_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/foreign_ids.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>
#include <rejoinder/wire/detail/socket_io_recovery.hpp>
#include <rejoinder/wire/detail/socket_io_words.hpp>
#include <rejoinder/wire/socket_io_decoder.hpp>
#include <rejoinder/wire/socket_io_dialect.hpp>
#include <rejoinder/wire/socket_io_encoder.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// The codec of one namespace, on messages of Engine.IO.
///
/// | message | packet |
/// | --- | --- |
/// | hello, welcome | CONNECT: with what the authenticator gets, an object; with the session's name as `sid` |
/// | refusal | CONNECT_ERROR: `{"message":"...","data":...}`; without data of the program's `{"code":"auth_refused"}` |
/// | bye | DISCONNECT, if this side is done with the namespace; a link that is given up ends without it, so that the client comes back |
/// | notification | EVENT |
/// | request, delivery | EVENT with an ack id |
/// | reply, ack | ACK |
/// | error | ACK, as the dialect says; an ACK of that form is read as an error |
///
/// What Socket.IO has no word for is not said: progress, cancel, deadlines, pings. Nor are events whose name Socket.IO keeps for
/// itself. The peer's ack ids hold a slot of the session each, until they are answered; what asks beyond that is answered `busy`
/// with the next packet, and a peer for which as many of those wait has its link closed. A retry is another ack id: by its key it is the
/// same request.
///
/// A server's ids begin elsewhere in each session: a page acks an event in whatever session it is by then, and that is to be the answer to
/// nothing else.
///
/// With `socket_io_recovery::on` a server's welcome has the token as `pid`, and its notifications have their numbers as offsets. A client takes the
/// offsets of its server's events away, and says the last one when it comes back; what the server repeats before it answers is `early`.
///
/// Decoding is strict, and what isn't Socket.IO ends the link. Distinct objects are independent; one object is used from one thread at a
/// time.
class socket_io_codec {
public:
    explicit socket_io_codec(std::string name_space = "/", socket_io_dialect how = {})
        : socket_io_codec(std::move(name_space), std::make_shared<const socket_io_dialect>(std::move(how)))
    {}
    /// Shares the dialect with others.
    socket_io_codec(std::string name_space, std::shared_ptr<const socket_io_dialect> how)
        : name_space_(std::move(name_space)), how_(std::move(how)), decoder_(how_->arguments, how_->limits),
          encoder_(how_->arguments, how_->limits.attachments)
    {}

    capabilities features() const noexcept
    {
        return {.ready = false,
                .lenient = false,
                .deliveries = false,
                .records = false,
                .probe = false,
                .cancel = false,
                .time_left = false,
                .resume = recovers(),
                .marks = recovers(),
                .progress = false,
                .error_codes = how_->errors == socket_io_errors::told};
    }

    /// Appends the packet's text; nothing for what has no packet.
    encoding encode(const message& out, std::string& frame)
    {
        attached_ = false;
        switch (out.kind) {
        case message_kind::notification: notify(frame, out); break;
        case message_kind::request:
        case message_kind::delivery: event(frame, out, out.id + first_id_); break;
        case message_kind::reply:
        case message_kind::ack: answer(frame, out); break;
        case message_kind::error: fail(frame, out); break;
        case message_kind::refusal:
            words_.clear();
            detail::append_socket_io_refusal(words_, out);
            packet(frame, socket_io_type::connect_error, words_);
            break;
        case message_kind::bye:
            if (!left_ && leaves_namespace(close_reason_named(out.name))) {
                packet(frame, socket_io_type::disconnect, {});
            }
            break;
        default: break;
        }
        return encoding::text;
    }

    encoding encode(const hello& greeting, std::string& frame)
    {
        attached_ = false;
        left_ = false;
        is_client_ = true;
        begin(greeting.capacity);
        words_.assign(greeting.auth.empty() || greeting.auth.starts_with('{') ? greeting.auth
                                                                              : R"({"token":)" + greeting.auth + "}");
        back_ = {greeting.token, greeting.mark};
        awaits_ = true;
        if (!greeting.token.empty()) {
            words_ = detail::with_socket_io_return(words_, greeting.token, greeting.mark);
        }
        packet(frame, socket_io_type::connect, words_);
        return encoding::text;
    }

    encoding encode(const welcome& answer, std::string& frame)
    {
        attached_ = false;
        begin(answer.capacity);
        words_.clear();
        detail::json_object_writer object{words_};
        const auto& pid = answer.token.empty() ? back_.pid : answer.token;
        sid_ = pid.empty() ? answer.session : detail::socket_io_sid(pid); // pages tell it each other: never the token
        first_id_ = detail::socket_io_first_id(sid_);
        object.string("sid", sid_);
        if (recovers()) {
            object.string("pid", pid);
        }
        object.end();
        packet(frame, socket_io_type::connect, words_);
        return encoding::text;
    }

    /// The attachments of what was encoded last, and what has to be said beside it.
    std::optional<encoding> encode_rest(std::string& frame)
    {
        std::string_view attachment;
        if (attached_ && encoder_.next(attachment)) {
            frame.append(attachment);
            return encoding::binary;
        }
        attached_ = false;
        if (turned_away_.empty()) {
            return std::nullopt;
        }
        message busy;
        busy.name = name_of(errc::busy);
        append_error(frame, busy, turned_away_.back());
        turned_away_.pop_back();
        return encoding::text;
    }

    /// Nothing borrows from the last message any more.
    void let_go() noexcept { decoder_.let_go(); }

    decoded decode(const frame_view& frame, message& in)
    {
        in = {};
        socket_io_packet came;
        payload_view payload;
        const auto how = decoder_.decode(frame, came, payload, [this](socket_io_packet& text) { look(text); });
        if (how != decoded::message) {
            return how;
        }
        if (came.name_space != name_space_) {
            return decoded::bad;
        }
        in.payload = payload;
        switch (came.type) {
        case socket_io_type::connect:
            in.kind = is_client_ ? message_kind::welcome : message_kind::hello;
            in.payload.bytes = came.data;
            return decoded::message;
        case socket_io_type::disconnect:
            left_ = true;
            in.kind = message_kind::bye;
            in.name = name_of(close_reason::normal);
            return decoded::message;
        case socket_io_type::event: return asked(came, in);
        case socket_io_type::ack: return answered(came, in);
        case socket_io_type::connect_error: break;
        }
        if (!is_client_) {
            return decoded::bad;
        }
        in.kind = message_kind::refusal;
        detail::read_socket_io_refusal(came.data, scratch_, in);
        return decoded::message;
    }

    /// What a CONNECT says: a new client, or, with recovery, one that comes back. What it has seen of another session, or in no session, is
    /// nothing; what nobody can have seen is `2^64−1`.
    bool decode(const message& in, hello& greeting)
    {
        greeting = {};
        greeting.capacity = detail::greeting_capacity_max;
        greeting.auth = in.payload.bytes;
        if (recovers() && detail::take_socket_io_return(in.payload.bytes, scratch_.member, back_, words_)) {
            greeting.token = back_.pid;
            greeting.auth = words_;
            if (back_.offset) {
                constexpr auto unknown = ~std::uint64_t{0};
                greeting.seen =
                    detail::read_socket_io_offset(*back_.offset, detail::socket_io_sid(back_.pid)).value_or(unknown);
            }
        }
        return true;
    }

    bool decode(const message& in, welcome& answer)
    {
        answer = {};
        answer.capacity = capacity_;
        detail::json_scanner scanner{in.payload.bytes};
        std::string_view sid;
        std::string_view pid;
        std::string scratch;
        const bool read = detail::read_object(scanner, scratch_.member, [&](std::string_view name) {
            if (name == "pid" && scanner.sees('"')) {
                return detail::read_string(scanner, scratch, pid);
            }
            return name == "sid" ? detail::read_string(scanner, scratch_.text, sid) : scanner.skip_value();
        });
        answer.session = sid;
        answer.token = pid;
        answer.resumed = !pid.empty() && pid == back_.pid;
        offered_ = !pid.empty();
        offsets_.begin(sid, answer.resumed && back_.offset ? *back_.offset : std::string{});
        awaits_ = false;
        return read && !sid.empty();
    }

    /// Whether this frame is to be decoded when the welcome is there: what a server repeats comes before its answer.
    [[nodiscard]] bool is_early(const frame_view& frame) const noexcept
    {
        const bool answers =
            frame.form == encoding::text && (frame.bytes.starts_with('0') || frame.bytes.starts_with('4'));
        return awaits_ && !back_.pid.empty() && !answers;
    }

    /// Whether a link that closes for this reason leaves the namespace alone, with a word; else its transport ends.
    [[nodiscard]] static constexpr bool leaves_namespace(close_reason why) noexcept
    {
        return why == close_reason::normal || why == close_reason::replaced;
    }

private:
    static constexpr std::size_t key_max = 256;

    void begin(std::uint32_t capacity)
    {
        capacity_ = capacity;
        foreign_.restart(capacity);
        turned_away_.clear();
    }

    // As a server.
    [[nodiscard]] bool recovers() const noexcept { return how_->recovery == socket_io_recovery::on && !is_client_; }

    // Writing

    void packet(std::string& frame, socket_io_type type, std::string_view data) const
    {
        socket_io_packet out;
        out.type = type;
        out.name_space = name_space_;
        out.data = data;
        append_socket_io_packet(frame, out);
    }

    void notify(std::string& frame, const message& out)
    {
        words_.clear();
        if (recovers()) {
            detail::append_socket_io_offset(words_, sid_, out.id);
        }
        event(frame, out, std::nullopt, words_);
    }

    void event(std::string& frame, const message& out, std::optional<std::uint64_t> id, std::string_view more = {})
    {
        if (is_reserved_in_socket_io(out.name)) {
            return;
        }
        socket_io_packet said;
        said.name_space = name_space_;
        said.id = id;
        said.name = out.name;
        attached_ = true;
        encoder_.encode(said, out.payload, frame, more);
    }

    void answer(std::string& frame, const message& out)
    {
        if (const auto id = peers_id(out.id)) {
            socket_io_packet said;
            said.type = socket_io_type::ack;
            said.name_space = name_space_;
            said.id = id;
            attached_ = true;
            encoder_.encode(said, out.payload, frame);
            foreign_.close(out.id);
        }
    }

    void fail(std::string& frame, const message& out)
    {
        if (const auto id = peers_id(out.id)) {
            append_error(frame, out, *id);
            foreign_.close(out.id);
        }
    }

    void append_error(std::string& frame, const message& out, std::uint64_t id)
    {
        if (how_->errors == socket_io_errors::silent) {
            return;
        }
        words_.assign(R"({"error":)");
        detail::append_socket_io_error(words_, out);
        words_.push_back('}');
        socket_io_packet said;
        said.type = socket_io_type::ack;
        said.name_space = name_space_;
        said.id = id;
        said.data = words_;
        append_socket_io_packet(frame, said);
    }

    // The peer's id of a request that waits for its last word.
    [[nodiscard]] std::optional<std::uint64_t> peers_id(message_id of) const noexcept
    {
        const auto text = foreign_.find(of);
        if (text.empty()) {
            return std::nullopt;
        }
        std::uint64_t id = 0;
        for (const char digit : text) {
            id = id * 10 + static_cast<std::uint64_t>(digit - '0');
        }
        return id;
    }

    // Reading

    void look(socket_io_packet& came)
    {
        mark_ = {};
        if (offered_ && came.type == socket_io_type::event && !came.id) {
            mark_ = offsets_.take(came);
        }
    }

    decoded asked(const socket_io_packet& came, message& in)
    {
        in.name = came.name;
        in.kind = message_kind::notification;
        if (!came.id) {
            in.mark = mark_;
            return decoded::message;
        }
        const auto number = foreign_.open(detail::decimal{*came.id}.view());
        if (!number) {
            return turn_away(*came.id);
        }
        in.kind = message_kind::request;
        in.id = *number;
        in.key = key_of(came);
        return decoded::message;
    }

    decoded turn_away(std::uint64_t id)
    {
        if (how_->errors == socket_io_errors::silent) {
            return decoded::incomplete; // nobody is told anything
        }
        if (turned_away_.size() >= capacity_) {
            return decoded::bad;
        }
        turned_away_.push_back(id);
        return decoded::incomplete;
    }

    // Of the event's name and what the peer says, as one id may well be that of several different events.
    std::string_view key_of(const socket_io_packet& came)
    {
        if (std::find(how_->unkeyed.begin(), how_->unkeyed.end(), came.name) != how_->unkeyed.end()) {
            return {};
        }
        std::string made;
        std::string_view said;
        if (how_->key) {
            made = how_->key(came.name, came.data);
            said = made;
        } else {
            said = detail::socket_io_key(came.data, how_->key_member, scratch_);
        }
        if (said.empty() || said.size() > key_max) {
            return {};
        }
        key_.assign(came.name).append("/").append(said);
        return key_;
    }

    decoded answered(const socket_io_packet& came, message& in)
    {
        in.kind = message_kind::reply;
        in.id = *came.id - first_id_; // that of another session becomes none of this one's
        std::string_view inside;
        if (how_->errors == socket_io_errors::silent || came.arguments != 1 ||
            !detail::is_socket_io_error(came.data, scratch_.member, inside)) {
            return decoded::message;
        }
        message error;
        error.id = in.id;
        error.kind = message_kind::error;
        if (detail::read_socket_io_error(inside, scratch_, error)) {
            in = error;
        }
        return decoded::message;
    }

    std::string name_space_;
    std::shared_ptr<const socket_io_dialect> how_;
    socket_io_decoder decoder_;
    socket_io_encoder encoder_;
    std::uint32_t capacity_ = 1024;
    detail::foreign_ids foreign_{1024};
    std::vector<std::uint64_t> turned_away_; // the ids of events for which there was no slot
    detail::socket_io_scratch scratch_;
    std::string words_; // of what is written
    std::string key_;
    std::string sid_;                   // a server's
    std::uint64_t first_id_ = 0;        // what a server's ids begin with on the wire
    detail::socket_io_return back_;     // what the CONNECT said
    detail::socket_io_offsets offsets_; // a client's, of its server
    std::string_view mark_;             // of the event that is being read
    bool offered_ = false;              // the server of this client recovers
    bool awaits_ = false;               // the CONNECT of this client is not answered yet
    bool is_client_ = false;
    bool attached_ = false; // attachments of what was encoded last are to come
    bool left_ = false;     // the peer said so
};

} // namespace rejoinder::inline v0

#endif
