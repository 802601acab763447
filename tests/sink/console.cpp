// The console sink: plain in a file, coloured when asked, and never a terminal's master.
#include <rejoinder/sink/console.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::console_colour;
using rejoinder::console_options;
using rejoinder::event;

namespace {

std::chrono::system_clock::time_point morning()
{
    return std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 7h + 8min + 9s + 10ms;
}

// What the sink writes of one event.
std::string written(const event& happened, console_options options = {})
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), std::fclose};
    REQUIRE(file != nullptr);
    options.clock = morning;
    rejoinder::console_sink{file.get(), std::move(options)}(happened);
    std::rewind(file.get());
    std::array<char, 1024> text{};
    return {text.data(), std::fread(text.data(), 1, text.size(), file.get())};
}

} // namespace

TEST_CASE("where nobody looks the console is plain: a line, its symbol of ASCII, no escapes")
{
    CHECK(written({.name = "ws_disconnect",
                   .who = "42",
                   .session = 1,
                   .connection = 3,
                   .code = 1006,
                   .reason = "link_lost",
                   .kind = "network",
                   .took = 12'300us,
                   .text = "End of file"}) ==
          "07:08:09.010 - ws_disconnect             42  session 1  connection 3  link_lost (1006, network)  12.3 ms  End of file\n");
    CHECK(written({.name = "user_detach_delay_start", .who = "42", .took = 5s}) == "07:08:09.010 ~ user_detach_delay_start   42  5.0 s\n");
    CHECK(written({.name = "attempt_failed", .attempt = 2, .reason = "busy", .kind = "request"}) ==
          "07:08:09.010 ~ attempt_failed            attempt 2  busy  request\n");
    CHECK(written({.name = "of_tomorrow"}, {.label = "tab"}) == "07:08:09.010 * of_tomorrow               tab\n");
}

TEST_CASE("a console writes to a stream of the standard library, or to a function, without colours")
{
    std::ostringstream out;
    std::string line;
    rejoinder::console_sink{out, {.clock = morning}}({.name = "session_end"});
    rejoinder::console_sink{[&](std::string_view text) { line = text; }, {.clock = morning}}({.name = "session_end"});
    CHECK(line == "07:08:09.010 x session_end             \n");
    CHECK(out.str() == line);
}

TEST_CASE("with colours each line ends as it began")
{
    const auto line = written({.name = "ws_connect", .who = "42", .reason = "new"}, {.colour = console_colour::on});
    CHECK(line == "07:08:09.010 \033[32m● ws_connect              \033[0m  42  new\n");
    const auto fault = written({.name = "ws_disconnect", .kind = "fault"}, {.colour = console_colour::on});
    CHECK(fault.find("\033[31m") != std::string::npos);
    CHECK(written({.name = "ws_connect"}, {.colour = console_colour::off}).find('\033') == std::string::npos);
}

TEST_CASE("no control character of a peer reaches the terminal")
{
    const auto line = written({.name = "bad_message", .who = "a\033[2Jb\nc\rd\x7F", .text = "\x9B[2J \xC2\x9B[2J \xC3\x9F \xC3\xA9"});
    CHECK(line == "07:08:09.010 ! bad_message               a?[2Jb?c?d?  ?[2J ?[2J \xC3\x9F \xC3\xA9\n");
}
