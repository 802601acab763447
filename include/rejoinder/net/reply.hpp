// What a call completed with: the handler's answer, or what the peer said about an error.
#ifndef REJOINDER_NET_REPLY_HPP
#define REJOINDER_NET_REPLY_HPP

#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

/// What a call completed with. Owns its bytes, in a buffer that is used again: at steady state nothing is allocated.
///
/// What it lends holds until it is moved from, assigned or destroyed. Distinct objects are independent; one that nobody changes serves any
/// thread.
class reply {
public:
    /// Without an answer.
    reply() noexcept = default;

    /// What a session says that a call ended with; `sure` is what is known about the handler if it ended with an error.
    template <class Completion>
    reply(const settled<Completion>& how, rejoinder::certainty sure)
        : reply(how.payload, how.code, how.text, how.error ? sure : certainty::acknowledged)
    {}

    /// Copies what it is given.
    reply(const payload_view& payload, std::string_view code, std::string_view text, rejoinder::certainty sure)
        : code_size_(code.size()), text_size_(text.size()), form_(payload.form), sure_(sure)
    {
        const auto size = payload.bytes.size() + code.size() + text.size();
        if (size > bytes_.capacity()) {
            bytes_ = recycled_strings::take(size);
        }
        bytes_.append(code).append(text).append(payload.bytes);
    }

    reply(const reply& other) : reply(other.payload(), other.code(), other.text(), other.sure_) {}
    reply(reply&& other) noexcept { swap(other); }
    reply& operator=(reply other) noexcept
    {
        swap(other);
        return *this;
    }
    ~reply() { recycled_strings::give(std::move(bytes_)); }

    /// The handler's answer; of an error, its data.
    [[nodiscard]] payload_view payload() const noexcept
    {
        return {std::string_view{bytes_}.substr(code_size_ + text_size_), form_};
    }
    /// Of an error that the peer sent, its name there ("out_of_stock", "no_handler"); else empty.
    [[nodiscard]] std::string_view code() const noexcept { return std::string_view{bytes_}.substr(0, code_size_); }
    /// Of an error that the peer sent, its sentence for people; else empty.
    [[nodiscard]] std::string_view text() const noexcept
    {
        return std::string_view{bytes_}.substr(code_size_, text_size_);
    }
    /// What is known about the handler: exact where the error code cannot say it, as `operation_aborted` of a cancelled call.
    [[nodiscard]] rejoinder::certainty certainty() const noexcept { return sure_; }

    /// Reads the payload into `out`: no error, or `errc::bad_payload`, `out` then being of no use and `where`, unless null, naming the place
    /// that does not fit (`read_payload`). What the type borrows, it borrows of this reply.
    template <class T>
        requires readable_payload<T>
    std::error_code read(T& out, std::string* where = nullptr) const
    {
        // The answer came, so the handler ran; of an error's data it is the error that tells.
        return read_payload(payload(), out, where) ? make_error_code(errc::bad_payload, sure_) : std::error_code{};
    }

    /// The payload as a T. Throws std::system_error with `errc::bad_payload`, its text naming the place that does not fit.
    template <class T>
        requires readable_payload<T>
    [[nodiscard]] T as() const
    {
        T value{};
        std::string where;
        if (const auto bad = read(value, &where)) {
            throw std::system_error(bad, where);
        }
        return value;
    }

    /// The payload as a Boost.JSON value, null if there is none. Throws as `as` does.
    [[nodiscard]] auto json() const { return as<boost::json::value>(); }

    void swap(reply& other) noexcept
    {
        bytes_.swap(other.bytes_);
        std::swap(code_size_, other.code_size_);
        std::swap(text_size_, other.text_size_);
        std::swap(form_, other.form_);
        std::swap(sure_, other.sure_);
    }

private:
    std::string bytes_; // code, text, payload
    std::size_t code_size_ = 0;
    std::size_t text_size_ = 0;
    encoding form_ = encoding::text;
    rejoinder::certainty sure_ = certainty::maybe_executed;
};

// g++ 12 destroys an aggregate that owns memory twice when it stands in braces inside a co_await expression.
static_assert(!std::is_aggregate_v<reply>);

} // namespace rejoinder::inline v0

#endif
