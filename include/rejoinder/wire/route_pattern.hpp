// A pattern of paths: `/ws/generations/{id}`.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_WIRE_ROUTE_PATTERN_HPP
#define REJOINDER_WIRE_ROUTE_PATTERN_HPP

#include <rejoinder/wire/http_values.hpp>

#include <algorithm>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Matches decoded paths, segment by segment: `{name}` takes one that is not empty, `{name...}`, at the end, all that are left, none
/// included. Distinct objects are independent.
class route_pattern {
public:
    /// Throws `std::invalid_argument` if it does not begin with a slash, or a brace is not where it belongs.
    explicit route_pattern(std::string_view text) : text_(text)
    {
        if (!text.starts_with('/')) {
            throw std::invalid_argument("rejoinder: a route begins with a slash");
        }
        while (!text.empty()) {
            const auto one = take(text);
            add(one, text.empty());
        }
    }

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    /// Whether the path is one of them; then what the names took is added to `found`.
    bool match(std::string_view path, http_parameters& found) const
    {
        http_parameters mine;
        for (const auto& one : segments_) {
            if (one.what == kind::rest) {
                found.add(one.text, path.substr(path.starts_with('/') ? 1 : 0));
                path = {};
                break;
            }
            if (!path.starts_with('/')) {
                return false;
            }
            const auto here = take(path);
            if (one.what == kind::text ? here != one.text : here.empty()) {
                return false;
            }
            if (one.what == kind::name) {
                mine.add(one.text, here);
            }
        }
        if (!path.empty()) {
            return false;
        }
        for (const auto& [name, value] : mine) {
            found.add(name, value);
        }
        return true;
    }

private:
    enum class kind { text, name, rest };
    struct segment {
        kind what;
        std::string text;
    };

    // The first segment, without its slash.
    static std::string_view take(std::string_view& path)
    {
        const auto end = std::min(path.find('/', 1), path.size());
        const auto one = path.substr(1, end - 1);
        path.remove_prefix(end);
        return one;
    }

    void add(std::string_view one, bool last)
    {
        if (!one.starts_with('{')) {
            if (one.find_first_of("{}") != std::string_view::npos) {
                throw std::invalid_argument("rejoinder: a name in a route takes a whole segment");
            }
            segments_.push_back({kind::text, std::string{one}});
            return;
        }
        const bool rest = one.ends_with("...}");
        const std::size_t tail = rest ? 4 : 1;
        if (one.size() <= tail + 1 || !one.ends_with('}') || (rest && !last)) {
            throw std::invalid_argument("rejoinder: a name in a route is {name}, or {name...} at its end");
        }
        segments_.push_back({rest ? kind::rest : kind::name, std::string{one.substr(1, one.size() - 1 - tail)}});
    }

    std::string text_;
    std::vector<segment> segments_;
};

} // namespace rejoinder::inline v0

#endif
