// The flags of the small programs that suites from outside talk to.
#ifndef REJOINDER_TESTS_INTEROP_SUPPORT_COMMAND_LINE_HPP
#define REJOINDER_TESTS_INTEROP_SUPPORT_COMMAND_LINE_HPP

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace interop {

/// Takes the arguments one by one; says how the program is used and ends it, when they are wrong.
class command_line {
public:
    command_line(int count, char** arguments, std::string_view usage)
        : rest_(arguments + 1, arguments + count), usage_(usage)
    {}

    /// The next argument; false: there is none.
    bool next(std::string& argument)
    {
        if (rest_.empty()) {
            return false;
        }
        argument = take();
        if (argument == "--help") {
            std::printf("%s\n", usage_.c_str());
            std::exit(0);
        }
        return true;
    }

    std::string value()
    {
        if (rest_.empty()) {
            wrong();
        }
        return take();
    }

    template <class Number>
    Number number()
    {
        const auto text = value();
        Number made{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), made);
        if (error != std::errc{} || end != text.data() + text.size()) {
            wrong();
        }
        return made;
    }

    [[noreturn]] void wrong() const
    {
        std::fprintf(stderr, "%s\n", usage_.c_str());
        std::exit(2);
    }

private:
    std::string take()
    {
        auto first = rest_.front();
        rest_.erase(rest_.begin());
        return first;
    }

    std::vector<std::string> rest_;
    std::string usage_;
};

} // namespace interop

#endif
