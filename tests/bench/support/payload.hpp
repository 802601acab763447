// The JSON text that is asked and answered.
#ifndef REJOINDER_TESTS_BENCH_SUPPORT_PAYLOAD_HPP
#define REJOINDER_TESTS_BENCH_SUPPORT_PAYLOAD_HPP

#include <cstddef>
#include <string>

namespace bench {

/// An object of this many bytes, at least 99; the rest is text in its last member.
inline std::string payload(std::size_t bytes)
{
    std::string text = R"({"action":"sync","shop_id":4711,"done":false,"ratio":0.25,"tags":["a","b"],"note":"hundred bytes."})";
    if (bytes > text.size()) {
        text.insert(text.size() - 2, bytes - text.size(), 'x');
    }
    return text;
}

} // namespace bench

#endif
