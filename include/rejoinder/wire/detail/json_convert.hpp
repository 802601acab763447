// JSON text into C++ values through Boost.JSON, with the path of what does not fit.
#ifndef REJOINDER_WIRE_DETAIL_JSON_CONVERT_HPP
#define REJOINDER_WIRE_DETAIL_JSON_CONVERT_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_skip.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <boost/describe/members.hpp>
#include <boost/json/conversion.hpp>
#include <boost/json/error.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/string_view.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <boost/mp11/algorithm.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

namespace detail {

inline constexpr std::string_view payload_root = "/payload";

// Structs, sequences, maps and optionals are walked here and not by Boost.JSON, for three reasons: the path of what
// fails; one behaviour with every Boost (1.81 refuses unknown members of a struct and absent optional ones, later ones
// do not); no exception. A type's own conversion comes before all of that.
template <class T>
concept converted_by_user = requires(const boost::json::value& from) {
    tag_invoke(boost::json::value_to_tag<T>{}, from);
} || requires(const boost::json::value& from) { tag_invoke(boost::json::try_value_to_tag<T>{}, from); };

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept walked_optional = is_optional<T>;

template <class T>
concept walked_struct =
    boost::json::is_described_class<T>::value && std::default_initializable<T> && !converted_by_user<T>;

template <class T>
concept walked_map =
    boost::json::is_map_like<T>::value && !boost::json::is_described_class<T>::value && !converted_by_user<T> &&
    !std::same_as<T, boost::json::object> && std::constructible_from<typename T::key_type, std::string> &&
    std::default_initializable<typename T::mapped_type> &&
    requires(T& map, typename T::key_type key, typename T::mapped_type element) {
        map.clear();
        map.emplace(std::move(key), std::move(element));
    };

template <class T>
concept walked_sequence =
    boost::json::is_sequence_like<T>::value && !boost::json::is_map_like<T>::value &&
    !boost::json::is_string_like<T>::value && !boost::json::is_described_class<T>::value && !converted_by_user<T> &&
    !std::same_as<T, boost::json::array> && std::default_initializable<typename T::value_type> &&
    requires(T& sequence, typename T::value_type element) {
        sequence.clear();
        sequence.push_back(std::move(element));
    };

template <class T>
using described_members =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T, class D>
using described_member_type = std::remove_cvref<decltype(std::declval<T&>().*D::pointer)>::type;

// Boost.JSON's own traits look at a container or a struct and not into it: what lies inside fails only deep in its
// templates. These look all the way down, so that a type that does not fit is refused in one line.
template <class T, template <class> class Leaf>
constexpr bool convertible_throughout()
{
    if constexpr (walked_optional<T> || walked_sequence<T>) {
        return convertible_throughout<typename T::value_type, Leaf>();
    } else if constexpr (walked_map<T>) {
        return convertible_throughout<typename T::mapped_type, Leaf>();
    } else if constexpr (walked_struct<T>) {
        return []<class... Ds>(boost::mp11::mp_list<Ds...>) {
            return (convertible_throughout<described_member_type<T, Ds>, Leaf>() && ...);
        }(boost::mp11::mp_rename<described_members<T>, boost::mp11::mp_list>{});
    } else {
        return Leaf<T>::value;
    }
}

// What only refers to characters or elements has nobody to own what it would be read into; Boost.JSON's trait takes it.
template <class T>
inline constexpr bool borrows = std::is_pointer_v<T> || std::is_array_v<T> || std::ranges::enable_borrowed_range<T> ||
                                std::same_as<T, boost::json::string_view>;

template <class T>
struct is_readable_leaf : std::bool_constant<!borrows<T> && boost::json::has_value_to<T>::value> {};

template <class T>
concept json_writable = convertible_throughout<T, boost::json::has_value_from>();

template <class T>
concept json_readable = std::default_initializable<T> && convertible_throughout<T, is_readable_leaf>();

// A copy of a Boost.JSON value shares its source's memory, so only what is known to keep no such copy is read from a
// document in memory that ends with the call.
template <class T>
struct holds_no_json
    : std::bool_constant<std::is_arithmetic_v<T> || std::is_enum_v<T> || std::same_as<T, std::string>> {};

// One step from the payload to where the walk is. The steps lie on the stack and are read only when something fails.
struct path_step {
    const path_step* up = nullptr;
    std::string_view name{};
    std::size_t index = 0;
    bool is_index = false;
};

// RFC 6901 §3: `~` and `/` in names are written `~0` and `~1`.
inline void append_path(const path_step& step, std::string& out)
{
    if (step.up == nullptr) {
        out.append(payload_root);
        return;
    }
    append_path(*step.up, out);
    out.push_back('/');
    if (step.is_index) {
        out.append(decimal{step.index}.view());
        return;
    }
    for (const char c : step.name) {
        if (c == '~' || c == '/') {
            out.append(c == '~' ? "~0" : "~1");
        } else {
            out.push_back(c);
        }
    }
}

// What JSON is, in words for people.
inline std::string_view words_for(const boost::json::value& of) noexcept
{
    switch (of.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "true or false";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
    default: return "a number";
    }
}

// What a T is read from; empty: its own conversion knows.
template <class T>
constexpr std::string_view words_for() noexcept
{
    if constexpr (std::same_as<T, bool>) {
        return "true or false";
    } else if constexpr (std::is_arithmetic_v<T>) {
        return "a number";
    } else if constexpr (std::same_as<T, std::string> || std::same_as<T, boost::json::string>) {
        return "a string";
    } else if constexpr (std::same_as<T, boost::json::array>) {
        return "an array";
    } else if constexpr (std::same_as<T, boost::json::object>) {
        return "an object";
    } else {
        return {};
    }
}

class payload_walk {
public:
    payload_walk(std::string* where, std::string* why) noexcept : where_(where), why_(why) {}

    template <class T>
    bool read(const boost::json::value& from, T& out, const path_step& here)
    {
        if constexpr (walked_optional<T>) {
            return from.is_null() ? (out.reset(), true) : read(from, out.emplace(), here);
        } else if constexpr (walked_struct<T>) {
            return read_struct(from, out, here);
        } else if constexpr (walked_map<T>) {
            return read_map(from, out, here);
        } else if constexpr (walked_sequence<T>) {
            return read_sequence(from, out, here);
        } else {
            auto result = boost::json::try_value_to<T>(from);
            if (result.has_error()) {
                return fail(here, words_for<T>(), &from);
            }
            out = std::move(*result);
            return true;
        }
    }

private:
    // `from`: what is there; null: nothing is.
    bool fail(const path_step& here, std::string_view expected, const boost::json::value* from)
    {
        if (where_ != nullptr) {
            where_->clear();
            append_path(here, *where_);
        }
        if (why_ != nullptr && from == nullptr) {
            why_->assign("it is missing");
        } else if (why_ != nullptr && !expected.empty()) {
            const bool other_number = words_for(*from) == expected; // too large, or a fraction
            why_->assign(expected).append(other_number ? " of another kind or size" : "").append(" is expected");
            why_->append(other_number ? "" : ", not ").append(other_number ? "" : words_for(*from));
        }
        return false;
    }

    template <class T>
    bool read_struct(const boost::json::value& from, T& out, const path_step& here)
    {
        const auto* const object = from.if_object();
        if (object == nullptr) {
            return fail(here, "an object", &from);
        }
        bool good = true;
        boost::mp11::mp_for_each<described_members<T>>([&](auto member) {
            good = good && read_member(*object, out.*member.pointer, {.up = &here, .name = member.name});
        });
        return good;
    }

    template <class T>
    bool read_member(const boost::json::object& object, T& out, const path_step& here)
    {
        const auto* const found = object.if_contains({here.name.data(), here.name.size()});
        if (found != nullptr) {
            return read(*found, out, here);
        }
        if constexpr (walked_optional<T>) {
            out.reset();
            return true;
        } else {
            return fail(here, {}, nullptr);
        }
    }

    template <class T>
    bool read_map(const boost::json::value& from, T& out, const path_step& here)
    {
        const auto* const object = from.if_object();
        if (object == nullptr) {
            return fail(here, "an object", &from);
        }
        out.clear();
        for (const auto& member : *object) {
            const std::string_view name{member.key().data(), member.key().size()};
            typename T::mapped_type element{};
            if (!read(member.value(), element, {.up = &here, .name = name})) {
                return false;
            }
            out.emplace(typename T::key_type(std::string{name}), std::move(element));
        }
        return true;
    }

    template <class T>
    bool read_sequence(const boost::json::value& from, T& out, const path_step& here)
    {
        const auto* const array = from.if_array();
        if (array == nullptr) {
            return fail(here, "an array", &from);
        }
        out.clear();
        std::size_t index = 0;
        for (const auto& from_element : *array) {
            typename T::value_type element{};
            if (!read(from_element, element, {.up = &here, .index = index++, .is_index = true})) {
                return false;
            }
            out.push_back(std::move(element));
        }
        return true;
    }

    std::string* where_;
    std::string* why_;
};

// Parses into `memory`; nothing if the text is not JSON, `where` then naming the offset.
inline std::optional<boost::json::value> parse_json(std::string_view text, boost::json::storage_ptr memory,
                                                    std::string* where)
{
    std::array<unsigned char, 1024> room;
    boost::json::parse_options options;
    options.max_depth = json_scan_depth_max;
    boost::json::parser parser{{}, options, room.data(), room.size()};
    parser.reset(std::move(memory));
    boost::json::error_code failure;
    const auto read = parser.write_some(text.data(), text.size(), failure);
    const bool space_follows = !failure && text.find_first_not_of(" \t\r\n", read) == std::string_view::npos;
    if (!failure && space_follows) {
        return parser.release();
    }
    if (where != nullptr) {
        where->assign(payload_root).append(" at offset ").append(decimal{read}.view());
    }
    return std::nullopt;
}

template <class T>
std::error_code read_json(std::string_view text, T& out, std::string* where, std::string* why)
{
    std::array<unsigned char, 4096> room;
    boost::json::monotonic_resource memory{room.data(), room.size()};
    boost::json::storage_ptr storage;
    if constexpr (convertible_throughout<T, holds_no_json>()) {
        storage = &memory;
    }
    auto document = parse_json(text, std::move(storage), where);
    if (!document) {
        return make_error_code(errc::bad_payload);
    }
    if constexpr (std::same_as<T, boost::json::value>) {
        out = std::move(*document);
        return {};
    } else {
        const path_step root{};
        return payload_walk{where, why}.read(*document, out, root) ? std::error_code{}
                                                                   : make_error_code(errc::bad_payload);
    }
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
