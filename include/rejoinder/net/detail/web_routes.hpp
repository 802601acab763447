// The two usual things behind a route: a function of the program, and a hub.
// Not behind the door: it is for the web listener alone, which is not.
#ifndef REJOINDER_NET_DETAIL_WEB_ROUTES_HPP
#define REJOINDER_NET_DETAIL_WEB_ROUTES_HPP

#include <rejoinder/channel/websocket_options.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/http_exchange.hpp>
#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/net/websocket_route.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/origin_policy.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Answers GET and HEAD by a function.
template <class Channel, class Function>
class page_handler final : public web_handler<Channel> {
public:
    page_handler(Function page, origin_policy readers) : page_(std::move(page)), readers_(std::move(readers)) {}

    void on_request(http_exchange exchange) override
    {
        const auto& request = exchange.request();
        if (request.method == "OPTIONS" && !readers_.allowed.empty()) {
            exchange.respond(readers_.preflight(request, "GET,HEAD"));
        } else if (request.method != "GET" && request.method != "HEAD") {
            auto refused = http_text(405, "This can only be read.\n");
            refused.headers.add("Allow", "GET, HEAD");
            exchange.respond(std::move(refused));
        } else {
            http_response answer = page_(request);
            readers_.open_to(request, answer);
            exchange.respond(std::move(answer));
        }
    }

    // It has no WebSocket: such a request never comes here but for a client that asks for one.
    std::optional<http_response> refuses(const http_request&) override
    {
        return http_text(400, "There is no WebSocket here.\n");
    }
    const websocket_terms& terms() const override { return none_; }
    void on_websocket(Channel, came_from, const websocket_agreement&) override {}

private:
    Function page_;
    origin_policy readers_;
    websocket_terms none_;
};

/// Gives WebSockets to a hub, for as long as that lives.
template <class Channel, class Hub, codec Codec>
class hub_handler final : public web_handler<Channel> {
public:
    hub_handler(std::weak_ptr<Hub> hub, websocket_route<Codec> how) : hub_(std::move(hub)), how_(std::move(how)) {}

    void on_request(http_exchange exchange) override
    {
        auto refused = http_text(426, "Only WebSockets are spoken here.\n");
        refused.headers.add("Upgrade", "websocket");
        refused.headers.add("Connection", "Upgrade");
        exchange.respond(std::move(refused));
    }

    std::optional<http_response> refuses(const http_request&) override
    {
        const auto hub = hub_.lock();
        if (hub == nullptr || !hub->takes_links()) {
            auto refused = http_text(503, "No more connections are taken now.\n");
            refused.headers.add("Retry-After", "5");
            return refused;
        }
        return std::nullopt;
    }
    const websocket_terms& terms() const override { return how_.terms; }
    websocket_options channel_options() const override { return how_.channel; }

    void on_websocket(Channel link, came_from from, const websocket_agreement&) override
    {
        if (const auto hub = hub_.lock()) {
            hub->serve(std::move(link), Codec{how_.spelling}, std::move(from));
        }
    }

private:
    std::weak_ptr<Hub> hub_;
    websocket_route<Codec> how_;
};

} // namespace rejoinder::inline v0::detail

#endif
