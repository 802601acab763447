// Where sinks write their lines: C streams and streams of the standard library, flushed after each.
#ifndef REJOINDER_SINK_DETAIL_WRITER_HPP
#define REJOINDER_SINK_DETAIL_WRITER_HPP

#include <cstdio>
#include <functional>
#include <ostream>
#include <string_view>

namespace rejoinder::inline v0::detail {

inline std::function<void(std::string_view)> writer_to(std::FILE* to)
{
    return [to](std::string_view line) {
        std::fwrite(line.data(), 1, line.size(), to);
        std::fflush(to);
    };
}
inline std::function<void(std::string_view)> writer_to(std::ostream& to)
{
    return [&to](std::string_view line) { to << line << std::flush; };
}

} // namespace rejoinder::inline v0::detail

#endif
