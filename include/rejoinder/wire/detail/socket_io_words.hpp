// The JSON objects that this library puts into Socket.IO packets, and finds there: refusals, errors, and the key of a request.
#ifndef REJOINDER_WIRE_DETAIL_SOCKET_IO_WORDS_HPP
#define REJOINDER_WIRE_DETAIL_SOCKET_IO_WORDS_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// The scratch that strings with escapes in them are read into; what was read borrows from it.
struct socket_io_scratch {
    std::string member;
    std::string code;
    std::string text;
};

// {"code","message","data"}
inline void append_socket_io_error(std::string& out, const message& error)
{
    json_object_writer object{out};
    object.string("code", error.name);
    object.string("message", error.text);
    object.json("data", error.payload.form == encoding::text ? error.payload.bytes : std::string_view{});
    object.end();
}

// {"message","data"}; the data is the program's, or the code, and when to come back.
inline void append_socket_io_refusal(std::string& out, const message& refusal)
{
    json_object_writer object{out};
    object.string("message", refusal.text.empty() ? refusal.name : refusal.text);
    if (!refusal.payload.bytes.empty()) {
        object.json("data", refusal.payload.bytes);
    } else if (!refusal.name.empty()) {
        json_object_writer data{object.raw("data")};
        data.string("code", refusal.name);
        if (refusal.time_left) {
            const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*refusal.time_left).count();
            data.number("retry_after", static_cast<std::uint64_t>(std::max<std::int64_t>(wait, 0)));
        }
        data.end();
    }
    object.end();
}

inline bool read_string(json_scanner& scanner, std::string& scratch, std::string_view& out)
{
    json_string scanned;
    return scanner.string(scanned) && text_of(scanned, scratch, out);
}

// An object with a code, its other members as far as it has them. False: it is something else.
inline bool read_socket_io_error(std::string_view object, socket_io_scratch& scratch, message& error)
{
    json_scanner scanner{object};
    const bool read = scanner.sees('{') && read_object(scanner, scratch.member, [&](std::string_view name) {
                          if (name == "code") {
                              return read_string(scanner, scratch.code, error.name);
                          }
                          if (name == "message") {
                              return read_string(scanner, scratch.text, error.text);
                          }
                          return name == "data" ? scanner.value(error.payload.bytes) : scanner.skip_value();
                      });
    return read && !error.name.empty();
}

// Whether the value of an ack is {"error":{...}} and nothing else; `inside` is that object.
inline bool is_socket_io_error(std::string_view value, std::string& scratch, std::string_view& inside)
{
    if (!value.starts_with('{')) {
        return false;
    }
    json_scanner scanner{value};
    std::size_t members = 0;
    const bool read = read_object(scanner, scratch, [&](std::string_view name) {
        ++members;
        return name == "error" && scanner.value(inside);
    });
    return read && scanner.finished() && members == 1 && inside.starts_with('{');
}

// What a server says that lets nobody in: an object, or, of older ones, a string. What has no code of ours is a refusal by the
// program, and for good.
inline void read_socket_io_refusal(std::string_view data, socket_io_scratch& scratch, message& refusal)
{
    json_scanner scanner{data};
    std::string_view more;
    if (data.starts_with('"')) {
        static_cast<void>(read_string(scanner, scratch.text, refusal.text));
    } else {
        static_cast<void>(read_object(scanner, scratch.member, [&](std::string_view name) {
            if (name == "message" && scanner.sees('"')) {
                return read_string(scanner, scratch.text, refusal.text);
            }
            return name == "data" ? scanner.value(more) : scanner.skip_value();
        }));
    }
    json_scanner inside{more};
    if (more.starts_with('{')) {
        static_cast<void>(read_object(inside, scratch.member, [&](std::string_view name) {
            std::uint64_t wait = 0;
            if (name == "code" && inside.sees('"')) {
                return read_string(inside, scratch.code, refusal.name);
            }
            if (name == "retry_after" && inside.integer(wait)) {
                refusal.time_left = from_wire_milliseconds(wait);
                return true;
            }
            return inside.skip_value();
        }));
    }
    refusal.name = refusal.name.empty() ? name_of(errc::auth_refused) : refusal.name;
    refusal.payload.bytes = more;
}

// The member of the first value, if that is an object: its string's text, or its number's.
inline std::string_view socket_io_key(std::string_view values, std::string_view member, socket_io_scratch& scratch)
{
    if (member.empty() || !values.starts_with('{') || values.find(member) == std::string_view::npos) {
        return {};
    }
    json_scanner scanner{values};
    std::string_view key;
    const bool read = read_object(scanner, scratch.member, [&](std::string_view name) {
        if (name != member) {
            return scanner.skip_value();
        }
        std::string_view text;
        if (scanner.sees('"')) {
            return read_string(scanner, scratch.text, key);
        }
        if (!scanner.value(text)) {
            return false;
        }
        key = is_digit(text[0]) || text[0] == '-' ? text : std::string_view{};
        return true;
    });
    return read ? key : std::string_view{};
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
