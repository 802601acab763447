// What a benchmark's program is told: `--name value` pairs, the same names for all of them.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_SETTINGS_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_SETTINGS_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace bench {

class settings {
public:
    explicit settings(std::map<std::string, std::string> values) : values_(std::move(values)) {}
    settings(int count, char** words)
    {
        for (int i = 1; i + 1 < count; i += 2) {
            std::string_view name = words[i];
            if (!name.starts_with("--")) {
                wrong(words[i]);
            }
            values_[std::string{name.substr(2)}] = words[i + 1];
        }
        if (count % 2 == 0) {
            wrong(words[count - 1]);
        }
    }

    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const
    {
        const auto found = values_.find(name);
        return found == values_.end() ? otherwise : found->second;
    }
    [[nodiscard]] std::size_t number(const std::string& name, std::size_t otherwise) const
    {
        const auto found = values_.find(name);
        return found == values_.end() ? otherwise : std::stoul(found->second);
    }
    [[nodiscard]] double seconds(const std::string& name, double otherwise) const
    {
        const auto found = values_.find(name);
        return found == values_.end() ? otherwise : std::stod(found->second);
    }

    [[nodiscard]] std::uint16_t port() const { return static_cast<std::uint16_t>(number("port", 0)); }
    [[nodiscard]] std::size_t connections() const { return number("connections", 1); }
    [[nodiscard]] std::size_t in_flight() const { return number("in-flight", 1); } ///< of each connection
    [[nodiscard]] std::size_t bytes() const { return number("bytes", 99); }        ///< of a payload

private:
    [[noreturn]] static void wrong(const char* word)
    {
        std::fprintf(stderr, "%s: settings are pairs of --name and value\n", word);
        std::exit(2);
    }

    std::map<std::string, std::string> values_;
};

/// What a server says when it can be connected to. It then runs until it is terminated.
inline void say_port(std::uint16_t port)
{
    std::printf("port %u\n", static_cast<unsigned>(port));
    std::fflush(stdout);
}

} // namespace bench

#endif
