// What an asker is told of the exception that a handler threw.
#ifndef REJOINDER_NET_DETAIL_HANDLER_FAILURE_HPP
#define REJOINDER_NET_DETAIL_HANDLER_FAILURE_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/net/detail/handler_run.hpp>
#include <rejoinder/net/failure.hpp>

#include <asio/error.hpp>

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0::detail {

// A text for people. More of it is nothing that a person reads, and it is kept for repeats.
inline constexpr std::size_t told_text_max = 1024;

/// At most `told_text_max` bytes of a text, never half a character of UTF-8.
constexpr std::string_view told_text(std::string_view text) noexcept
{
    if (text.size() <= told_text_max) {
        return text;
    }
    auto size = told_text_max;
    while (size != 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) {
        --size;
    }
    return text.substr(0, size);
}

/// Ends a run with the exception that is being handled. Precondition: inside a catch clause.
template <class Way>
void fail_with_current_exception(const Way& way)
{
    try {
        throw;
    } catch (const failure& said) {
        const std::string_view code =
            said.code().empty() ? name_of(errc::handler_error) : std::string_view{said.code()};
        way.finish({said.data(), code, told_text(said.what())});
    } catch (const std::system_error& thrown) {
        // A run that is stopped is told so by its operations, and says it on: no fault of the handler.
        const bool gave_up = way.stopped() && thrown.code() == asio::error::operation_aborted;
        fail_with(way, gave_up ? errc::cancelled : errc::handler_error, told_text(thrown.what()));
    } catch (const std::exception& thrown) {
        fail_with(way, errc::handler_error, told_text(thrown.what()));
    } catch (...) {
        fail_with(way, errc::handler_error, "the handler threw something that is no std::exception");
    }
}

/// Ends a run whose payload is not what the handler takes; `where` says where, `why`, unless empty, what is expected there.
template <class Way>
void fail_unread(const Way& way, std::string_view where, std::string_view why)
{
    const auto text = std::string{told_text(where)}.append(" does not fit").append(why.empty() ? "" : ": ").append(why);
    fail_with(way, errc::bad_payload, text);
}

} // namespace rejoinder::inline v0::detail

#endif
