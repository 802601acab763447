// Prints what happens, a line each: when, where, what; in colour on a terminal.
#ifndef EXAMPLES_RELAY_TIMELINE_HPP
#define EXAMPLES_RELAY_TIMELINE_HPP

#include "pace.hpp"

#include <rejoinder/net/event.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <unistd.h>

namespace relay_example {

class timeline {
public:
    void say(std::string_view who, std::string_view what, std::string_view more = {})
    {
        const auto now = std::chrono::steady_clock::now();
        std::printf("%8.3f s  %s%-7.*s%s  ", seconds(now - began_), colour_of(who), size(who), who.data(), coloured_ ? "\033[0m" : "");
        if (more.empty()) {
            std::printf("%.*s\n", size(what), what.data());
        } else {
            std::printf("%-24.*s  %.*s\n", size(what), what.data(), size(more), more.data());
        }
        std::fflush(stdout);
    }

    /// An event of a hub or client, under its own name.
    void say(std::string_view who, const rejoinder::event& happened)
    {
        std::string more;
        for (const auto part : {happened.who, happened.reason, happened.text}) {
            more.append(more.empty() || part.empty() ? "" : ", ").append(part);
        }
        say(who, happened.name, more);
    }

private:
    static int size(std::string_view text) { return static_cast<int>(text.size()); }

    [[nodiscard]] const char* colour_of(std::string_view who) const
    {
        if (!coloured_) {
            return "";
        }
        return who == "backend" ? "\033[36m" : who == "proxy" ? "\033[31m" : who == "tab" ? "\033[33m" : who == "plugin" ? "\033[35m" : "\033[32m";
    }

    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    bool coloured_ = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
};

} // namespace relay_example

#endif
