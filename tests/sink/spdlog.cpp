// The spdlog sink: fields as text, levels by event, nothing below the logger's level.
#include <rejoinder/sink/spdlog.hpp>

#include <spdlog/sinks/ostream_sink.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::event;

namespace {

struct log_book {
    std::ostringstream out;
    std::shared_ptr<spdlog::logger> logger;
    rejoinder::spdlog_sink sink;

    log_book() : logger(std::make_shared<spdlog::logger>("hub", std::make_shared<spdlog::sinks::ostream_sink_mt>(out))), sink(logger)
    {
        logger->set_pattern("%l %v");
    }

    std::string take(const event& happened)
    {
        out.str({});
        sink(happened);
        return out.str();
    }
};

} // namespace

TEST_CASE("spdlog gets an event's fields behind its name")
{
    log_book at;
    CHECK(at.take({.name = "ws_disconnect",
                   .who = "42",
                   .session = 1,
                   .connection = 3,
                   .attempt = 2,
                   .code = 1006,
                   .reason = "link_lost",
                   .kind = "network",
                   .took = 12ms,
                   .text = "End of file"}) ==
          "warning ws_disconnect who=42 session=1 connection=3 attempt=2 code=1006 reason=link_lost kind=network took=12000us "
          "text=\"End of file\"\n");
    CHECK(at.take({.name = "ws_connect", .who = "4\"\n2\\", .text = "{}"}) == "info ws_connect who=\"4\\\"\\x0a2\\\\\" text={}\n");
}

TEST_CASE("spdlog's levels tell failures from the course of things")
{
    log_book at;
    CHECK(at.take({.name = "registry_cleanup_error"}).starts_with("error "));
    CHECK(at.take({.name = "request_timeout"}).starts_with("warning "));
    CHECK(at.take({.name = "ws_disconnect", .kind = "clean"}).starts_with("info "));
    at.logger->set_level(spdlog::level::warn);
    CHECK(at.take({.name = "ws_connect"}).empty());
    CHECK_FALSE(at.take({.name = "bad_message"}).empty());
}
