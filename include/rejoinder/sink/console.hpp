// Events for people: a line each, with a symbol and a colour on a terminal, plain anywhere else.
#ifndef REJOINDER_SINK_CONSOLE_HPP
#define REJOINDER_SINK_CONSOLE_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/net/event.hpp>
#include <rejoinder/sink/detail/console_style.hpp>
#include <rejoinder/sink/detail/time_text.hpp>
#include <rejoinder/sink/detail/writer.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace rejoinder::inline v0 {

/// Whether a console sink writes colours.
enum class console_colour : std::uint8_t {
    automatic, ///< on a terminal, unless the environment has `NO_COLOR`
    on,
    off,
};

/// How a console sink writes.
struct console_options {
    console_colour colour = console_colour::automatic;
    std::string label{}; ///< stands in each line, to tell hubs and clients of one program apart
    std::function<std::chrono::system_clock::time_point()> clock = std::chrono::system_clock::now;
};

/// An event sink that writes a line for each event:
///
/// `12:00:00.123 - ws_disconnect             42  session 1  connection 3  link_lost (1006, network)  after 12.3 ms  End of file`
///
/// Control characters that a peer may have sent are shown as `?`: none reaches the terminal. With colours the symbol is one of Unicode,
/// without them one of ASCII. The time is UTC. Distinct sinks are independent; one is used from one thread at a time.
class console_sink {
public:
    /// Takes one whole line, newline included, which is valid during the call. It must not throw.
    using write_function = std::function<void(std::string_view)>;

    /// Writes to a C stream (`stderr`, `stdout`, a file), which must be open as long, and flushes it after each line.
    explicit console_sink(std::FILE* to = stderr, console_options options = {})
        : write_(detail::writer_to(to)), options_(std::move(options)), coloured_(is_coloured(options_.colour, to))
    {}
    /// Writes to a stream, which must live as long, and flushes it after each line. No terminal, as far as is known.
    explicit console_sink(std::ostream& to, console_options options = {})
        : console_sink(detail::writer_to(to), std::move(options))
    {}
    explicit console_sink(write_function write, console_options options = {})
        : write_(std::move(write)), options_(std::move(options)), coloured_(options_.colour == console_colour::on)
    {}

    void operator()(const event& happened)
    {
        const auto style = detail::console_style_of(happened);
        line_.assign(detail::time_text{options_.clock()}.of_day()).append(1, ' ');
        line_.append(coloured_ ? style.colour : "").append(coloured_ ? style.symbol : style.plain).append(1, ' ');
        append_padded(happened.name);
        line_.append(coloured_ ? "\033[0m" : "");
        append("  ", options_.label);
        append("  ", happened.who);
        append("  session ", happened.session);
        append("  connection ", happened.connection);
        append("  attempt ", happened.attempt);
        append_reason(happened);
        append_length(happened.took);
        append("  ", happened.text);
        line_.append(1, '\n');
        write_(line_);
    }

private:
    static bool is_coloured(console_colour wanted, std::FILE* to)
    {
        if (wanted != console_colour::automatic) {
            return wanted == console_colour::on;
        }
        return isatty(fileno(to)) == 1 && std::getenv("NO_COLOR") == nullptr;
    }

    void append_padded(std::string_view name)
    {
        constexpr std::size_t width = 24;
        line_.append(name).append(name.size() < width ? width - name.size() : 0, ' ');
    }

    void append(std::string_view before, std::string_view text)
    {
        if (text.empty()) {
            return;
        }
        line_.append(before);
        detail::append_printable(line_, text);
    }
    void append(std::string_view before, std::uint64_t number)
    {
        if (number != 0) {
            line_.append(before).append(std::to_string(number));
        }
    }

    void append_reason(const event& happened)
    {
        append("  ", happened.reason);
        if (happened.code == 0) {
            append("  ", happened.kind);
            return;
        }
        line_.append(" (").append(std::to_string(happened.code));
        append(", ", happened.kind);
        line_.append(1, ')');
    }

    // To three digits or so, in the unit that fits.
    void append_length(duration took)
    {
        if (took <= duration::zero()) {
            return;
        }
        const auto seconds = std::chrono::duration<double>{took}.count();
        const bool short_one = seconds < 1;
        char text[32];
        const int size = std::snprintf(text, sizeof text, short_one ? "  %.3g ms" : "  %.1f s",
                                       short_one ? seconds * 1000 : seconds);
        line_.append(text, static_cast<std::size_t>(size));
    }

    write_function write_;
    console_options options_;
    bool coloured_;
    std::string line_;
};

} // namespace rejoinder::inline v0

#endif
