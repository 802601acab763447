#include <rejoinder/wire/websocket_handshake.hpp>

#include <optional>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

using rejoinder::deflate_terms;

rejoinder::http_request upgrade_request()
{
    rejoinder::http_request made;
    made.method = "GET";
    made.target = made.path = "/chat";
    made.headers = {{"Host", "server.example.com"},
                    {"Upgrade", "WebSocket"},
                    {"Connection", "keep-alive, Upgrade"},
                    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
                    {"Sec-WebSocket-Version", "13"}};
    return made;
}

rejoinder::websocket_offer offer_to(std::string_view where)
{
    return {rejoinder::parse_url(where).value(), "dGhlIHNhbXBsZSBub25jZQ==", {}, {}, {}};
}

rejoinder::http_response switching()
{
    return {101, {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}}, {}};
}

rejoinder::websocket_verdict verdict_of_answer(const rejoinder::http_response& answer, const rejoinder::websocket_offer& offer)
{
    rejoinder::websocket_agreement agreed;
    return read_websocket_answer(answer, offer, agreed);
}

} // namespace

TEST_CASE("a URL is read into its parts, and what is none is refused")
{
    using rejoinder::parse_url;
    const auto plain = parse_url("ws://Example.com/ws?token=a");
    REQUIRE(plain);
    CHECK(plain->port == 80);
    CHECK(plain->target == "/ws?token=a");
    CHECK(plain->description() == "ws://Example.com/ws");
    const auto secure = parse_url("WSS://[::1]:8443?x");
    REQUIRE(secure);
    CHECK(secure->is_secure());
    CHECK(secure->host == "::1");
    CHECK(secure->authority() == "[::1]:8443");
    CHECK(secure->target == "/?x");
    for (const auto* const bad : {"", "ws://", "ws:///x", "ftp://a/", "ws://a:b/", "ws://a:0/", "ws://a:70000/", "ws://me@a/", "ws://a/#f",
                                  "ws://a/ b", "ws://a/\r\nX: y", "ws://[::1/", "ws://[::1]x/", "//a/"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_url(bad));
    }
}

TEST_CASE("a key is answered as RFC 6455 has it, and SHA-1 as RFC 3174")
{
    CHECK(rejoinder::websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(rejoinder::websocket_key("the sample nonce") == "dGhlIHNhbXBsZSBub25jZQ==");
    using rejoinder::detail::sha1;
    CHECK(sha1("abc") == "\xA9\x99\x3E\x36\x47\x06\x81\x6A\xBA\x3E\x25\x71\x78\x50\xC2\x6C\x9C\xD0\xD8\x9D");
    const std::string_view of_nothing{"\xDA\x39\xA3\xEE\x5E\x6B\x4B\x0D\x32\x55\xBF\xEF\x95\x60\x18\x90\xAF\xD8\x07\x09"};
    CHECK(sha1("") == of_nothing);
    for (const std::size_t size : {std::size_t{55}, std::size_t{56}, std::size_t{63}, std::size_t{64}}) {
        CHECK(sha1(std::string(size, 'a')).size() == 20);
        CHECK(sha1(std::string(size, 'a')) != sha1(std::string(size + 1, 'a')));
    }
    CHECK(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
          "\x84\x98\x3E\x44\x1C\x3B\xD2\x6E\xBA\xAE\x4A\xA1\xF9\x51\x29\xE5\xE5\x46\x70\xF1");
}

TEST_CASE("a server accepts a right handshake and says why it takes no other")
{
    const auto good = answer_websocket(upgrade_request(), {});
    REQUIRE(good.is_accepted());
    CHECK(good.response.headers == switching().headers);

    const auto status_with = [](auto change) {
        auto request = upgrade_request();
        change(request);
        return answer_websocket(request, {}).response.status;
    };
    CHECK(status_with([](auto& r) { r.method = "POST"; }) == 400);
    CHECK(status_with([](auto& r) { r.version = 10; }) == 400);
    CHECK(status_with([](auto& r) { r.headers.set("Connection", "close"); }) == 400);
    CHECK(status_with([](auto& r) { r.headers.set("Sec-WebSocket-Key", "short"); }) == 400);
    CHECK(status_with([](auto& r) { r.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="); }) == 400);
    CHECK(status_with([](auto& r) { r.headers.set("Origin", "https://evil.example"); }) == 403);
    CHECK(status_with([](auto& r) { r.headers.set("Origin", "https://server.example.com"); }) == 101);

    auto old = upgrade_request();
    old.headers.set("Sec-WebSocket-Version", "8");
    const auto refused = answer_websocket(old, {});
    CHECK(refused.response.status == 426);
    CHECK(refused.response.headers.value("Sec-WebSocket-Version") == "13");
}

TEST_CASE("a page is of the server's own origin by scheme, host and port")
{
    const auto lets = [](std::string_view origin, std::string_view host, bool by_tls, const rejoinder::origin_policy& policy = {}) {
        auto request = upgrade_request();
        request.headers.set("Origin", origin);
        request.headers.set("Host", host);
        request.is_secure = by_tls;
        return policy.allows(request);
    };
    CHECK(lets("http://shop.example", "shop.example", false));
    CHECK(lets("https://shop.example", "shop.example", true));
    CHECK(lets("https://shop.example", "shop.example:443", true));
    CHECK(lets("https://shop.example", "shop.example", false)); // by a proxy
    CHECK_FALSE(lets("http://shop.example", "shop.example", true));
    CHECK_FALSE(lets("http://shop.example", "shop.example:443", true));
    CHECK_FALSE(lets("http://shop.example", "shop.example:443", false));
    CHECK_FALSE(lets("http://shop.example:8080", "shop.example", false));
    CHECK_FALSE(lets("ftp://shop.example", "shop.example", false));
    CHECK_FALSE(lets("null", "shop.example", false));

    const rejoinder::origin_policy named{{}, {"shop.example"}};
    CHECK(lets("https://shop.example", "shop.example", true, named));
    CHECK_FALSE(lets("http://rebound.example", "rebound.example", false, named));
}

TEST_CASE("pages of other origins are let in by name, and others are not opened to")
{
    auto request = upgrade_request();
    request.headers.set("Origin", "https://shop.example");
    const rejoinder::origin_policy listed{{"https://shop.example"}};
    CHECK(listed.allows(request));
    CHECK_FALSE(rejoinder::origin_policy{{"https://shop.example.evil"}}.allows(request));
    CHECK(rejoinder::origin_policy{{"*"}}.allows(request));

    rejoinder::http_response answer;
    listed.open_to(request, answer);
    CHECK(answer.headers.value("Access-Control-Allow-Origin") == "https://shop.example");
    CHECK(answer.headers.value("Access-Control-Allow-Credentials") == "true");
    rejoinder::http_response to_nobody;
    listed.open_to(upgrade_request(), to_nobody);
    CHECK(to_nobody.headers.value("Vary") == "Origin"); // a cache would give it to a page that is listed
    CHECK_FALSE(to_nobody.headers.contains("Access-Control-Allow-Origin"));
    rejoinder::http_response to_all;
    rejoinder::origin_policy{{"*"}}.open_to(request, to_all);
    CHECK(to_all.headers.value("Access-Control-Allow-Origin") == "*");
    CHECK_FALSE(to_all.headers.contains("Access-Control-Allow-Credentials"));
    rejoinder::http_response closed;
    rejoinder::origin_policy{}.open_to(request, closed);
    CHECK(closed.headers.empty());
    CHECK(listed.preflight(request).headers.value("Access-Control-Allow-Methods") == "GET,HEAD,POST");
    CHECK(rejoinder::origin_policy{}.preflight(request).headers.empty());
}

TEST_CASE("the client's first subprotocol that the server speaks is taken")
{
    auto request = upgrade_request();
    request.headers.add("Sec-WebSocket-Protocol", "soap, v2.events");
    request.headers.add("Sec-WebSocket-Protocol", "v1.events");
    const auto both = answer_websocket(request, {.subprotocols = {"v1.events", "v2.events"}});
    CHECK(both.agreement.subprotocol == "v2.events");
    CHECK(both.response.headers.value("Sec-WebSocket-Protocol") == "v2.events");
    CHECK_FALSE(answer_websocket(request, {.subprotocols = {"V1.EVENTS"}}).response.headers.contains("Sec-WebSocket-Protocol"));
}

TEST_CASE("an offer of compression is accepted by the rules of RFC 7692")
{
    const auto answered = [](std::string_view offers, deflate_terms ours = {}) { return rejoinder::answer_deflate(offers, ours).text; };
    CHECK(answered("permessage-deflate") == "permessage-deflate");
    CHECK(answered("x-webkit-deflate-frame, permessage-deflate; client_max_window_bits") == "permessage-deflate");
    CHECK(answered("permessage-deflate; server_no_context_takeover; client_no_context_takeover") ==
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    CHECK(answered("permessage-deflate; server_max_window_bits=10") == "permessage-deflate; server_max_window_bits=10");
    CHECK(answered("permessage-deflate; server_max_window_bits=\"10\"") == "permessage-deflate; server_max_window_bits=10");
    CHECK(answered("permessage-deflate; client_max_window_bits=11; server_max_window_bits=12") ==
          "permessage-deflate; server_max_window_bits=12; client_max_window_bits=11");
    const deflate_terms small{true, false, 11, 10};
    CHECK(answered("permessage-deflate; client_max_window_bits", small) ==
          "permessage-deflate; server_no_context_takeover; server_max_window_bits=11; client_max_window_bits=10");
    // A client takes its limit for granted only if the server repeats it, even the largest one.
    CHECK(answered("permessage-deflate; server_max_window_bits=15") == "permessage-deflate; server_max_window_bits=15");
    CHECK(answered("permessage-deflate; server_max_window_bits=15", small) ==
          "permessage-deflate; server_no_context_takeover; server_max_window_bits=11");
    // A client that did not offer to can not be told to keep a smaller window.
    CHECK(rejoinder::answer_deflate("permessage-deflate", small).terms->client_max_window_bits == 15);
    // What cannot be had is passed over for the next offer.
    for (const auto* const bad :
         {"permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=7",
          "permessage-deflate; server_max_window_bits=010", "permessage-deflate; server_max_window_bits=8", "permessage-deflate; unknown",
          "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
          "permessage-deflate; client_max_window_bits; client_max_window_bits=9"}) {
        CAPTURE(bad);
        CHECK(answered(bad).empty());
        CHECK(answered(std::string{bad} + ", permessage-deflate") == "permessage-deflate");
    }
    CHECK(rejoinder::answer_deflate("permessage-deflate; =3", {}).bad);
    CHECK(rejoinder::answer_deflate("; a", {}).bad);
    CHECK_FALSE(rejoinder::answer_deflate("", {}).terms);

    auto request = upgrade_request();
    request.headers.add("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits=10");
    CHECK_FALSE(answer_websocket(request, {}).agreement.deflate);
    const auto made = answer_websocket(request, {.deflate = deflate_terms{}});
    CHECK(made.agreement.deflate == deflate_terms{false, false, 15, 10});
    CHECK(made.response.headers.contains("Sec-WebSocket-Extensions"));
}

TEST_CASE("a client's request is what a server takes")
{
    auto offer = offer_to("ws://127.0.0.1:8080/ws?x=1");
    offer.subprotocols = {"a", "b"};
    offer.deflate = deflate_terms{};
    offer.headers = {{"Origin", "http://127.0.0.1:8080"}, {"X-Bad", "a\r\nb: c"}};
    CHECK(rejoinder::websocket_request(offer) == "GET /ws?x=1 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                                                 "Sec-WebSocket-Protocol: a, b\r\n"
                                                 "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                                                 "Origin: http://127.0.0.1:8080\r\n\r\n");
}

TEST_CASE("a client takes no answer but the one to its offer")
{
    using rejoinder::websocket_verdict;
    const auto offer = offer_to("ws://a/");
    CHECK(verdict_of_answer(switching(), offer) == websocket_verdict::accepted);
    CHECK(verdict_of_answer(rejoinder::http_text(401, ""), offer) == websocket_verdict::refused);
    const auto with = [&](std::string_view name, std::string_view value) {
        auto answer = switching();
        answer.headers.set(name, value);
        return verdict_of_answer(answer, offer);
    };
    CHECK(with("Upgrade", "h2c") == websocket_verdict::not_spoken);
    CHECK(with("Connection", "close") == websocket_verdict::not_spoken);
    CHECK(with("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOP=") == websocket_verdict::not_spoken);
    CHECK(with("Sec-WebSocket-Protocol", "unasked") == websocket_verdict::not_spoken);
    CHECK(with("Sec-WebSocket-Extensions", "permessage-deflate") == websocket_verdict::not_spoken);
}

TEST_CASE("a server's answer to an offer of compression is checked")
{
    using rejoinder::read_deflate_answer;
    const deflate_terms all{};
    CHECK(read_deflate_answer("permessage-deflate", all).terms == all);
    CHECK_FALSE(read_deflate_answer("", all).bad);
    CHECK(read_deflate_answer("permessage-deflate; server_max_window_bits=9; client_max_window_bits=10", all).terms ==
          deflate_terms{false, false, 9, 10});
    CHECK(read_deflate_answer("permessage-deflate; client_no_context_takeover", all).terms == deflate_terms{false, true, 15, 15});
    for (const auto* const bad : {"permessage-deflate, permessage-deflate", "other", "permessage-deflate; client_max_window_bits",
                                  "permessage-deflate; unknown", "permessage-deflate; server_max_window_bits=16", "permessage-deflate;;"}) {
        CAPTURE(bad);
        CHECK(read_deflate_answer(bad, all).bad);
    }
    CHECK(read_deflate_answer("permessage-deflate", std::nullopt).bad);
    const deflate_terms strict{true, false, 10, 15};
    CHECK(read_deflate_answer("permessage-deflate; server_max_window_bits=10", strict).bad);
    CHECK(read_deflate_answer("permessage-deflate; server_no_context_takeover", strict).bad);
    CHECK(read_deflate_answer("permessage-deflate; server_no_context_takeover; server_max_window_bits=10", strict).terms ==
          deflate_terms{true, false, 10, 15});
}
