// The two greetings of the native wire, hello and welcome, as JSON objects.
#ifndef REJOINDER_WIRE_DETAIL_JSON_GREETING_HPP
#define REJOINDER_WIRE_DETAIL_JSON_GREETING_HPP

#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

inline constexpr int json_wire_version = 1;
inline constexpr std::uint64_t greeting_capacity_max = 65536;
inline constexpr std::size_t greeting_name_max = 256; // a hub keeps these for each session
inline constexpr std::size_t unsettled_max = 65536;   // no outbox holds more

// Whole milliseconds, rounded down, never negative: time left that is rounded up would outlive its deadline.
inline std::uint64_t wire_milliseconds(duration length) noexcept
{
    const auto whole = std::chrono::floor<std::chrono::milliseconds>(length).count();
    return whole < 0 ? 0 : static_cast<std::uint64_t>(whole);
}

// A time too long for `duration` is the longest that it holds.
inline duration from_wire_milliseconds(std::uint64_t count) noexcept
{
    constexpr auto longest = std::chrono::floor<std::chrono::milliseconds>(duration::max());
    if (count > static_cast<std::uint64_t>(longest.count())) {
        return longest;
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(count)};
}

inline bool read_milliseconds(json_scanner& text, duration& out) noexcept
{
    std::uint64_t count = 0;
    if (!text.integer(count)) {
        return false;
    }
    out = from_wire_milliseconds(count);
    return true;
}

// Remembers which of an object's known members were read: one that stands twice has no one meaning (RFC 8259 §4).
class member_set {
public:
    // False if it was there already.
    bool add(unsigned member) noexcept
    {
        const bool fresh = (seen_ & (1U << member)) == 0;
        seen_ |= 1U << member;
        return fresh;
    }
    bool has(unsigned member) const noexcept { return (seen_ & (1U << member)) != 0; }

private:
    unsigned seen_ = 0;
};

// Writes an object's members one after another.
class json_object_writer {
public:
    explicit json_object_writer(std::string& out) : out_(out) {}

    void number(std::string_view name, std::uint64_t value)
    {
        begin(name);
        out_.append(decimal{value}.view());
    }
    void string(std::string_view name, std::string_view value)
    {
        begin(name);
        append_json_string(out_, value);
    }
    // A value that is JSON already; empty or null is left out.
    void json(std::string_view name, std::string_view value)
    {
        if (!value.empty() && value != "null") {
            begin(name);
            append_json_text(out_, value);
        }
    }
    void boolean(std::string_view name, bool value)
    {
        begin(name);
        out_.append(value ? "true" : "false");
    }
    // The caller writes the value.
    std::string& raw(std::string_view name)
    {
        begin(name);
        return out_;
    }
    void end() { out_.append(empty_ ? "{}" : "}"); }

private:
    void begin(std::string_view name)
    {
        out_.append(empty_ ? "{\"" : ",\"").append(name).append("\":");
        empty_ = false;
    }

    std::string& out_;
    bool empty_ = true;
};

inline void write_sequences(const std::vector<std::uint64_t>& all, std::string& out)
{
    out.push_back('[');
    for (const auto sequence : all) {
        out.append(decimal{sequence}.view()).push_back(',');
    }
    if (out.back() == ',') {
        out.pop_back();
    }
    out.push_back(']');
}

inline void write_notice(const outbox_notice& notice, std::string& out)
{
    json_object_writer object{out};
    object.string("name", notice.name);
    object.string("secret", notice.secret);
    object.number("epoch", notice.epoch);
    object.number("next", notice.next);
    write_sequences(notice.unsettled, object.raw("unsettled"));
    if (!notice.sent.empty()) {
        write_sequences(notice.sent, object.raw("sent"));
    }
    object.end();
}

inline void write_notice(const store_notice& notice, std::string& out)
{
    json_object_writer object{out};
    object.string("name", notice.name);
    object.boolean("known", notice.knows_outbox);
    object.end();
}

inline void write_greeting(const hello& greeting, std::string& out)
{
    json_object_writer object{out};
    object.number("v", static_cast<std::uint64_t>(greeting.version));
    object.string("incarnation", greeting.incarnation);
    if (!greeting.token.empty()) {
        object.string("token", greeting.token);
    }
    object.number("attempt", greeting.attempt);
    object.number("capacity", greeting.capacity);
    object.number("ping", wire_milliseconds(greeting.ping_interval));
    object.number("dead", wire_milliseconds(greeting.dead_after));
    object.json("auth", greeting.auth);
    object.json("meta", greeting.metadata);
    if (greeting.outbox) {
        write_notice(*greeting.outbox, object.raw("outbox"));
    }
    object.end();
}

inline void write_greeting(const welcome& answer, std::string& out)
{
    json_object_writer object{out};
    object.number("v", static_cast<std::uint64_t>(answer.version));
    object.string("session", answer.session);
    object.string("token", answer.token);
    object.boolean("resumed", answer.resumed);
    object.number("capacity", answer.capacity);
    object.number("ping", wire_milliseconds(answer.ping_interval));
    object.number("dead", wire_milliseconds(answer.dead_after));
    if (answer.store) {
        write_notice(*answer.store, object.raw("store"));
    }
    object.end();
}

// Reads a greeting's members; what to do with each is its caller's.
class greeting_reader {
public:
    explicit greeting_reader(std::string_view object) noexcept : text_(object) {}

    template <class Member>
    bool read(Member member)
    {
        return read_object(text_, name_, member) && text_.finished();
    }

    bool skip() noexcept { return text_.skip_value(); }

    bool name(std::string& out)
    {
        json_string scanned;
        out.clear();
        return text_.string(scanned) && unescape(scanned.raw, out) && out.size() <= greeting_name_max;
    }

    // A value kept as text; null is nothing.
    bool json(std::string& out)
    {
        std::string_view value;
        if (!text_.value(value)) {
            return false;
        }
        out = value == "null" ? std::string_view{} : value;
        return true;
    }

    bool object(std::string& out) { return json(out) && (out.empty() || out.front() == '{'); }

    bool boolean(bool& out)
    {
        std::string_view value;
        if (!text_.value(value) || (value != "true" && value != "false")) {
            return false;
        }
        out = value == "true";
        return true;
    }

    template <class Integer>
    bool number(Integer& out, std::uint64_t min, std::uint64_t max) noexcept
    {
        std::uint64_t value = 0;
        if (!text_.integer(value) || value < min || value > max) {
            return false;
        }
        out = static_cast<Integer>(value);
        return true;
    }

    bool milliseconds(duration& out) noexcept { return read_milliseconds(text_, out); }

    // Sequences, ascending and below `next`.
    bool sequences(std::vector<std::uint64_t>& out)
    {
        if (!text_.take('[')) {
            return false;
        }
        if (text_.take(']')) {
            return true;
        }
        do {
            std::uint64_t sequence = 0;
            if (!text_.integer(sequence) || sequence <= (out.empty() ? 0 : out.back()) || out.size() == unsettled_max) {
                return false;
            }
            out.push_back(sequence);
        } while (text_.take(','));
        return text_.take(']');
    }

    // An object inside, read by a reader of its own.
    template <class Read>
    bool inner(Read read)
    {
        std::string_view value;
        return text_.sees('{') && text_.value(value) && read(value);
    }

private:
    json_scanner text_;
    std::string name_;
};

// The version alone. What else a greeting of another version holds cannot be known here, so it is read first.
inline bool read_version(std::string_view object, int& out)
{
    greeting_reader text{object};
    member_set seen;
    return text.read([&](std::string_view name) {
        return name == "v" ? seen.add(0) && text.number(out, 1, std::numeric_limits<int>::max()) : text.skip();
    }) && seen.has(0);
}

inline bool read_notice(std::string_view object, outbox_notice& out)
{
    greeting_reader text{object};
    member_set seen;
    const bool read = text.read([&](std::string_view name) {
        if (name == "name") {
            return seen.add(0) && text.name(out.name) && !out.name.empty();
        }
        if (name == "secret") {
            return seen.add(1) && text.name(out.secret);
        }
        if (name == "epoch") {
            return seen.add(2) && text.number(out.epoch, 1, json_integer_max);
        }
        if (name == "next") {
            return seen.add(3) && text.number(out.next, 1, json_integer_max);
        }
        if (name == "unsettled") {
            return seen.add(4) && text.sequences(out.unsettled);
        }
        if (name == "sent") {
            return seen.add(5) && text.sequences(out.sent);
        }
        return text.skip();
    });
    const bool whole = seen.has(0) && seen.has(1) && seen.has(2) && seen.has(3);
    return read && whole && (out.unsettled.empty() || out.unsettled.back() < out.next);
}

inline bool read_notice(std::string_view object, store_notice& out)
{
    greeting_reader text{object};
    member_set seen;
    return text.read([&](std::string_view name) {
        if (name == "name") {
            return seen.add(0) && text.name(out.name);
        }
        if (name == "known") {
            return seen.add(1) && text.boolean(out.knows_outbox);
        }
        return text.skip();
    }) && !out.name.empty();
}

inline bool read_greeting(std::string_view object, hello& out)
{
    out = hello{};
    if (!read_version(object, out.version)) {
        return false;
    }
    if (out.version != json_wire_version) {
        return true;
    }
    greeting_reader text{object};
    member_set seen;
    const bool read = text.read([&](std::string_view name) {
        if (name == "incarnation") {
            return seen.add(0) && text.name(out.incarnation);
        }
        if (name == "token") {
            return seen.add(1) && text.name(out.token);
        }
        if (name == "attempt") {
            return seen.add(2) && text.number(out.attempt, 1, json_integer_max);
        }
        if (name == "capacity") {
            return seen.add(3) && text.number(out.capacity, 1, greeting_capacity_max);
        }
        if (name == "ping") {
            return seen.add(4) && text.milliseconds(out.ping_interval);
        }
        if (name == "dead") {
            return seen.add(5) && text.milliseconds(out.dead_after);
        }
        if (name == "auth") {
            return seen.add(6) && text.json(out.auth);
        }
        if (name == "meta") {
            return seen.add(7) && text.object(out.metadata);
        }
        if (name == "outbox") {
            return seen.add(8) &&
                   text.inner([&](std::string_view inside) { return read_notice(inside, out.outbox.emplace()); });
        }
        return text.skip();
    });
    return read && !out.incarnation.empty();
}

inline bool read_greeting(std::string_view object, welcome& out)
{
    out = welcome{};
    if (!read_version(object, out.version)) {
        return false;
    }
    if (out.version != json_wire_version) {
        return true;
    }
    greeting_reader text{object};
    member_set seen;
    const bool read = text.read([&](std::string_view name) {
        if (name == "session") {
            return seen.add(0) && text.name(out.session);
        }
        if (name == "token") {
            return seen.add(1) && text.name(out.token);
        }
        if (name == "resumed") {
            return seen.add(2) && text.boolean(out.resumed);
        }
        if (name == "capacity") {
            return seen.add(3) && text.number(out.capacity, 1, greeting_capacity_max);
        }
        if (name == "ping") {
            return seen.add(4) && text.milliseconds(out.ping_interval);
        }
        if (name == "dead") {
            return seen.add(5) && text.milliseconds(out.dead_after);
        }
        if (name == "store") {
            return seen.add(6) &&
                   text.inner([&](std::string_view inside) { return read_notice(inside, out.store.emplace()); });
        }
        return text.skip();
    });
    return read && seen.has(3);
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
