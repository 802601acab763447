// What the connections of a web listener share: its routes, its bounds and its counts.
// Not behind the door: it is for the web listener alone, which is not.
#ifndef REJOINDER_NET_DETAIL_WEB_SITE_HPP
#define REJOINDER_NET_DETAIL_WEB_SITE_HPP

#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/net/web_options.hpp>
#include <rejoinder/wire/http_date.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_values.hpp>
#include <rejoinder/wire/route_pattern.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

enum class route_kind : std::uint8_t { page, websocket, both };

/// A connection as its site sees it.
class web_visitor {
public:
    /// Ends it now.
    virtual void abort() = 0;

protected:
    ~web_visitor() = default;
};

template <class Channel>
class web_site {
public:
    using handler_type = web_handler<Channel>;

    explicit web_site(const web_options& options) : options_(options) {}

    web_site(const web_site&) = delete;
    web_site& operator=(const web_site&) = delete;
    ~web_site() { close(); }

    [[nodiscard]] const web_options& options() const noexcept { return options_; }
    [[nodiscard]] web_counts& counts() noexcept { return counts_; }

    void add(route_kind what, route_pattern pattern, std::shared_ptr<handler_type> to)
    {
        routes_.push_back({what, std::move(pattern), std::move(to)});
    }

    /// Who answers this request: the first route that fits and is of the wanted kind, else the first that fits, which then says what it
    /// does take. Null: no route fits.
    [[nodiscard]] std::shared_ptr<handler_type> find(http_request& request, route_kind wanted) const
    {
        const route* fallback = nullptr;
        for (const auto& one : routes_) {
            http_parameters found;
            if (!one.pattern.match(request.path, found)) {
                continue;
            }
            if (one.what == wanted || one.what == route_kind::both) {
                request.parameters = std::move(found);
                return one.to;
            }
            if (fallback == nullptr) {
                fallback = &one;
                request.parameters = std::move(found);
            }
        }
        return fallback == nullptr ? nullptr : fallback->to;
    }

    /// For the answers of this second.
    [[nodiscard]] std::string_view date()
    {
        const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        if (now != date_of_) {
            date_of_ = now;
            date_ = http_date(now);
        }
        return date_;
    }

    // Bounds

    [[nodiscard]] std::size_t connections() const noexcept { return visitors_.size(); }
    [[nodiscard]] bool is_full() const noexcept { return closed_ || visitors_.size() >= options_.connections_max; }

    /// Counts the visitor, which stays alive until it leaves. Returns its number.
    std::uint64_t enter(std::shared_ptr<web_visitor> one)
    {
        visitors_.emplace(++last_, std::move(one));
        return last_;
    }
    /// The last reference may go with this.
    void leave(std::uint64_t number) { visitors_.extract(number); }

    /// Counts bytes of a request. False: there are too many.
    [[nodiscard]] bool hold(std::size_t bytes) noexcept
    {
        held_ += bytes;
        return held_ <= options_.bytes_max;
    }
    void release(std::size_t bytes) noexcept { held_ -= bytes; }

    /// Counts an answer until its client has taken it. False: it is not counted, as there are too many. Small ones always pass, so that
    /// clients that take no large ones keep nobody else from being answered.
    [[nodiscard]] bool hold_answer(std::size_t bytes) noexcept
    {
        if (counted(bytes) > options_.bytes_max - answers_) {
            return false;
        }
        answers_ += counted(bytes);
        return true;
    }
    void release_answer(std::size_t bytes) noexcept { answers_ -= counted(bytes); }

    void close()
    {
        closed_ = true;
        for (const auto& [number, one] : std::exchange(visitors_, {})) {
            one->abort();
        }
    }

private:
    struct route {
        route_kind what;
        route_pattern pattern;
        std::shared_ptr<handler_type> to;
    };

    // All connections together hold no more of small answers than `bytes_max`, either.
    [[nodiscard]] std::size_t counted(std::size_t answer) const noexcept
    {
        return answer > options_.bytes_max / std::max<std::size_t>(options_.connections_max, 1) ? answer : 0;
    }

    web_options options_;
    web_counts counts_;
    std::vector<route> routes_;
    std::unordered_map<std::uint64_t, std::shared_ptr<web_visitor>> visitors_;
    std::chrono::sys_seconds date_of_{};
    std::string date_ = http_date({});
    std::uint64_t last_ = 0;
    std::size_t held_ = 0;
    std::size_t answers_ = 0;
    bool closed_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
