// Events into an spdlog logger. Needs spdlog: the target rejoinder::spdlog.
#ifndef REJOINDER_SINK_SPDLOG_HPP
#define REJOINDER_SINK_SPDLOG_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/event.hpp>

#include <spdlog/logger.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// An event sink that logs each event, its fields as `name=value` behind its name; values with blanks, quotes or control characters stand in
/// quotes, escaped. An event whose level the logger does not take costs a comparison.
///
/// Levels: `err` for what failed (a clean-up, a handler, the authenticator), `warn` for what a person may want to look at (timeouts, failed
/// attempts, bad messages, connections lost by network or fault), `info` for the rest. Distinct sinks are independent; one is used from one
/// thread at a time, the logger as spdlog says.
class spdlog_sink {
public:
    /// Precondition: there is a logger.
    explicit spdlog_sink(std::shared_ptr<spdlog::logger> to) : to_(std::move(to)) {}

    /// The level that an event is logged at.
    [[nodiscard]] static spdlog::level::level_enum level_of(const event& happened) noexcept
    {
        const auto name = happened.name;
        if (name == "registry_cleanup_error" || name == "handler_failed" || name == "authenticator_failed") {
            return spdlog::level::err;
        }
        const bool rough = happened.kind == "network" || happened.kind == "fault" || happened.kind == "local";
        const bool odd = name == "request_timeout" || name == "delivery_expired" || name == "bad_message" ||
                         name == "no_handler" || name == "attempt_failed" || name == "connect_failed" ||
                         name == "registry_cleanup_overdue";
        return odd || (name == "ws_disconnect" && rough) ? spdlog::level::warn : spdlog::level::info;
    }

    void operator()(const event& happened)
    {
        const auto level = level_of(happened);
        if (!to_->should_log(level)) {
            return;
        }
        line_.assign(happened.name);
        add("who", happened.who);
        add("session", happened.session);
        add("connection", happened.connection);
        add("attempt", happened.attempt);
        add("code", happened.code);
        add("reason", happened.reason);
        add("kind", happened.kind);
        if (happened.took > duration::zero()) {
            line_.append(" took=").append(
                std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(happened.took).count()));
            line_.append("us");
        }
        add("text", happened.text);
        to_->log(level, spdlog::string_view_t{line_.data(), line_.size()});
    }

private:
    void add(std::string_view name, std::uint64_t value)
    {
        if (value != 0) {
            line_.append(1, ' ').append(name).append(1, '=').append(std::to_string(value));
        }
    }

    void add(std::string_view name, std::string_view value)
    {
        if (value.empty()) {
            return;
        }
        line_.append(1, ' ').append(name).append(1, '=');
        bool plain = true;
        for (const char c : value) {
            plain = plain && static_cast<unsigned char>(c) > ' ' && c != '"' && c != '\\' && c != '=' && c != 0x7F;
        }
        if (plain) {
            line_.append(value);
            return;
        }
        line_.append(1, '"');
        for (const char c : value) {
            append_escaped(c);
        }
        line_.append(1, '"');
    }

    void append_escaped(char c)
    {
        constexpr std::string_view hex = "0123456789abcdef";
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line_.append({'\\', c});
        } else if (byte < 0x20 || byte == 0x7F) {
            line_.append({'\\', 'x', hex[byte >> 4], hex[byte & 15]});
        } else {
            line_.push_back(c);
        }
    }

    std::shared_ptr<spdlog::logger> to_;
    std::string line_;
};

} // namespace rejoinder::inline v0

#endif
