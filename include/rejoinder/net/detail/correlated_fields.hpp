// The fields by which a question and its answer are joined: members of structs, or of JSON objects.
#ifndef REJOINDER_NET_DETAIL_CORRELATED_FIELDS_HPP
#define REJOINDER_NET_DETAIL_CORRELATED_FIELDS_HPP

#include <rejoinder/wire/json_payload.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

namespace rejoinder::inline v0::detail {

struct no_field {};

/// The declared field, or the usual one if the type has it, by its pointer or, in JSON, by its name.
template <class C>
constexpr auto request_key_of()
{
    if constexpr (requires { C::request_key; }) {
        return C::request_key;
    } else if constexpr (std::same_as<typename C::request, json>) {
        return std::string_view{"request_id"};
    } else if constexpr (requires { &C::request::request_id; }) {
        return &C::request::request_id;
    } else {
        return no_field{};
    }
}

template <class C>
constexpr auto answer_key_of()
{
    if constexpr (requires { C::answer_key; }) {
        return C::answer_key;
    } else if constexpr (std::same_as<typename C::answer, json>) {
        return std::string_view{"request_id"};
    } else if constexpr (requires { &C::answer::request_id; }) {
        return &C::answer::request_id;
    } else {
        return no_field{};
    }
}

template <class C>
constexpr auto success_of()
{
    if constexpr (requires { C::success; }) {
        return C::success;
    } else if constexpr (std::same_as<typename C::answer, json>) {
        return std::string_view{"success"};
    } else if constexpr (requires { &C::answer::success; }) {
        return &C::answer::success;
    } else {
        return no_field{};
    }
}

template <class C>
constexpr auto error_of()
{
    if constexpr (requires { C::error; }) {
        return C::error;
    } else if constexpr (std::same_as<typename C::answer, json>) {
        return std::string_view{"error"};
    } else if constexpr (requires { &C::answer::error; }) {
        return &C::answer::error;
    } else {
        return no_field{};
    }
}

/// The field of this value; null: its JSON has none.
template <class Value, class Where>
auto* find_field(Value& value, const Where& where)
{
    if constexpr (std::is_member_object_pointer_v<Where>) {
        return &(value.*where);
    } else {
        auto* const object = value.if_object();
        return object == nullptr ? nullptr : object->if_contains(std::string_view{where});
    }
}

/// A string as it is, anything else as JSON.
inline std::string text_of(const json& value)
{
    if (value.is_string()) {
        return std::string{std::string_view{value.get_string()}};
    }
    std::string text;
    write_payload(value, text);
    return text;
}

/// A key as text; empty: it is not set.
inline std::string key_text(const std::string& key)
{
    return key;
}
inline std::string key_text(std::integral auto key)
{
    return key == 0 ? std::string{} : std::to_string(key);
}
inline std::string key_text(const json& key)
{
    return key.is_string() || key.is_number() ? text_of(key) : std::string{};
}

/// What a field of an answer says of an error, for people.
inline std::string error_text(const std::string& said)
{
    return said;
}
inline std::string error_text(const json& said)
{
    return said.is_null() ? std::string{} : text_of(said);
}
template <class Optional>
    requires requires(const Optional& said) {
        { *said } -> std::convertible_to<std::string>;
        said.has_value();
    }
std::string error_text(const Optional& said)
{
    return said.has_value() ? std::string{*said} : std::string{};
}

inline bool says_yes(bool said) noexcept
{
    return said;
}
inline bool says_yes(const json& said) noexcept
{
    return !said.is_bool() || said.get_bool();
}

/// Gives keys that nobody used before: of this object by their number, of all others by chance.
struct key_maker {
    std::string prefix;
    std::uint64_t next = 0; ///< as a number it begins anywhere below 2^52, so that JavaScript can hold it

    void give(std::string& key) { key = prefix + '-' + std::to_string(++next); }
    void give(json& key) { key = prefix + '-' + std::to_string(++next); }
    template <std::integral Number>
    void give(Number& key)
    {
        static_assert(sizeof(Number) == 8, "rejoinder: a key that is a number has 64 bits");
        key = static_cast<Number>(++next);
    }
};

/// What a contract declares of its fields.
template <class C>
struct correlated_fields {
    static constexpr auto request_key = request_key_of<C>();
    static constexpr auto answer_key = answer_key_of<C>();
    static constexpr auto success = success_of<C>();
    static constexpr auto error = error_of<C>();
    static constexpr bool found =
        !std::is_same_v<decltype(request_key), const no_field> && !std::is_same_v<decltype(answer_key), const no_field>;

    using request = typename C::request;
    using answer = typename C::answer;

    /// The key of a question, which gets one if it has none.
    static std::string key_for(request& question, key_maker& maker)
    {
        auto& field = required(question);
        auto key = key_text(field);
        if (key.empty()) {
            maker.give(field);
            key = key_text(field);
        }
        return key;
    }

    /// Empty: it has none.
    static std::string key_of(const answer& said)
    {
        const auto* const field = find_field(said, answer_key);
        return field == nullptr ? std::string{} : key_text(*field);
    }

    static bool succeeded(const answer& said)
    {
        if constexpr (std::is_same_v<decltype(success), const no_field>) {
            return true;
        } else {
            const auto* const field = find_field(said, success);
            return field == nullptr || says_yes(*field);
        }
    }

    static std::string why(const answer& said)
    {
        if constexpr (std::is_same_v<decltype(error), const no_field>) {
            return {};
        } else {
            const auto* const field = find_field(said, error);
            return field == nullptr ? std::string{} : error_text(*field);
        }
    }

private:
    static auto& required(request& question)
    {
        if constexpr (std::same_as<request, json>) {
            if (question.is_null()) {
                question.emplace_object();
            }
            if (!question.is_object()) {
                throw std::invalid_argument("rejoinder: a question with a key among its members is a JSON object");
            }
            return question.get_object()[std::string_view{request_key}];
        } else {
            return question.*request_key;
        }
    }
};

} // namespace rejoinder::inline v0::detail

#endif
