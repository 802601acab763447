#include <rejoinder/wire/http_reader.hpp>

#include <cstddef>
#include <string>
#include <string_view>

#include "support/catch.hpp"

namespace {

using rejoinder::http_progress;

// Gives the bytes in pieces, as a connection would, and what is not used again.
template <class Reader>
std::string feed_http(Reader& to, std::string_view bytes, std::size_t piece = 100'000)
{
    std::string waiting;
    while (to.progress() != http_progress::whole && to.progress() != http_progress::bad && !bytes.empty()) {
        waiting.append(bytes.substr(0, piece));
        bytes.remove_prefix(std::min(piece, bytes.size()));
        waiting.erase(0, to.read(waiting));
    }
    return waiting.append(bytes);
}

int refusal_of(std::string_view bytes, rejoinder::http_limits limits = {})
{
    rejoinder::http_request_reader whole{limits};
    feed_http(whole, bytes);
    rejoinder::http_request_reader torn{limits};
    feed_http(torn, bytes, 1);
    CHECK(whole.refusal() == torn.refusal());
    return whole.refusal();
}

const std::string get = "GET / HTTP/1.1\r\nHost: a\r\n";
const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";

} // namespace

TEST_CASE("a request is read whole and byte by byte, and the next one stays for the next time")
{
    const std::string bytes = "POST /ws/a%20b/c?from=3&name=x%2By+z&flag HTTP/1.1\r\nHost: shop.example\r\nCookie: sid=abc; theme=\"dark\"\r\n"
                              "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\n";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        rejoinder::http_request_reader reader;
        CHECK(feed_http(reader, bytes, piece) == "GET / HTTP/1.1\r\n");
        REQUIRE(reader.progress() == http_progress::whole);
        const auto request = reader.take();
        CHECK(request.method == "POST");
        CHECK(request.path == "/ws/a b/c");
        CHECK(request.query.value("from") == "3");
        CHECK(request.query.value("name") == "x+y z");
        CHECK(request.query.contains("flag"));
        CHECK(request.cookies.value("sid") == "abc");
        CHECK(request.cookies.value("theme") == "dark");
        CHECK(request.headers.value("hOsT") == "shop.example");
        CHECK(request.body == "hello");
        CHECK(request.keeps_alive);
        CHECK(reader.progress() == http_progress::more);
    }
}

TEST_CASE("the head is seen before the body")
{
    rejoinder::http_request_reader reader;
    feed_http(reader, post + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(reader.progress() == http_progress::head);
    CHECK(reader.request().headers.value("expect") == "100-continue");
}

TEST_CASE("chunks are put together, and what follows the last one is no header")
{
    const std::string bytes = post + "Transfer-Encoding: chunked\r\n\r\n4;name=value\r\nWiki\r\n5\r\npedia\r\n0\r\nX-After: 1\r\n\r\nGET";
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, bytes.size()}) {
        rejoinder::http_request_reader reader;
        CHECK(feed_http(reader, bytes, piece) == "GET");
        REQUIRE(reader.progress() == http_progress::whole);
        const auto request = reader.take();
        CHECK(request.body == "Wikipedia");
        CHECK_FALSE(request.headers.contains("X-After"));
    }
}

TEST_CASE("a request whose length could be read in two ways is refused")
{
    CHECK(refusal_of(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
    CHECK(refusal_of(post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n") == 400);
    CHECK(refusal_of(post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Content-Length: 3, 3\r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Content-Length: 3, 4\r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Content-Length: +3\r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Content-Length: 0x3\r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Content-Length: \r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Content-Length : 3\r\n\r\nabc") == 400);
    CHECK(refusal_of(post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n") == 400);
    CHECK(refusal_of(post + "Transfer-Encoding: gzip, chunked\r\n\r\n") == 501);
    CHECK(refusal_of(post + "Transfer-Encoding: xchunked\r\n\r\n") == 501);
    CHECK(refusal_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
    CHECK(refusal_of(post + "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n") == 400);
    CHECK(refusal_of(post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n") == 400);
}

TEST_CASE("a head that is not strictly one is refused")
{
    CHECK(refusal_of("GET / HTTP/1.1\r\n\r\n") == 400); // no host
    CHECK(refusal_of(get + "Host: b\r\n\r\n") == 400);
    CHECK(refusal_of("GET / HTTP/1.0\r\n\r\n") == 0);
    CHECK(refusal_of(get + "A: b\r\n c\r\n\r\n") == 400); // a folded line
    CHECK(refusal_of(get + "A: b\n\r\n") == 400);
    CHECK(refusal_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
    CHECK(refusal_of(get + "A: b\rc\r\n\r\n") == 400);
    CHECK(refusal_of(get + std::string{"A: b\0c\r\n\r\n", 11}) == 400);
    CHECK(refusal_of(get + ": b\r\n\r\n") == 400);
    CHECK(refusal_of("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refusal_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == 505);
    CHECK(refusal_of("GET relative HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refusal_of("GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refusal_of("GET /a%2fb HTTP/1.1\r\nHost: a\r\n\r\n") == 400); // one reader's slash is the other one's letter
    CHECK(refusal_of("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(refusal_of("\x16\x03\x01\x02\r\n\r\n") == 400); // TLS on a plain port
}

TEST_CASE("too much is refused before it is kept")
{
    const rejoinder::http_limits small{.head_max = 200, .body_max = 10};
    CHECK(refusal_of(get + "A: " + std::string(300, 'b'), small) == 431);
    CHECK(refusal_of(get + "A: " + std::string(100, 'b') + "\r\n\r\n", small) == 0);
    CHECK(refusal_of(post + "Content-Length: 11\r\n\r\n", small) == 413);
    CHECK(refusal_of(post + "Transfer-Encoding: chunked\r\n\r\n6\r\nabcdef\r\n6\r\n", small) == 413);
    CHECK(refusal_of(post + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(10'000, 'x'), small) == 400);
}

TEST_CASE("a target may name its host itself, which then counts")
{
    rejoinder::http_request_reader reader;
    feed_http(reader, "GET http://real.example:81?x=1 HTTP/1.1\r\nHost: other\r\n\r\n");
    REQUIRE(reader.progress() == http_progress::whole);
    const auto request = reader.take();
    CHECK(request.headers.value("host") == "real.example:81");
    CHECK(request.path == "/");
    CHECK(request.query.value("x") == "1");
}

TEST_CASE("a response is read, and what follows a 101 belongs to somebody else")
{
    rejoinder::http_response_reader reader;
    CHECK(feed_http(reader, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x01x") == "\x81\x01x");
    REQUIRE(reader.progress() == http_progress::whole);
    const auto answer = reader.take();
    CHECK(answer.status == 101);
    CHECK(answer.headers.value("upgrade") == "websocket");

    rejoinder::http_response_reader refused;
    feed_http(refused, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy");
    CHECK(refused.take().body == "busy");
}

TEST_CASE("a response is written so that it can be read, and a header cannot break it")
{
    auto answer = rejoinder::http_text(200, "hello");
    answer.headers.add("X-Bad", "a\r\nSet-Cookie: stolen");
    answer.headers.add("content-length", "500");
    answer.headers.add("Transfer-Encoding", "chunked");
    std::string bytes;
    rejoinder::append_response(bytes, answer, {.after = rejoinder::http_sending::then::close});
    CHECK(bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    bytes.clear();
    rejoinder::append_response(bytes, rejoinder::http_text(200, "hello"), {.part = rejoinder::http_sending::what::head});
    CHECK(bytes == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\n");
}
