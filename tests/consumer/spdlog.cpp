// What a project sees of the library's spdlog sink.
#include <rejoinder/sink/spdlog.hpp>
#include <rejoinder/version.hpp>

#include <spdlog/sinks/stdout_sinks.h>

#include <memory>

int main()
{
    const auto logger = std::make_shared<spdlog::logger>("consumer", std::make_shared<spdlog::sinks::stdout_sink_st>());
    logger->set_pattern("spdlog %v");
    rejoinder::event_sink sink = rejoinder::spdlog_sink{logger};
    sink({.name = REJOINDER_VERSION_STRING, .who = "42"});
}
