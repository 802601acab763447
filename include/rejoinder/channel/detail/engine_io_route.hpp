// The way to an Engine.IO server: its requests, by transport and session.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_CHANNEL_DETAIL_ENGINE_IO_ROUTE_HPP
#define REJOINDER_CHANNEL_DETAIL_ENGINE_IO_ROUTE_HPP

#include <rejoinder/channel/detail/http_caller.hpp>
#include <rejoinder/channel/engine_io_connector_options.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/wire/http_request_text.hpp>
#include <rejoinder/wire/http_values.hpp>
#include <rejoinder/wire/url.hpp>

#include <asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace rejoinder::inline v0::detail {

/// Shared by a connector, its attempts and their sessions.
template <class Layer>
struct engine_io_route {
    url where; // its path is Engine.IO's
    Layer layer;
    engine_io_connector_options options;

    [[nodiscard]] url by(std::string_view transport, std::string_view sid) const
    {
        auto made = where;
        made.target += made.target.find('?') == std::string::npos ? "?EIO=4&transport=" : "&EIO=4&transport=";
        made.target += transport;
        if (!sid.empty()) {
            made.target += "&sid=";
            append_query_text(made.target, sid);
        }
        return made;
    }

    [[nodiscard]] basic_websocket_connector<Layer> websocket_to(std::string_view sid) const
    {
        const auto to = by("websocket", sid);
        return basic_websocket_connector<Layer>{to.scheme + "://" + to.authority() + to.target, options.web, layer};
    }

    [[nodiscard]] std::shared_ptr<http_caller<Layer>> caller(const asio::any_io_executor& executor) const
    {
        return std::make_shared<http_caller<Layer>>(
            executor, where, layer, http_limits{.head_max = options.web.head_max, .body_max = options.poll_bytes_max});
    }

    [[nodiscard]] std::string get(std::string_view sid) const { return http_get(by("polling", sid), headers()); }
    [[nodiscard]] std::string post(std::string_view sid, std::string_view body) const
    {
        return http_post(by("polling", sid), headers(), body);
    }

private:
    [[nodiscard]] http_headers headers() const
    {
        auto all = options.web.headers;
        if (options.web.on_request) {
            options.web.on_request(all);
        }
        return all;
    }
};

} // namespace rejoinder::inline v0::detail

#endif
