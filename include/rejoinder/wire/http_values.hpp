// Names with values, in the order in which they came: the headers of an HTTP message, the parameters of a query, cookies.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_HTTP_VALUES_HPP
#define REJOINDER_WIRE_HTTP_VALUES_HPP

#include <rejoinder/wire/detail/http_text.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// A list that is looked up by name, linear in its length: as long as a head allows. `Same` compares two names. Distinct objects are
/// independent.
template <class Same>
class basic_http_values {
public:
    using entry = std::pair<std::string, std::string>;

    basic_http_values() = default;
    basic_http_values(std::initializer_list<entry> all) : all_(all) {}

    void add(std::string_view name, std::string_view value) { all_.emplace_back(name, value); }

    /// Instead of all of that name.
    void set(std::string_view name, std::string_view value)
    {
        std::erase_if(all_, [&](const entry& one) { return Same{}(one.first, name); });
        add(name, value);
    }

    /// The first of that name; null: there is none.
    [[nodiscard]] const std::string* find(std::string_view name) const noexcept
    {
        const auto found =
            std::find_if(all_.begin(), all_.end(), [&](const entry& one) { return Same{}(one.first, name); });
        return found == all_.end() ? nullptr : &found->second;
    }
    /// The first of that name; empty: there is none, or it is empty.
    [[nodiscard]] std::string_view value(std::string_view name) const noexcept
    {
        const auto* const found = find(name);
        return found == nullptr ? std::string_view{} : std::string_view{*found};
    }
    [[nodiscard]] bool contains(std::string_view name) const noexcept { return find(name) != nullptr; }
    [[nodiscard]] std::size_t count(std::string_view name) const noexcept
    {
        return static_cast<std::size_t>(
            std::count_if(all_.begin(), all_.end(), [&](const entry& one) { return Same{}(one.first, name); }));
    }

    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
    [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
    [[nodiscard]] auto end() const noexcept { return all_.end(); }

    friend bool operator==(const basic_http_values&, const basic_http_values&) = default;

private:
    std::vector<entry> all_;
};

/// Names without case.
using http_headers = basic_http_values<detail::same_but_case>;
/// Names as they are written.
using http_parameters = basic_http_values<detail::same_bytes>;

/// Whether a header that is a list, over all its lines, has this token, in any case.
inline bool lists(const http_headers& headers, std::string_view name, std::string_view token) noexcept
{
    for (const auto& [key, value] : headers) {
        std::string_view rest{value};
        while (detail::same_but_case{}(key, name) && !rest.empty()) {
            if (detail::same_but_case{}(detail::take_piece(rest, ','), token)) {
                return true;
            }
        }
    }
    return false;
}

} // namespace rejoinder::inline v0

#endif
