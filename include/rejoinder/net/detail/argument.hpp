// A handler's payload parameter, read and kept for a call or for a coroutine.
#ifndef REJOINDER_NET_DETAIL_ARGUMENT_HPP
#define REJOINDER_NET_DETAIL_ARGUMENT_HPP

#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// For how long an argument is needed: the message's bytes live no longer than the call.
enum class needed : std::uint8_t { in_call, in_run };

template <class T, needed For>
class argument {
public:
    T value{};

    std::error_code read(const payload_view& payload, std::string* where, std::string* why)
    {
        return read_payload(payload, value, where, why);
    }
};

/// None.
template <needed For>
class argument<void, For> {
public:
    std::error_code read(const payload_view&, std::string*, std::string*) noexcept { return {}; }
};

// The two that are text alone live in a recycled string, so that reading them allocates nothing at steady state.

template <needed For>
class argument<std::string, For> {
public:
    std::string value;

    argument() = default;
    argument(argument&&) noexcept = default;
    argument& operator=(argument&&) = delete;
    ~argument() { recycled_strings::give(std::move(value)); }

    std::error_code read(const payload_view& payload, std::string* where, std::string* why)
    {
        value = recycled_strings::take(payload.bytes.size());
        return read_payload(payload, value, where, why);
    }
};

template <needed For>
class argument<json_text, For> {
public:
    json_text value;

    argument() = default;
    argument(argument&&) noexcept = default;
    argument& operator=(argument&&) = delete;
    ~argument() { recycled_strings::give(std::move(value).text()); }

    std::error_code read(const payload_view& payload, std::string* where, std::string* why)
    {
        const std::string_view text = payload.bytes.empty() ? "null" : payload.bytes;
        if (payload.form == encoding::binary || !is_json(text)) {
            return refuse_payload(payload_root, where, why, "JSON is expected");
        }
        auto kept = recycled_strings::take(text.size());
        kept.assign(text);
        value = json_text::unchecked(std::move(kept));
        return {};
    }
};

/// What borrows the message gets a copy of it to borrow.
template <>
class argument<payload_view, needed::in_run> {
public:
    payload_view value;

    argument() = default;
    argument(argument&& other) noexcept : kept_(std::move(other.kept_)) { value = {kept_, other.value.form}; }
    argument& operator=(argument&&) = delete;
    ~argument() { recycled_strings::give(std::move(kept_)); }

    std::error_code read(const payload_view& payload, std::string*, std::string*)
    {
        kept_ = recycled_strings::take(payload.bytes.size());
        kept_.assign(payload.bytes);
        value = {kept_, payload.form};
        return {};
    }

private:
    std::string kept_;
};

} // namespace rejoinder::inline v0::detail

#endif
