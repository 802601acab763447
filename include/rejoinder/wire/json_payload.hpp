// Payloads as C++ values and back, through Boost.JSON.
#ifndef REJOINDER_WIRE_JSON_PAYLOAD_HPP
#define REJOINDER_WIRE_JSON_PAYLOAD_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/bytes.hpp>
#include <rejoinder/wire/detail/json_convert.hpp>
#include <rejoinder/wire/detail/json_document.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>
#include <rejoinder/wire/is_json.hpp>
#include <rejoinder/wire/json_text.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rejoinder::inline v0 {

/// The payload of a message that says all by its name.
using no_payload = std::monostate;

namespace detail {

template <class T, class... Us>
concept one_of = (std::same_as<T, Us> || ...);

template <class T>
concept empty_payload = one_of<T, std::monostate, std::nullptr_t>;

template <class T>
concept binary_source = one_of<T, bytes, std::vector<std::byte>, std::span<const std::byte>, std::span<std::byte>>;

template <class T>
concept binary_sink = one_of<T, bytes, std::vector<std::byte>>;

template <class T>
concept json_document = one_of<T, boost::json::value, boost::json::object, boost::json::array, boost::json::string>;

template <class T>
concept text_source = std::convertible_to<const T&, std::string_view> && !json_document<T>;

} // namespace detail

/// What `write_payload` takes: a type that Boost.JSON writes (`value_from`: a described struct, a `tag_invoke` of its
/// own, containers, numbers), a string, a Boost.JSON value, `json_text`, `payload_view`, `bytes`, or `no_payload`.
template <class T>
concept writable_payload =
    detail::empty_payload<T> || std::same_as<T, payload_view> || std::same_as<T, json_text> ||
    detail::binary_source<T> || detail::text_source<T> || detail::json_document<T> || detail::json_writable<T>;

/// What `read_payload` fills: a type that Boost.JSON reads (`value_to`), a `std::string`, a Boost.JSON value,
/// `json_text`, `payload_view`, `bytes`, or `no_payload`.
template <class T>
concept readable_payload =
    std::same_as<T, std::monostate> || std::same_as<T, payload_view> || std::same_as<T, json_text> ||
    detail::binary_sink<T> || std::same_as<T, std::string> || detail::json_document<T> || detail::json_readable<T>;

/// A type that travels both ways.
template <class T>
concept payload_type = writable_payload<T> && readable_payload<T>;

namespace detail {

inline void append_bytes(std::span<const std::byte> content, std::string& out)
{
    const auto begin = out.size();
    out.resize(begin + content.size());
    if (!content.empty()) {
        std::memcpy(out.data() + begin, content.data(), content.size());
    }
}

template <class T>
void append_converted(const T& value, std::string& out)
{
    std::array<unsigned char, 2048> room;
    boost::json::monotonic_resource memory{room.data(), room.size()};
    const boost::json::value document = boost::json::value_from(value, &memory);
    document_writer{out}.write(document);
}

inline std::error_code refuse_payload(std::string_view reason, std::string* where, std::string* why = nullptr,
                                      std::string_view expected = {})
{
    if (where != nullptr) {
        *where = reason;
    }
    if (why != nullptr) {
        *why = expected;
    }
    return make_error_code(errc::bad_payload);
}

inline std::error_code read_string(std::string_view text, std::string& out, std::string* where, std::string* why)
{
    json_scanner scanner{text};
    json_string scanned;
    out.clear();
    const bool read = scanner.string(scanned) && scanner.finished() && unescape(scanned.raw, out);
    return read ? std::error_code{} : refuse_payload(payload_root, where, why, "a string is expected");
}

inline std::error_code read_bytes(payload_view payload, std::vector<std::byte>& out, std::string* where)
{
    if (payload.form != encoding::binary) {
        return refuse_payload(payload_root, where);
    }
    const auto content = std::as_bytes(std::span{payload.bytes});
    out.assign(content.begin(), content.end());
    return {};
}

} // namespace detail

/// Appends a value as a payload and says in which form.
///
/// `no_payload` and nullptr append nothing; `payload_view`, `json_text` and binary payloads are appended as they are; a
/// string becomes a JSON string, in which bytes that are not UTF-8 become U+FFFD; a number that is infinite or none
/// becomes null. Throws std::length_error for a document deeper than `json_depth_max`, what the value's own conversion
/// throws, and std::bad_alloc; `out` then holds a piece of the payload.
template <class T>
    requires writable_payload<T>
encoding write_payload(const T& value, std::string& out)
{
    if constexpr (detail::empty_payload<T>) {
        return encoding::text;
    } else if constexpr (std::same_as<T, payload_view>) {
        out.append(value.bytes);
        return value.form;
    } else if constexpr (std::same_as<T, json_text>) {
        out.append(value.text());
        return encoding::text;
    } else if constexpr (std::same_as<T, bytes>) {
        detail::append_bytes(value.data, out);
        return encoding::binary;
    } else if constexpr (detail::binary_source<T>) {
        detail::append_bytes(value, out);
        return encoding::binary;
    } else {
        if constexpr (detail::text_source<T>) {
            detail::append_json_string(out, value);
        } else if constexpr (detail::json_document<T>) {
            detail::document_writer{out}.write(value);
        } else {
            detail::append_converted(value, out);
        }
        return encoding::text;
    }
}

/// Reads a payload into `out`: no error, or `errc::bad_payload`, `out` then being of no use.
///
/// `where`, unless null, is then set to the place that does not fit: a JSON pointer from the payload on
/// (`/payload/items/3/price`; RFC 6901), or the offset of text that is not JSON; and
/// `why`, unless null, to what is expected there, for people, if that is known. A described struct's members must all
/// be there, but for those of type std::optional; members that it does not have are ignored. No payload is read as
/// null; inside std::variant and std::tuple the rules of the installed Boost hold. `no_payload` takes any payload and
/// ignores it. A `payload_view` borrows. Depth is bounded by `json_depth_max`. Throws nothing but std::bad_alloc,
/// whatever the conversions of the type throw.
template <class T>
    requires readable_payload<T>
std::error_code read_payload(payload_view payload, T& out, std::string* where, std::string* why = nullptr)
{
    if constexpr (std::same_as<T, std::monostate>) {
        return {};
    } else if constexpr (std::same_as<T, payload_view>) {
        out = payload;
        return {};
    } else if constexpr (std::same_as<T, bytes>) {
        return detail::read_bytes(payload, out.data, where);
    } else if constexpr (std::same_as<T, std::vector<std::byte>>) {
        return detail::read_bytes(payload, out, where);
    } else {
        if (payload.form == encoding::binary) {
            return detail::refuse_payload(detail::payload_root, where, why, "JSON is expected, not bytes");
        }
        const std::string_view text = payload.bytes.empty() ? "null" : payload.bytes;
        if constexpr (std::same_as<T, json_text>) {
            auto checked = json_text::checked(std::string{text});
            if (!checked) {
                return detail::refuse_payload(detail::payload_root, where);
            }
            out = std::move(*checked);
            return {};
        } else if constexpr (std::same_as<T, std::string>) {
            return detail::read_string(text, out, where, why);
        } else {
            return detail::read_json(text, out, where, why);
        }
    }
}

} // namespace rejoinder::inline v0

#endif
