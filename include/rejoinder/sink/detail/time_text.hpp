// The time of day and of the calendar, as text.
#ifndef REJOINDER_SINK_DETAIL_TIME_TEXT_HPP
#define REJOINDER_SINK_DETAIL_TIME_TEXT_HPP

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace rejoinder::inline v0::detail {

/// `2026-11-20T12:00:00.123Z`, as RFC 3339 has it, made without locale or allocation.
class time_text {
public:
    explicit time_text(std::chrono::system_clock::time_point at) noexcept
    {
        const auto day = std::chrono::floor<std::chrono::days>(at);
        const std::chrono::year_month_day date{day};
        const std::chrono::hh_mm_ss time{std::chrono::floor<std::chrono::milliseconds>(at - day)};
        put(0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
        put(5, 2, static_cast<unsigned>(date.month()));
        put(8, 2, static_cast<unsigned>(date.day()));
        put(11, 2, static_cast<unsigned>(time.hours().count()));
        put(14, 2, static_cast<unsigned>(time.minutes().count()));
        put(17, 2, static_cast<unsigned>(time.seconds().count()));
        put(20, 3, static_cast<unsigned>(time.subseconds().count()));
    }

    [[nodiscard]] std::string_view whole() const noexcept { return {text_.data(), text_.size()}; }
    /// `12:00:00.123`
    [[nodiscard]] std::string_view of_day() const noexcept { return whole().substr(11, 12); }

private:
    void put(std::size_t at, std::size_t digits, unsigned value) noexcept
    {
        while (digits-- != 0) {
            text_[at + digits] = static_cast<char>('0' + value % 10);
            value /= 10;
        }
    }

    std::array<char, 24> text_{'0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T', '0',
                               '0', ':', '0', '0', ':', '0', '0', '.', '0', '0', '0', 'Z'};
};

} // namespace rejoinder::inline v0::detail

#endif
