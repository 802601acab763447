// What connection state recovery adds to Socket.IO packets: `pid` and `offset` in a CONNECT, and an offset behind an event's arguments.
#ifndef REJOINDER_WIRE_DETAIL_SOCKET_IO_RECOVERY_HPP
#define REJOINDER_WIRE_DETAIL_SOCKET_IO_RECOVERY_HPP

#include <rejoinder/core/digest.hpp>
#include <rejoinder/wire/detail/json_greeting.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

inline constexpr std::size_t socket_io_tag_size = 8;

// The public name of the session that this secret resumes: the same whenever it is resumed, and nothing that would lead to the secret.
inline std::string socket_io_sid(std::string_view pid)
{
    constexpr char digits[] = "0123456789abcdef";
    const auto hash = digest_of(std::string{"sid:"}.append(pid));
    std::string sid;
    for (std::size_t i = 0; i != 10; ++i) {
        sid.push_back(digits[hash[i] >> 4]);
        sid.push_back(digits[hash[i] & 0xF]);
    }
    return sid;
}

inline bool is_hex(std::string_view text, std::size_t size) noexcept
{
    return text.size() == size && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// What the ack ids of this session begin with: 40 bits, as far from those of another one, and what JavaScript counts to is far above.
inline std::uint64_t socket_io_first_id(std::string_view sid) noexcept
{
    constexpr std::size_t digits = 10;
    std::uint64_t first = 0;
    const auto tail = sid.substr(sid.size() - std::min(sid.size(), digits));
    std::from_chars(tail.data(), tail.data() + tail.size(), first, 16);
    return tail.size() == digits ? first : 0;
}

// Offsets of this library: the beginning of the session's name, a hyphen, and the number of the notification. The name, because a client goes on
// to send the last offset that it saw, though that was in another session.
inline void append_socket_io_offset(std::string& out, std::string_view sid, std::uint64_t number)
{
    out.append("\"").append(sid.substr(0, socket_io_tag_size)).append("-").append(decimal{number}.view()).append("\"");
}

// The number in an offset; 0 in one of another session; nothing: it is none of ours.
inline std::optional<std::uint64_t> read_socket_io_offset(std::string_view offset, std::string_view sid) noexcept
{
    std::uint64_t number = 0;
    const auto hyphen = std::min(offset.find('-'), offset.size());
    const auto tag = offset.substr(0, hyphen);
    const auto digits = offset.substr(std::min(hyphen + 1, offset.size()));
    const auto* const end = digits.data() + digits.size();
    const auto [behind, error] = std::from_chars(digits.data(), end, number);
    if (!is_hex(tag, socket_io_tag_size) || digits.empty() || error != std::errc{} || behind != end) {
        return std::nullopt;
    }
    return tag == sid.substr(0, socket_io_tag_size) ? number : 0;
}

// What a CONNECT says of an earlier session.
struct socket_io_return {
    std::string pid;
    std::optional<std::string> offset{}; // a client that has seen no event has none
};

// Takes that out of the auth; what remains of it is the program's. A `pid` that is no token of this library is the program's own. False: there
// is none.
inline bool take_socket_io_return(std::string_view auth, std::string& scratch, socket_io_return& out, std::string& rest)
{
    constexpr std::size_t token_size = 40;
    out = {};
    rest.clear();
    json_scanner scanner{auth};
    std::string_view text;
    std::string_view offset;
    const auto string = [&](std::string_view value, std::string_view& into) {
        if (value.size() < 2 || value.front() != '"' || value.find('\\') != std::string_view::npos) {
            return false;
        }
        into = value.substr(1, value.size() - 2);
        return true;
    };
    const bool read = auth.starts_with('{') && read_object(scanner, scratch, [&](std::string_view name) {
                          std::string_view value;
                          if (!scanner.value(value)) {
                              return false;
                          }
                          if (name == "pid" && string(value, text) && is_hex(text, token_size)) {
                              out.pid = text;
                          } else if (name == "offset") {
                              out.offset.emplace(string(value, offset) ? offset : std::string_view{});
                          } else {
                              append_json_string(rest.append(rest.empty() ? "{" : ","), name);
                              rest.append(":").append(value);
                          }
                          return true;
                      });
    rest.append(rest.empty() ? "" : "}");
    return read && !out.pid.empty();
}

// The auth of a client that comes back: an object, or empty.
inline std::string with_socket_io_return(std::string_view auth, std::string_view pid, std::string_view offset)
{
    std::string all;
    json_object_writer object{all};
    object.string("pid", pid);
    if (!offset.empty()) {
        object.string("offset", offset);
    }
    json_scanner scanner{auth};
    const bool more = scanner.take('{') && !scanner.take('}');
    if (more) {
        all.append(",").append(auth.substr(auth.find('{') + 1));
    } else {
        object.end();
    }
    return all;
}

// Tells the offsets that a server puts behind the arguments of its events from arguments that are strings, which its volatile events may end
// with. It knows them by their form, and by that they only ever rise.
class socket_io_offsets {
public:
    // The session's name, and the last offset that was seen in it.
    void begin(std::string_view sid, std::string_view last)
    {
        sid_ = sid;
        last_ = last;
    }

    // Takes the offset out of the event, and returns it; empty: it has none.
    std::string_view take(socket_io_packet& event)
    {
        std::string_view last;
        std::string_view before = event.data.substr(0, 0);
        json_scanner values{event.data};
        for (std::size_t i = 0; i != event.arguments; ++i) {
            const auto* const end = last.data() + last.size();
            before = i == 0 ? before : event.data.substr(0, static_cast<std::size_t>(end - event.data.data()));
            if ((i != 0 && !values.take(',')) || !values.value(last)) {
                return {};
            }
        }
        if (last.size() < 3 || last.front() != '"' || !is_next(last.substr(1, last.size() - 2))) {
            return {};
        }
        last_.assign(last.substr(1, last.size() - 2));
        event.data = before;
        --event.arguments;
        return last.substr(1, last.size() - 2);
    }

private:
    static constexpr std::string_view letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    static constexpr std::size_t time_size = 7; // letters of a time in milliseconds: until 2109

    enum class form : std::uint8_t { none, ours, time, entry, object };

    [[nodiscard]] form form_of(std::string_view text) const noexcept
    {
        if (read_socket_io_offset(text, sid_) &&
            text.substr(0, socket_io_tag_size) == sid_.substr(0, socket_io_tag_size)) {
            return form::ours;
        }
        if (is_hex(text, 24)) {
            return form::object;
        }
        const auto hyphen = text.find('-');
        const bool entry = hyphen > 9 && hyphen < text.size() - 1 && text.size() < 40 &&
                           text.find_first_not_of("0123456789-") == std::string_view::npos;
        if (entry) {
            return form::entry;
        }
        const auto head = text.substr(0, time_size);
        const bool time = head.size() == time_size && head.front() >= 'P' && head.front() <= 'Z' && text.size() < 20 &&
                          head.find_first_not_of(letters) == std::string_view::npos &&
                          (text.size() == time_size || text[time_size] == '.');
        return time ? form::time : form::none;
    }

    static std::uint64_t time_of(std::string_view text) noexcept
    {
        std::uint64_t time = 0;
        for (const char letter : text.substr(0, time_size)) {
            time = time * letters.size() + letters.find(letter);
        }
        return time;
    }

    [[nodiscard]] bool is_next(std::string_view text) const noexcept
    {
        constexpr std::uint64_t month = std::uint64_t{31} * 24 * 60 * 60 * 1000;
        const auto how = form_of(text);
        if (how == form::none || last_.empty()) {
            return how != form::none;
        }
        if (how != form_of(last_)) {
            return false;
        }
        if (how == form::ours) {
            return *read_socket_io_offset(text, sid_) >=
                   *read_socket_io_offset(last_, sid_); // what is said once has that of what came before it
        }
        return how != form::time || (time_of(text) >= time_of(last_) && time_of(text) - time_of(last_) < month);
    }

    std::string sid_;
    std::string last_;
};

} // namespace detail

} // namespace rejoinder::inline v0

#endif
