// A moment as HTTP spells it.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_HTTP_DATE_HPP
#define REJOINDER_WIRE_HTTP_DATE_HPP

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), for years of four digits.
inline std::string http_date(std::chrono::sys_seconds at)
{
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{at - day};
    std::string out;
    const auto two = [&out](auto number) {
        out += static_cast<char>('0' + number / 10);
        out += static_cast<char>('0' + number % 10);
    };
    out.append(days[std::chrono::weekday{day}.c_encoding()]).append(", ");
    two(static_cast<unsigned>(date.day()));
    out.append(" ").append(months[static_cast<unsigned>(date.month()) - 1]).append(" ");
    out.append(std::to_string(static_cast<int>(date.year()))).append(" ");
    two(time.hours().count());
    out += ':';
    two(time.minutes().count());
    out += ':';
    two(time.seconds().count());
    return out.append(" GMT");
}

} // namespace rejoinder::inline v0

#endif
