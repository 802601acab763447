// HTTPS and wss://: sessions over TLS, and certificates that are not believed.
#include <rejoinder/channel/tls_websocket_connector.hpp>
#include <rejoinder/net/tls_web_listener.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>

#include "support/driven.hpp"
#include "tls/certificates.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

using rejoinder::tls_errc;
using rejoinder::tls_layer;

static_assert(rejoinder::async_stream<rejoinder::tls_stream>);
static_assert(rejoinder::connector<rejoinder::tls_websocket_connector>);

struct secure_house {
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    rejoinder::tls_web_listener web;

    explicit secure_house(const test_certificate& own, const rejoinder::web_options& options = {}) : secure_house(own.server(), options) {}
    explicit secure_house(const std::shared_ptr<asio::ssl::context>& own, const rejoinder::web_options& options = {})
        : web(io.get_executor(), {asio::ip::address_v4::loopback(), 0}, options, tls_layer<>{own})
    {
        web.websocket_to("/ws", hub);
        web.get("/healthz", [](const auto&) { return rejoinder::http_text(200, "well\n"); });
        hub.on("twice", [](int number) { return 2 * number; });
    }

    [[nodiscard]] std::string url(const std::string& host = "127.1") const
    {
        return "wss://" + host + ':' + std::to_string(web.local_endpoint().port()) + "/ws";
    }

    // How an attempt ends.
    std::error_code attempt(const rejoinder::tls_websocket_connector& by)
    {
        std::optional<std::error_code> ended;
        by.async_connect(io.get_executor(), [&](std::error_code ec, auto) { ended = ec; });
        CHECK(driven::until(io, [&] { return ended.has_value(); }));
        return ended.value_or(std::error_code{});
    }
};

const test_certificate& authority()
{
    static const test_certificate made{""};
    return made;
}

rejoinder::tls_websocket_connector believing(const std::string& url, const test_certificate& whom = authority())
{
    return rejoinder::tls_websocket_connector{url, {}, tls_layer<>{whom.believer()}};
}

} // namespace

TEST_CASE("a session lives over wss://, by name and by address")
{
    const auto* const host = GENERATE("127.1", "127.0.0.1");
    secure_house house{test_certificate{"DNS:127.1,IP:127.0.0.1", 1, &authority()}};
    rejoinder::client<> tab{house.io.get_executor(), believing(house.url(host))};
    int answer = 0;
    tab.connect();
    tab.async_request("twice", 21, [&](std::error_code ec, const rejoinder::reply& got) {
        CHECK_FALSE(ec);
        answer = got.as<int>();
    });
    CHECK(driven::until(house.io, [&] { return answer != 0; }));
    CHECK(answer == 42);
}

TEST_CASE("a connector for wss:// serves ws:// URLs, too")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    const auto port = rejoinder::listen<rejoinder::tcp_websocket>(hub, {asio::ip::address_v4::loopback(), 0});
    rejoinder::client<> tab{io.get_executor(),
                            rejoinder::tls_websocket_connector{"ws://127.0.0.1:" + std::to_string(port.local_endpoint().port()) + "/"}};
    tab.connect();
    CHECK(driven::until(io, [&] { return hub.sessions() == 1; }));
}

TEST_CASE("the TLS peer is verified by default: a wrong host name, an expired and a self-signed certificate are refused, each by its name")
{
    secure_house wrong{test_certificate{"DNS:other.example", 1, &authority()}};
    CHECK(wrong.attempt(believing(wrong.url())) == tls_errc::wrong_host_name);
    CHECK(wrong.attempt(believing(wrong.url("127.0.0.1"))) == tls_errc::wrong_host_name);

    secure_house expired{test_certificate{"DNS:127.1", -1, &authority()}};
    CHECK(expired.attempt(believing(expired.url())) == tls_errc::expired);

    secure_house alone{test_certificate{"DNS:127.1"}};
    CHECK(alone.attempt(believing(alone.url())) == tls_errc::self_signed);
    CHECK(alone.attempt(rejoinder::tls_websocket_connector{alone.url()}) == tls_errc::self_signed);

    const test_certificate stranger{""};
    secure_house unknown{test_certificate{"DNS:127.1", 1, &stranger}};
    CHECK(unknown.attempt(rejoinder::tls_websocket_connector{unknown.url()}) == tls_errc::unknown_authority);
    CHECK(unknown.hub.connections() == 0);

    const rejoinder::tls_websocket_connector careless{
        alone.url(), {}, tls_layer<>{std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client), rejoinder::tls_peers::anybody}};
    CHECK_FALSE(alone.attempt(careless));
    CHECK(make_error_code(tls_errc::revoked) == rejoinder::errc::untrusted);
    CHECK(make_error_code(tls_errc::not_yet_valid) != rejoinder::errc::untrusted); // this side's clock may not be set yet
    CHECK(make_error_code(tls_errc::expired).message() == "the certificate has expired");
}

TEST_CASE("a silent endless reconnect loop: a certificate that is not believed ends a client, its calls and its status say which fault it was")
{
    test_certificate own{"DNS:127.1", 1, &authority()};
    tls_errc fault{};
    SECTION("of another host")
    {
        own = test_certificate{"DNS:other.example", 1, &authority()};
        fault = tls_errc::wrong_host_name;
    }
    SECTION("out of date")
    {
        own = test_certificate{"DNS:127.1", -1, &authority()};
        fault = tls_errc::expired;
    }
    SECTION("vouched for by nobody else")
    {
        own = test_certificate{"DNS:127.1"};
        fault = tls_errc::self_signed;
    }
    secure_house house{own};
    rejoinder::client<> tab{house.io.get_executor(), believing(house.url())};
    std::optional<std::error_code> ended;
    std::string text;
    std::string kind;
    int attempts = 0;
    tab.on_event([&](const rejoinder::event& one) {
        if (one.name == "connect_failed") {
            ++attempts;
            kind = one.kind;
        }
    });
    tab.async_request("twice", 21, [&](std::error_code ec, const rejoinder::reply& got) {
        ended = ec;
        text = got.text();
    });
    REQUIRE(driven::until(house.io, [&] { return ended.has_value(); }));
    CHECK(tab.status().state == rejoinder::standing::failed);
    CHECK(tab.status().verdict == rejoinder::link_verdict::untrusted);
    CHECK(tab.status().last_error == fault);
    CHECK(tab.status().last_error == rejoinder::errc::untrusted);
    CHECK(*ended == rejoinder::errc::untrusted);
    CHECK(rejoinder::certainty_of(*ended) == rejoinder::certainty::never_sent);
    CHECK(text == make_error_code(fault).message());
    std::string later;
    tab.async_request("twice", 21, [&](std::error_code, const rejoinder::reply& got) { later = std::string{got.text()} + '.'; });
    REQUIRE(driven::until(house.io, [&] { return !later.empty(); }));
    CHECK(later == text + '.');
    CHECK(kind == "untrusted");
    CHECK(attempts == 1);
}

TEST_CASE("a certificate that is no longer believed is waited out by a client that was connected")
{
    const auto shown = test_certificate{"DNS:127.1", 1, &authority()}.server();
    secure_house house{shown};
    rejoinder::client_options<> quick;
    quick.backoff.schedule = {1ms, 1ms};
    rejoinder::client<> tab{house.io.get_executor(), believing(house.url()), quick};
    int attempts = 0;
    tab.on_event([&](const rejoinder::event& one) { attempts += one.name == "connect_failed" ? 1 : 0; });
    std::optional<rejoinder::peer> who;
    house.hub.on_attach([&](const rejoinder::peer& from) { who = from; });
    REQUIRE(driven::until(house.io, [&] { return who && tab.status().state == rejoinder::standing::connected; }));
    const auto show = [&](const test_certificate& other) {
        shown->use_certificate(asio::buffer(other.certificate_text()), asio::ssl::context::pem);
        shown->use_private_key(asio::buffer(other.key_text()), asio::ssl::context::pem);
    };
    show(test_certificate{"DNS:127.1", -1, &authority()});
    house.hub.close(who.value());
    REQUIRE(driven::until(house.io, [&] { return attempts >= 3; }));
    CHECK(tab.status().verdict == rejoinder::link_verdict::untrusted);
    CHECK(tab.status().last_error == tls_errc::expired);
    show(test_certificate{"DNS:127.1", 1, &authority()});
    CHECK(driven::until(house.io, [&] { return tab.status().state == rejoinder::standing::connected; }));
}

TEST_CASE("a host that TLS has no name for is refused when the connector is made, not in an attempt")
{
    const std::string longest(255, 'a');
    CHECK_NOTHROW(rejoinder::tls_websocket_connector{"wss://" + longest + "/"});
    CHECK_THROWS_AS(rejoinder::tls_websocket_connector{"wss://" + longest + "a/"}, std::invalid_argument);
    CHECK_NOTHROW(rejoinder::tls_websocket_connector{"ws://" + longest + "a/"});
}

TEST_CASE("a client that speaks no TLS, or is slow to, is closed, and others are served")
{
    secure_house house{test_certificate{"DNS:127.1", 1, &authority()}, {.head_timeout = 40ms}};
    asio::ip::tcp::socket plain{house.io};
    plain.connect(house.web.local_endpoint());
    asio::write(plain, asio::buffer(std::string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n"}));
    asio::ip::tcp::socket silent{house.io};
    silent.connect(house.web.local_endpoint());
    CHECK(driven::until(house.io, [&] { return house.web.counts().connections == 2 && house.web.connections() == 0; }));
    CHECK_FALSE(house.attempt(believing(house.url())));
}

TEST_CASE("a page that came by plain HTTP is not of the TLS port's origin")
{
    secure_house house{test_certificate{"DNS:127.1", 1, &authority()}};
    const auto attempt_from = [&](const std::string& scheme) {
        rejoinder::websocket_connector_options options;
        options.headers = {{"Origin", scheme + "://127.1:" + std::to_string(house.web.local_endpoint().port())}};
        return house.attempt(rejoinder::tls_websocket_connector{house.url(), options, tls_layer<>{authority().believer()}});
    };
    CHECK_FALSE(attempt_from("https"));
    CHECK(attempt_from("http"));
}

TEST_CASE("pages are served over TLS")
{
    secure_house house{test_certificate{"DNS:127.1", 1, &authority()}};
    asio::ssl::stream<asio::ip::tcp::socket> browser{house.io, *authority().believer()};
    browser.lowest_layer().connect(house.web.local_endpoint());
    bool open = false;
    browser.async_handshake(asio::ssl::stream_base::client, [&](std::error_code ec) { open = !ec; });
    REQUIRE(driven::until(house.io, [&] { return open; }));
    const std::string request{"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"};
    std::string came;
    for (int i = 0; i != 2; ++i) {
        asio::async_write(browser, asio::buffer(request), [](std::error_code, std::size_t) {});
        char piece[1000];
        std::size_t got = 0;
        browser.async_read_some(asio::buffer(piece), [&](std::error_code, std::size_t count) { got = count; });
        CHECK(driven::until(house.io, [&] { return got != 0; }));
        came.append(piece, got);
    }
    CHECK(came.find("well\n") != came.rfind("well\n"));
}
