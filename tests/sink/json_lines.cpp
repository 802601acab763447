// The sink of JSON lines, read by another JSON parser.
#include <rejoinder/sink/json_lines.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "support/house.hpp"

#include <asio/error.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::event;

namespace {

// 2026-11-20 07:08:09.010 UTC
std::chrono::system_clock::time_point then()
{
    return std::chrono::sys_days{std::chrono::year{2026} / 11 / 20} + 7h + 8min + 9s + 10ms;
}

} // namespace

TEST_CASE("an event is one JSON object on one line, with the fields that apply")
{
    std::ostringstream out;
    rejoinder::json_lines_sink sink{out, then};
    sink({.name = "ws_disconnect",
          .who = "42",
          .session = 7,
          .connection = 8,
          .attempt = 2,
          .code = 1006,
          .reason = "link_lost",
          .kind = "network",
          .took = 1500us,
          .error = asio::error::eof,
          .text = "gone"});
    sink({.name = "ws_cleanup_complete", .who = "42"});
    CHECK(out.str() == R"({"time":"2026-11-20T07:08:09.010Z","event":"ws_disconnect","who":"42","session":7,"connection":8,"attempt":2,)"
                       R"("code":1006,"reason":"link_lost","kind":"network","took_ms":1.500,"error":"asio.misc","error_value":2,"text":"gone"})"
                       "\n"
                       R"({"time":"2026-11-20T07:08:09.010Z","event":"ws_cleanup_complete","who":"42"})"
                       "\n");
}

TEST_CASE("JSON lines go to a C stream, too")
{
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(), std::fclose};
    REQUIRE(file != nullptr);
    rejoinder::json_lines_sink{file.get(), then}({.name = "session_end", .session = 7});
    std::rewind(file.get());
    char text[128]{};
    CHECK(std::fgets(text, sizeof text, file.get()) == text);
    CHECK(std::string{text} == "{\"time\":\"2026-11-20T07:08:09.010Z\",\"event\":\"session_end\",\"session\":7}\n");
}

TEST_CASE("what a peer wrote can neither break nor forge a line of JSON")
{
    std::vector<std::string> lines;
    rejoinder::json_lines_sink sink{[&](std::string_view line) { lines.emplace_back(line); }, then};
    sink({.name = "bad_message", .who = "42\"}\n{\"event\":\"ws_connect", .text = "\xFF\x1B[2J\xC3\xA9"});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].find('\n') == lines[0].size() - 1);
    CHECK(lines[0].find('\x1B') == std::string::npos);
    const auto back = boost::json::parse(lines[0]).as_object();
    CHECK(std::string_view{back.at("event").as_string()} == "bad_message");
    CHECK(std::string_view{back.at("who").as_string()} == "42\"}\n{\"event\":\"ws_connect");
    CHECK(std::string_view{back.at("text").as_string()} == "\xEF\xBF\xBD\x1B[2J\xC3\xA9");
}

TEST_CASE("a hub's events come as JSON lines, timed by the system's clock")
{
    house at;
    std::ostringstream out;
    at.hub->on_event(rejoinder::json_lines_sink{out});
    at.meet();
    at.tab->disconnect();
    at.meet();
    std::istringstream lines{out.str()};
    std::string names;
    for (std::string line; std::getline(lines, line);) {
        const auto one = boost::json::parse(line).as_object();
        names.append(one.at("event").as_string().c_str()).append(1, ' ');
        CHECK(one.at("time").as_string().size() == 24);
        CHECK(one.at("who").as_string() == "42");
    }
    CHECK(names == "ws_connect ws_disconnect user_detach_delay_start ");
}
