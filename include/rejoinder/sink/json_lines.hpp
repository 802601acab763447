// Events as JSON, one object a line, for log collectors.
#ifndef REJOINDER_SINK_JSON_LINES_HPP
#define REJOINDER_SINK_JSON_LINES_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/sink/detail/time_text.hpp>
#include <rejoinder/sink/detail/writer.hpp>
#include <rejoinder/wire/json_line.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <ostream>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// An event sink that writes each event as one JSON object on one line:
///
/// `{"time":"2026-11-20T12:00:00.123Z","event":"ws_disconnect","who":"42","session":1,"connection":3,"code":1006,...,"took_ms":12.345}`
///
/// A field that does not apply is left out. Text is escaped, and bytes that are not UTF-8 become U+FFFD, so no peer can break or forge a line.
/// Allocates only while its memory grows to the longest line. Distinct sinks are independent; one is used from one thread at a time.
class json_lines_sink {
public:
    /// Takes one whole line, newline included, which is valid during the call. It must not throw.
    using write_function = std::function<void(std::string_view)>;
    /// What time it is.
    using clock_function = std::function<std::chrono::system_clock::time_point()>;

    explicit json_lines_sink(write_function write, clock_function clock = std::chrono::system_clock::now)
        : write_(std::move(write)), clock_(std::move(clock))
    {}
    /// Writes to a stream, which must live as long, and flushes it after each line.
    explicit json_lines_sink(std::ostream& to, clock_function clock = std::chrono::system_clock::now)
        : json_lines_sink(detail::writer_to(to), std::move(clock))
    {}
    /// The same for a C stream.
    explicit json_lines_sink(std::FILE* to, clock_function clock = std::chrono::system_clock::now)
        : json_lines_sink(detail::writer_to(to), std::move(clock))
    {}

    void operator()(const event& happened)
    {
        line_.begin();
        line_.add("time", detail::time_text{clock_()}.whole());
        line_.add("event", happened.name);
        add("who", happened.who);
        add("session", happened.session);
        add("connection", happened.connection);
        add("attempt", happened.attempt);
        add("code", std::uint64_t{happened.code});
        add("reason", happened.reason);
        add("kind", happened.kind);
        if (happened.took != duration::zero()) {
            line_.add("took_ms", happened.took);
        }
        if (happened.error) {
            line_.add("error", std::string_view{happened.error.category().name()});
            line_.add("error_value", static_cast<std::int64_t>(happened.error.value()));
        }
        add("text", happened.text);
        write_(line_.end());
    }

private:
    void add(std::string_view name, std::string_view value)
    {
        if (!value.empty()) {
            line_.add(name, value);
        }
    }
    void add(std::string_view name, std::uint64_t value)
    {
        if (value != 0) {
            line_.add(name, value);
        }
    }

    write_function write_;
    clock_function clock_;
    json_line line_;
};

} // namespace rejoinder::inline v0

#endif
