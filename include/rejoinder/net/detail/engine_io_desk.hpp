// Where the requests of an Engine.IO server come in: it knows its sessions, and keeps their one clock.
// Not behind the door: the web listener that it belongs to is not.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_DESK_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_DESK_HPP

#include <rejoinder/channel/engine_io_channel.hpp>
#include <rejoinder/channel/websocket_options.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/timer_wheel.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/engine_io_answers.hpp>
#include <rejoinder/net/detail/engine_io_keeper.hpp>
#include <rejoinder/net/detail/engine_io_link.hpp>
#include <rejoinder/net/detail/engine_io_session.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/engine_io_server_options.hpp>
#include <rejoinder/net/http_exchange.hpp>
#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace rejoinder::inline v0::detail {

class engine_io_desk final : public engine_io_keeper, public std::enable_shared_from_this<engine_io_desk> {
public:
    using accept_type = std::function<void(engine_io_channel, came_from)>;

    engine_io_desk(const asio::any_io_executor& executor, engine_io_server_options options, accept_type accept)
        : executor_(executor), options_(std::make_shared<const engine_io_server_options>(std::move(options))),
          accept_(std::move(accept)), wheel_(std::chrono::steady_clock::now()), clock_(executor)
    {
        terms_.origins.allowed = {"*"}; // looked at here, so that the refusal is one of the protocol
        terms_.deflate = options_->deflate;
    }

    [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
    [[nodiscard]] const websocket_terms& terms() const noexcept { return terms_; }
    engine_io_server_counts& counts() override { return counts_; }
    [[nodiscard]] const std::shared_ptr<const engine_io_server_options>& options() const override { return options_; }

    void close()
    {
        if (std::exchange(closed_, true)) {
            return;
        }
        clock_.stop();
        for (const auto& [sid, one] : std::exchange(sessions_, {})) {
            one->abandon();
        }
    }

    // Requests

    [[nodiscard]] std::optional<http_response> on_head(const http_request& head, std::weak_ptr<const void> arriving)
    {
        std::shared_ptr<engine_io_session> session;
        if (head.method == "OPTIONS" || head.query.find("sid") == nullptr) {
            return std::nullopt;
        }
        if (auto refused = check(head, carrier::polling, session)) {
            return refused;
        }
        return session->on_head(head, std::move(arriving));
    }

    void on_request(http_exchange by)
    {
        const auto& request = by.request();
        if (request.method == "OPTIONS") {
            by.respond(options_->origins.preflight(request, "GET,POST"));
            return;
        }
        std::shared_ptr<engine_io_session> session;
        if (auto refused = check(request, carrier::polling, session)) {
            by.respond(std::move(*refused));
        } else if (session == nullptr) {
            open(std::move(by));
        } else if (request.method == "GET") {
            session->on_get(std::move(by));
        } else {
            session->on_post(std::move(by));
        }
    }

    [[nodiscard]] std::optional<http_response> refuses(const http_request& request)
    {
        std::shared_ptr<engine_io_session> session;
        return check(request, carrier::websocket, session);
    }

    void on_websocket(std::shared_ptr<engine_io_link> link, came_from from)
    {
        if (const auto* const sid = from.request->query.find("sid")) {
            if (const auto session = find(*sid)) {
                session->on_websocket(std::move(link));
            } else {
                link->shut(close_reason::normal);
            }
        } else if (is_full()) {
            link->shut(close_reason::shutting_down);
        } else {
            const auto session = add();
            session->open(std::move(link));
            hand_over(session, std::move(from));
        }
    }

    // The clock

    void schedule(engine_io_session& one) override
    {
        wheel_.cancel(one.alarm);
        one.alarm = wheel_.schedule(one.next_deadline(), &one);
        clock_.arm(wheel_.next_expiry(), weak_from_this());
    }

    void tick()
    {
        const auto self = shared_from_this();
        const auto now = std::chrono::steady_clock::now();
        while (const auto due = wheel_.expire(now)) {
            (*due)->advance(now);
        }
        if (!closed_) {
            clock_.arm(wheel_.next_expiry(), weak_from_this());
        }
    }

    void forget(engine_io_session& one) override
    {
        wheel_.cancel(one.alarm);
        sessions_.extract(one.sid());
    }

private:
    enum class carrier : std::uint8_t { polling, websocket };

    [[nodiscard]] bool is_full() const noexcept { return closed_ || sessions_.size() >= options_->sessions_max; }

    // As it is now: what is due has been done.
    std::shared_ptr<engine_io_session> find(const std::string& sid)
    {
        const auto found = sessions_.find(sid);
        if (found == sessions_.end()) {
            return nullptr;
        }
        const auto one = found->second;
        const auto now = std::chrono::steady_clock::now();
        while (one->next_deadline() <= now && sessions_.contains(sid)) {
            one->advance(now);
        }
        return sessions_.contains(sid) ? one : nullptr;
    }

    // Nothing: it may go on, with its session or, if that is null, to open one.
    std::optional<http_response> check(const http_request& request, carrier by,
                                       std::shared_ptr<engine_io_session>& session)
    {
        if (const auto wrong = fault_of(request, by, session)) {
            ++counts_.refused;
            return engine_io_refusal(request, options_->origins, *wrong);
        }
        if (session == nullptr && is_full()) {
            ++counts_.turned_away;
            auto refused =
                engine_io_answer(request, options_->origins, 503, "No more sessions are taken now.\n", "text/plain");
            refused.headers.add("Retry-After", "5");
            return refused;
        }
        return std::nullopt;
    }

    std::optional<engine_io_error> fault_of(const http_request& request, carrier by,
                                            std::shared_ptr<engine_io_session>& session)
    {
        const auto transport = request.query.value("transport");
        const bool polling = transport == "polling" && options_->transports != engine_io_transports::websocket;
        if (!polling && (transport != "websocket" || options_->transports == engine_io_transports::polling)) {
            return engine_io_error::unknown_transport;
        }
        if (!options_->origins.allows(request)) {
            return engine_io_error::forbidden;
        }
        const bool fits = polling == (by == carrier::polling);
        if (const auto* const sid = request.query.find("sid")) {
            session = find(*sid);
            if (session == nullptr) {
                return engine_io_error::unknown_session;
            }
            const bool method = by == carrier::websocket || request.method == "GET" || request.method == "POST";
            const bool moved = by == carrier::polling && !session->polls();
            const bool current = request.query.value("EIO") == "4";
            return fits && method && !moved && current ? std::nullopt : std::optional{engine_io_error::bad_request};
        }
        if (request.method != "GET") {
            return engine_io_error::bad_handshake_method;
        }
        if (!fits) {
            return engine_io_error::bad_request;
        }
        if (request.query.value("EIO") != "4") {
            return engine_io_error::unsupported_version;
        }
        return options_->allow && !options_->allow(request) ? std::optional{engine_io_error::forbidden} : std::nullopt;
    }

    void open(http_exchange by)
    {
        const auto session = add();
        came_from from{by.from(), by.shared_request()};
        session->open(std::move(by));
        hand_over(session, std::move(from));
    }

    std::shared_ptr<engine_io_session> add()
    {
        auto made = std::make_shared<engine_io_session>(executor_, shared_from_this(), random_name());
        sessions_.emplace(made->sid(), made);
        ++counts_.sessions;
        schedule(*made);
        return made;
    }

    void hand_over(const std::shared_ptr<engine_io_session>& session, came_from from)
    {
        const auto self = shared_from_this();
        accept_(engine_io_channel{session}, std::move(from));
    }

    asio::any_io_executor executor_;
    std::shared_ptr<const engine_io_server_options> options_;
    accept_type accept_;
    websocket_terms terms_;
    engine_io_server_counts counts_;
    std::unordered_map<std::string, std::shared_ptr<engine_io_session>> sessions_;
    timer_wheel<engine_io_session*> wheel_;
    clockwork clock_;
    bool closed_ = false;
};

/// The desk behind a route, for as long as its server lives.
template <class Channel>
class engine_io_handler final : public web_handler<Channel> {
public:
    explicit engine_io_handler(const std::shared_ptr<engine_io_desk>& desk)
        : desk_(desk), options_(desk->options()), terms_(desk->terms())
    {}

    std::optional<http_response> on_head(const http_request& head, std::weak_ptr<const void> arriving) override
    {
        const auto desk = desk_.lock();
        return desk == nullptr ? gone() : desk->on_head(head, std::move(arriving));
    }
    void on_request(http_exchange exchange) override
    {
        if (const auto desk = desk_.lock()) {
            desk->on_request(std::move(exchange));
        } else {
            exchange.respond(gone());
        }
    }
    std::optional<http_response> refuses(const http_request& request) override
    {
        const auto desk = desk_.lock();
        return desk == nullptr ? gone() : desk->refuses(request);
    }
    const websocket_terms& terms() const override { return terms_; }
    websocket_options channel_options() const override
    {
        websocket_options how;
        how.message_max = options_->terms.max_payload;
        how.close_timeout = options_->close_timeout;
        return how;
    }
    void on_websocket(Channel link, came_from from, const websocket_agreement&) override
    {
        if (const auto desk = desk_.lock()) {
            desk->on_websocket(std::make_shared<engine_io_websocket<Channel>>(std::move(link), options_->close_timeout),
                               std::move(from));
        }
    }

private:
    static http_response gone() { return http_text(503, "This server is gone.\n"); }

    std::weak_ptr<engine_io_desk> desk_;
    std::shared_ptr<const engine_io_server_options> options_;
    websocket_terms terms_;
};

} // namespace rejoinder::inline v0::detail

#endif
