// A web listener over real sockets, by raw bytes: routes, WebSockets for hubs, pages, and whoever means it harm.
#include <rejoinder/net/web_listener.hpp>

#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/wire/event_codec.hpp>

#include "support/driven.hpp"
#include "support/no_descriptors.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

const asio::ip::tcp::endpoint any_web_port{asio::ip::address_v4::loopback(), 0};

// Writes bytes, and sees what came back; runs the listener meanwhile.
class browser {
public:
    browser(asio::io_context& io, const asio::ip::tcp::endpoint& to) : io_(io), socket_(own_)
    {
        socket_.connect(to);
        socket_.non_blocking(true);
    }

    void send(std::string_view bytes)
    {
        while (!bytes.empty()) {
            std::error_code ec;
            bytes.remove_prefix(socket_.write_some(asio::buffer(bytes), ec));
            if (ec == asio::error::would_block) {
                io_.restart();
                io_.run_one_for(1ms);
            } else if (ec) {
                return;
            }
        }
    }

    // All up to what is wanted; empty: they did not come.
    std::string sees(std::string_view wanted)
    {
        const bool came = driven::until(io_, [&] {
            look();
            return came_.find(wanted) != std::string::npos || ended_;
        });
        const auto at = came ? came_.find(wanted) : std::string::npos;
        if (at == std::string::npos) {
            UNSCOPED_INFO("came instead: " << came_);
            return {};
        }
        auto taken = came_.substr(0, at + wanted.size());
        came_.erase(0, taken.size());
        return taken;
    }
    // The status of the next answer; 0: none came.
    int status()
    {
        const auto line = sees("\r\n");
        return line.starts_with("HTTP/1.1 ") ? std::stoi(line.substr(9)) : 0;
    }
    bool sees_end()
    {
        return driven::until(io_, [&] {
            look();
            return ended_;
        });
    }
    void close() { socket_.close(); }
    void end_sending() { socket_.shutdown(asio::ip::tcp::socket::shutdown_send); }

private:
    void look()
    {
        char piece[4096];
        std::error_code ec;
        while (!ended_) {
            const auto got = socket_.read_some(asio::buffer(piece), ec);
            came_.append(piece, got);
            if (ec == asio::error::would_block) {
                return;
            }
            ended_ = static_cast<bool>(ec);
        }
    }

    asio::io_context& io_;
    asio::io_context own_;
    asio::ip::tcp::socket socket_;
    std::string came_;
    bool ended_ = false;
};

struct web_house {
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    rejoinder::web_listener web;

    explicit web_house(const rejoinder::web_options& options = {}) : web(io.get_executor(), any_web_port, options)
    {
        web.get("/healthz", [](const rejoinder::http_request&) { return rejoinder::http_text(200, "well\n"); });
        web.get("/hello/{name}", [](const rejoinder::http_request& asked) {
            return rejoinder::http_text(200, "hello " + std::string{asked.parameters.value("name")});
        });
        web.get("/broken", [](const rejoinder::http_request&) -> rejoinder::http_response { throw std::runtime_error("broken"); });
    }

    [[nodiscard]] browser visit() { return {io, web.local_endpoint()}; }
    int status_of(std::string_view bytes)
    {
        auto one = visit();
        one.send(bytes);
        return one.status();
    }
};

std::string get_of(std::string_view target)
{
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string upgrade_of(std::string_view target, std::string_view more = {})
{
    return "GET " + std::string{target} +
           " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           std::string{more} + "\r\n";
}

// Keeps what comes, to answer it later.
class late_handler final : public rejoinder::web_handler<rejoinder::tcp_websocket> {
public:
    void on_request(rejoinder::http_exchange exchange) override
    {
        exchange.on_abandoned([this] { ++abandoned; });
        kept = std::move(exchange);
        ++asked;
    }
    std::optional<rejoinder::http_response> on_head(const rejoinder::http_request& head, std::weak_ptr<const void> body) override
    {
        arriving = std::move(body);
        if (head.query.contains("throw")) {
            throw std::bad_alloc{};
        }
        return head.parameters.value("rest") == "busy" ? std::optional{rejoinder::http_text(409, "busy")} : std::nullopt;
    }
    std::optional<rejoinder::http_response> refuses(const rejoinder::http_request& request) override
    {
        return request.query.contains("sid") ? std::nullopt : std::optional{rejoinder::http_text(400, "no sid")};
    }
    const rejoinder::websocket_terms& terms() const override { return wanted; }
    void on_websocket(rejoinder::tcp_websocket channel, rejoinder::came_from from, const rejoinder::websocket_agreement&) override
    {
        opened = std::move(channel);
        sid = from.request->query.value("sid");
    }

    rejoinder::websocket_terms wanted;
    std::optional<rejoinder::http_exchange> kept;
    std::weak_ptr<const void> arriving;
    rejoinder::tcp_websocket opened;
    std::string sid;
    int asked = 0;
    int abandoned = 0;
};

// There is no memory for anything.
struct poor_layer : rejoinder::plain_layer<> {
    template <class Handler>
    static void open(stream_type&, rejoinder::websocket_role, Handler&&)
    {
        throw std::bad_alloc{};
    }
};
struct poor_exchange_site final : rejoinder::detail::exchange_site {
    void answer(rejoinder::http_response&&) override { throw std::bad_alloc{}; }
    void drop() override {}
};

} // namespace

TEST_CASE("a connection that there is no memory for leaves no trace, and an exchange may go without an answer")
{
    asio::io_context io;
    const rejoinder::basic_web_listener<poor_layer> web{io.get_executor(), any_web_port};
    browser lost{io, web.local_endpoint()};
    CHECK(lost.sees_end());
    CHECK(web.counts().connections == 1);
    CHECK(web.connections() == 0);

    const auto site = std::make_shared<poor_exchange_site>();
    const auto state = std::make_shared<rejoinder::detail::exchange_state>(
        rejoinder::detail::exchange_state{std::make_shared<rejoinder::http_request>(), {}, site});
    static_cast<void>(rejoinder::http_exchange{state});
    CHECK_FALSE(state->open);
}

TEST_CASE("pages are answered over one connection, one after the other and pipelined")
{
    web_house house;
    auto one = house.visit();
    one.send(get_of("/healthz"));
    CHECK_FALSE(one.sees("\r\n\r\nwell\n").empty());
    one.send(get_of("/hello/you%20all") + get_of("/broken") + get_of("/nowhere"));
    CHECK_FALSE(one.sees("hello you all").empty());
    CHECK(one.status() == 500);
    CHECK_FALSE(one.sees("No answer was given.\n").empty());
    CHECK(one.status() == 404);
    CHECK(house.web.connections() == 1);
    CHECK(house.web.counts().requests == 4);
}

TEST_CASE("a page is read only, and HEAD has no body")
{
    web_house house;
    CHECK(house.status_of("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n") == 405);
    auto one = house.visit();
    one.send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n" + get_of("/nowhere"));
    CHECK_FALSE(one.sees("Content-Length: 5\r\n\r\nHTTP/1.1 404").empty());
}

TEST_CASE("an answer says when it was made, and a body that others have, too, goes out behind its head")
{
    web_house house;
    const auto text = std::make_shared<const std::string>(300000, 'x');
    house.web.get("/shared", [&](const rejoinder::http_request&) {
        rejoinder::http_response answer;
        answer.shared = text;
        return answer;
    });
    house.web.get("/dated", [](const rejoinder::http_request&) {
        auto answer = rejoinder::http_text(200, "old");
        answer.headers.add("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
        return answer;
    });
    auto one = house.visit();
    one.send(get_of("/shared"));
    const auto came = one.sees(*text);
    CHECK(came.find("\r\nContent-Length: 300000\r\n") != std::string::npos);
    CHECK(came.find("\r\nDate: ") != std::string::npos);
    one.send("HEAD /shared HTTP/1.1\r\nHost: a\r\n\r\n" + get_of("/dated"));
    const auto more = one.sees("old");
    CHECK(more.find("Content-Length: 300000") != std::string::npos);
    CHECK(more.find("xxx") == std::string::npos);
    CHECK(more.find("Date: Sun, 06 Nov 1994") != std::string::npos);
    CHECK(rejoinder::http_date(std::chrono::sys_seconds{784111777s}) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(text.use_count() <= 2); // this one's, and the page's if it has not gone yet
}

TEST_CASE("a connection closes when its client wants it to, after the answer")
{
    web_house house;
    auto one = house.visit();
    one.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK_FALSE(one.sees("Connection: close\r\n\r\nwell\n").empty());
    CHECK(one.sees_end());
    one.close();
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 0; }));
    CHECK(house.status_of("GET /healthz HTTP/1.0\r\n\r\n") == 200);
}

TEST_CASE("pages of other origins may read what is opened to them")
{
    web_house house;
    house.web.get("/open", [](const auto&) { return rejoinder::http_text(200, "x"); }, {{"https://shop.example"}});
    auto one = house.visit();
    one.send("OPTIONS /open HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\nAccess-Control-Request-Method: GET\r\n\r\n");
    CHECK_FALSE(one.sees("Access-Control-Allow-Methods: GET,HEAD\r\n").empty());
    one.send("GET /open HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\n\r\n");
    CHECK_FALSE(one.sees("Access-Control-Allow-Origin: https://shop.example\r\n").empty());
}

TEST_CASE("a slow head is cut off with 408, one that never begins with silence")
{
    web_house house{{.head_timeout = 50ms, .body_timeout = 50ms}};
    auto slow = house.visit();
    slow.send("GET / HT");
    auto silent = house.visit();
    auto half = house.visit();
    half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    CHECK(slow.status() == 408);
    CHECK(slow.sees_end());
    CHECK(silent.sees_end());
    CHECK(half.status() == 408);
    CHECK(house.web.counts().bad == 2);
}

TEST_CASE("a client that sends its head byte by byte gets no more time for it")
{
    web_house house{{.head_timeout = 60ms}};
    auto slow = house.visit();
    const auto begun = std::chrono::steady_clock::now();
    int status = 0;
    slow.send("GET /");
    while (status == 0 && std::chrono::steady_clock::now() - begun < 10s) {
        slow.send("x");
        driven::pass(house.io, 2ms);
        status = house.web.counts().bad != 0 ? slow.status() : 0;
    }
    CHECK(status == 408);
}

TEST_CASE("an endless head gets 431, a large body 413, and the answer arrives though the client still writes")
{
    web_house house{{.head_max = 1024, .body_max = 1024}};
    auto endless = house.visit();
    endless.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(100'000, 'x'));
    CHECK(endless.status() == 431);
    auto large = house.visit();
    large.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
    CHECK(large.status() == 413);
    CHECK(house.status_of(get_of("/healthz")) == 200);
}

TEST_CASE("smuggled requests and other languages are refused")
{
    web_house house;
    CHECK(house.status_of("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
    CHECK(house.status_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
    CHECK(house.status_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505);
    CHECK(house.status_of("\x16\x03\x01\x02\r\n\r\n") == 400);
}

TEST_CASE("there are no more connections and bytes than the bounds say")
{
    web_house house{{.connections_max = 2, .bytes_max = 3000}};
    auto first = house.visit();
    auto second = house.visit();
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 2; }));
    CHECK(house.status_of(get_of("/healthz")) == 503);
    first.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(1900, 'x'));
    driven::settle(house.io);
    second.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(1900, 'x'));
    CHECK(second.status() == 503);
    second.close();
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 1; }));
    CHECK(house.status_of(get_of("/healthz")) == 200);
    CHECK(house.web.counts().turned_away == 2);
}

TEST_CASE("what a client sends around its chunks is not kept, and takes no room from others")
{
    web_house house{{.bytes_max = 20'000}};
    auto wordy = house.visit();
    wordy.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "1;a=" + std::string(2000, 'b') + "\r\nx\r\n";
    for (int i = 0; i != 50; ++i) {
        wordy.send(chunk);
        driven::settle(house.io);
    }
    CHECK(house.status_of(get_of("/healthz?" + std::string(3000, 'y'))) == 200);
    wordy.send("0\r\n\r\n");
    CHECK(wordy.status() == 404);
}

TEST_CASE("an idle connection is closed, and a client that announces its body is told to go on")
{
    web_house house{{.idle_timeout = 40ms}};
    auto one = house.visit();
    one.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(one.status() == 100);
    one.send("ab");
    CHECK_FALSE(one.sees("HTTP/1.1 404").empty());
    CHECK(one.sees_end());
}

TEST_CASE("WebSockets go to the hubs of their routes, several at once, and others are told what is spoken")
{
    web_house house;
    rejoinder::hub<> other{house.io.get_executor()};
    house.web.websocket_to("/ws/generations/{id}", house.hub);
    house.web.websocket_to("/ws/plugins", other, {.terms = {.subprotocols = {"plugin.v1"}}});
    auto one = house.visit();
    one.send(upgrade_of("/ws/generations/17"));
    CHECK_FALSE(one.sees("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n").empty());
    CHECK(driven::until(house.io, [&] { return house.hub.connections() == 1; }));
    auto two = house.visit();
    two.send(upgrade_of("/ws/plugins", "Sec-WebSocket-Protocol: plugin.v1\r\n"));
    CHECK_FALSE(two.sees("Sec-WebSocket-Protocol: plugin.v1\r\n").empty());
    CHECK(driven::until(house.io, [&] { return other.connections() == 1; }));
    CHECK(house.web.connections() == 0);
    CHECK(house.web.counts().upgrades == 2);

    CHECK(house.status_of(get_of("/ws/plugins")) == 426);
    CHECK(house.status_of(upgrade_of("/ws/nowhere")) == 404);
    CHECK(house.status_of(upgrade_of("/ws/generations/")) == 404);
    CHECK(house.status_of(upgrade_of("/healthz")) == 400);
    CHECK(house.status_of(upgrade_of("/ws/plugins", "Origin: https://evil.example\r\n")) == 403);
}

TEST_CASE("a client that is told when to come back waits that long")
{
    web_house house;
    rejoinder::hub<> none{house.io.get_executor(), {.connections_max = 0}};
    house.web.websocket_to("/ws", none);
    const auto address = "ws://127.0.0.1:" + std::to_string(house.web.local_endpoint().port()) + "/ws";
    rejoinder::client<> tab{house.io.get_executor(), rejoinder::websocket_connector{address}};
    tab.connect();
    CHECK(driven::until(house.io, [&] { return tab.status().next_try_at != rejoinder::never; }));
    CHECK(tab.status().last_error == rejoinder::errc::busy);
    CHECK(tab.status().next_try_at - std::chrono::steady_clock::now() > 4s); // the first delay is one second
}

TEST_CASE("a hub that is full or gone refuses before the handshake")
{
    web_house house;
    auto small = std::make_optional<rejoinder::hub<>>(house.io.get_executor(), rejoinder::hub_options<>{.connections_max = 1});
    house.web.websocket_to("/ws", *small);
    auto one = house.visit();
    one.send(upgrade_of("/ws"));
    CHECK(one.status() == 101);
    CHECK(driven::until(house.io, [&] { return small->connections() == 1; }));
    CHECK(house.status_of(upgrade_of("/ws")) == 503);
    small.reset();
    CHECK(house.status_of(upgrade_of("/ws")) == 503);
}

TEST_CASE("a hub that goes down refuses before the handshake, and says when to come back")
{
    web_house house;
    rejoinder::hub<> down{house.io.get_executor()};
    house.web.websocket_to("/ws", down);
    auto one = house.visit();
    one.send(upgrade_of("/ws"));
    CHECK(one.status() == 101); // without a hello it stays for a while
    CHECK(driven::until(house.io, [&] { return down.connections() == 1; }));
    down.async_shutdown(10s, [](std::error_code) {});
    auto two = house.visit();
    two.send(upgrade_of("/ws"));
    CHECK(two.status() == 503);
    CHECK(two.sees("Retry-After: ") != "");
}

TEST_CASE("a hub of another executor gets no route")
{
    web_house house;
    asio::io_context elsewhere;
    rejoinder::hub<> stranger{elsewhere.get_executor()};
    CHECK_THROWS_AS(house.web.websocket_to("/ws", stranger), std::invalid_argument);
}

TEST_CASE("a mounted handler answers later, and hears of a client that has gone")
{
    web_house house;
    const auto late = std::make_shared<late_handler>();
    house.web.mount("/socket.io/{rest...}", late);
    auto one = house.visit();
    one.send("POST /socket.io/?EIO=4 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\ndata" + get_of("/healthz"));
    REQUIRE(driven::until(house.io, [&] { return late->asked == 1; }));
    CHECK(late->kept->request().body == "data");
    CHECK(late->kept->request().query.value("EIO") == "4");
    driven::settle(house.io);
    late->kept->respond(rejoinder::http_text(200, "at last"));
    late->kept->respond(rejoinder::http_text(200, "twice"));
    CHECK_FALSE(one.sees("at last").empty());
    CHECK_FALSE(one.sees("well\n").empty()); // the one that waited behind it

    one.send(get_of("/socket.io"));
    REQUIRE(driven::until(house.io, [&] { return late->asked == 2; }));
    one.close();
    CHECK(driven::until(house.io, [&] { return late->abandoned == 1; }));
    CHECK_FALSE(late->kept->is_open());
    late->kept->respond(rejoinder::http_text(200, "nobody hears"));

    auto lost = house.visit();
    lost.send(get_of("/socket.io/"));
    REQUIRE(driven::until(house.io, [&] { return late->asked == 3; }));
    late->kept.reset();
    CHECK(lost.status() == 500);
}

TEST_CASE("a mounted handler sees the head of a body that is on its way, and may refuse it unread")
{
    web_house house;
    const auto late = std::make_shared<late_handler>();
    house.web.mount("/late/{rest...}", late);
    auto one = house.visit();
    one.send("POST /late/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nda");
    REQUIRE(driven::until(house.io, [&] { return !late->arriving.expired(); }));
    CHECK(late->asked == 0);
    one.send("ta");
    REQUIRE(driven::until(house.io, [&] { return late->asked == 1; }));
    CHECK(late->arriving.expired());
    CHECK(late->kept->request().body == "data");

    auto cut = house.visit();
    cut.send("POST /late/ HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nda");
    REQUIRE(driven::until(house.io, [&] { return !late->arriving.expired(); }));
    cut.close();
    CHECK(driven::until(house.io, [&] { return late->arriving.expired(); }));

    auto busy = house.visit();
    busy.send("POST /late/busy HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK(busy.status() == 409);
    CHECK(busy.sees_end());
    auto broken = house.visit();
    broken.send("POST /late/?throw HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    CHECK(broken.status() == 500);
    CHECK(late->asked == 1);
}

TEST_CASE("a mounted handler takes WebSockets, or refuses them in its own words")
{
    web_house house;
    const auto late = std::make_shared<late_handler>();
    house.web.mount("/socket.io/{rest...}", late);
    auto refused = house.visit();
    refused.send(upgrade_of("/socket.io/"));
    CHECK_FALSE(refused.sees("no sid").empty());
    auto one = house.visit();
    one.send(upgrade_of("/socket.io/?sid=abc"));
    CHECK(one.status() == 101);
    CHECK(driven::until(house.io, [&] { return late->sid == "abc"; }));
    late->opened.close();
    CHECK(one.sees_end());
}

TEST_CASE("a listener that goes takes its requests with it, not its WebSockets")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    const auto late = std::make_shared<late_handler>();
    auto web = std::make_optional<rejoinder::web_listener>(io.get_executor(), any_web_port);
    web->websocket_to("/ws", hub);
    web->mount("/late", late);
    browser socket{io, web->local_endpoint()};
    socket.send(upgrade_of("/ws"));
    CHECK(socket.status() == 101);
    browser waiting{io, web->local_endpoint()};
    waiting.send(get_of("/late"));
    REQUIRE(driven::until(io, [&] { return late->asked == 1 && hub.connections() == 1; }));
    web.reset();
    CHECK(late->abandoned == 1);
    CHECK(waiting.sees_end());
    CHECK(hub.connections() == 1);
    late->kept->respond(rejoinder::http_text(200, "nobody hears"));
}

TEST_CASE("an authenticator sees the request that a session came by, and the session works")
{
    web_house house;
    house.web.websocket_to("/ws/generations/{id}", house.hub);
    std::string seen;
    house.hub.authenticate([&](const rejoinder::handshake& of) {
        const auto& by = *of.request;
        seen = std::string{by.path} + ' ' + std::string{by.parameters.value("id")} + ' ' + std::string{by.cookies.value("sid")} + ' ' +
               std::string{by.query.value("from")} + ' ' + std::string{by.headers.value("X-Tab")};
        return rejoinder::identity{std::string{by.cookies.value("sid")}};
    });
    house.hub.on("twice", [](int number) { return 2 * number; });
    rejoinder::websocket_connector_options options;
    options.headers = {{"Cookie", "theme=dark; sid=42"}, {"X-Tab", "first"}};
    const auto port = std::to_string(house.web.local_endpoint().port());
    rejoinder::client<> tab{house.io.get_executor(), rejoinder::websocket_connector{"ws://127.0.0.1:" + port + "/ws/generations/17?from=3", options}};
    int answer = 0;
    tab.connect();
    tab.async_request("twice", 21, [&](std::error_code ec, const rejoinder::reply& got) {
        CHECK_FALSE(ec);
        answer = got.as<int>();
    });
    CHECK(driven::until(house.io, [&] { return answer != 0; }));
    CHECK(answer == 42);
    CHECK(seen == "/ws/generations/17 17 42 3 first");
    CHECK(house.hub.presence_of(rejoinder::identity{"42"}) == rejoinder::presence::present);
}

TEST_CASE("a hub listens for WebSockets alone in one line, and a client without the right is told for good")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    std::string address;
    {
        const auto port = rejoinder::listen<rejoinder::tcp_websocket>(hub, any_web_port);
        address = "ws://127.0.0.1:" + std::to_string(port.local_endpoint().port());
    }
    rejoinder::client<> tab{io.get_executor(), rejoinder::websocket_connector{address + "/any/path"}};
    tab.connect();
    CHECK(driven::until(io, [&] { return hub.sessions() == 1; }));

    rejoinder::websocket_connector_options foreign;
    foreign.headers = {{"Origin", "https://evil.example"}};
    rejoinder::client<> evil{io.get_executor(), rejoinder::websocket_connector{address, foreign}};
    evil.connect();
    CHECK(driven::until(io, [&] { return evil.status().verdict == rejoinder::link_verdict::refused; }));
    CHECK(hub.sessions() == 1);
}

TEST_CASE("a web port survives a process that is out of descriptors")
{
    web_house house;
    CHECK(house.status_of(get_of("/healthz")) == 200); // whatever is opened at the first use, is
    REQUIRE(driven::until(house.io, [&] { return house.web.connections() == 0; }));
    asio::ip::tcp::socket first{house.io};
    {
        no_descriptors out{1}; // one for the socket that connects, none for the one that is accepted
        first.connect(house.web.local_endpoint());
        driven::pass(house.io, 50ms);
        CHECK(house.web.connections() == 0);
    }
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 1; }));
    CHECK(house.status_of(get_of("/healthz")) == 200);
}

TEST_CASE("a WebSocket asked for behind an unanswered request is refused, and the answers keep their order")
{
    web_house house;
    const auto late = std::make_shared<late_handler>();
    house.web.mount("/late", late);
    house.web.websocket_to("/ws", house.hub);
    auto one = house.visit();
    one.send(get_of("/late") + upgrade_of("/ws"));
    REQUIRE(driven::until(house.io, [&] { return late->asked == 1; }));
    driven::settle(house.io);
    late->kept->respond(rejoinder::http_text(200, "first"));
    CHECK_FALSE(one.sees("first").empty());
    CHECK(one.status() == 400);
    CHECK(one.sees_end());
    CHECK(house.hub.connections() == 0);
}

TEST_CASE("a client that ends its sending half still gets its answer")
{
    web_house house;
    auto one = house.visit();
    one.send(get_of("/healthz"));
    one.end_sending();
    CHECK_FALSE(one.sees("well\n").empty());
    CHECK(one.sees_end());
    one.close();
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 0; }));
}

TEST_CASE("a page that reads nothing and closes loses what is under way, and harms neither the hub nor what was not sent")
{
    web_house house;
    rejoinder::event_fields fields;
    fields.id = "id";
    rejoinder::websocket_route<rejoinder::event_codec> route;
    route.spelling = rejoinder::event_codec{fields};
    house.web.websocket_to("/ws", house.hub, route);
    const std::string big(200'000, 'x');
    int runs = 0;
    house.hub.on("big", [&](const rejoinder::json&) {
        ++runs;
        return rejoinder::json(big);
    });
    std::optional<rejoinder::peer> there;
    house.hub.on_attach([&](const rejoinder::peer& who) { there = who; });
    const auto framed = [](char first, const std::string& body) {
        return std::string{first, static_cast<char>(0x80 | body.size()), '\0', '\0', '\0', '\0'} + body;
    };
    auto page = house.visit();
    page.send(upgrade_of("/ws"));
    REQUIRE_FALSE(page.sees("\r\n\r\n").empty());
    std::string questions;
    for (int i = 0; i != 60; ++i) {
        questions += framed('\x81', R"({"type":"big","data":1,"id":)" + std::to_string(i + 1) + "}");
    }
    page.send(questions);
    REQUIRE(driven::until(house.io, [&] { return runs == 60; }));
    std::vector<std::error_code> ends;
    for (int i = 0; i != 20; ++i) {
        house.hub.async_deliver(*there, "order", big, [&](std::error_code ec, const rejoinder::reply&) { ends.push_back(ec); });
    }
    page.send(framed('\x88', "\x03\xe8"));
    CHECK(page.sees_end());
    CHECK(driven::until(house.io, [&] { return ends.size() == 20; }));
    CHECK(std::none_of(ends.begin(), ends.end(), [](const auto& ec) { return !ec || ec == rejoinder::errc::too_big; }));
    CHECK(house.status_of(get_of("/healthz")) == 200);
}

TEST_CASE("a client that does not take its answer is closed in time")
{
    web_house house{{.answer_timeout = 40ms}};
    house.web.get("/large", [](const auto&) { return rejoinder::http_text(200, std::string(std::size_t{32} << 20, 'x')); });
    auto one = house.visit();
    one.send(get_of("/large"));
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 1; }));
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 0; }));
}

TEST_CASE("large answers that nobody takes are kept up to a bound, and small ones always pass")
{
    web_house house{{.connections_max = 4, .bytes_max = std::size_t{48} << 20}};
    house.web.get("/large", [](const auto&) { return rejoinder::http_text(200, std::string(std::size_t{32} << 20, 'x')); });
    auto deaf = house.visit();
    deaf.send(get_of("/large"));
    CHECK(driven::until(house.io, [&] { return house.web.counts().requests == 1; }));
    CHECK(house.status_of(get_of("/large")) == 503);
    CHECK(house.status_of(get_of("/healthz")) == 200);
    CHECK(house.web.counts().turned_away == 1);
    deaf.close();
    CHECK(driven::until(house.io, [&] { return house.web.connections() == 0; }));
    CHECK(house.status_of(get_of("/large")) == 200);
}
