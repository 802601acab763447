// Other links than TCP with lengths: lines that a script can write, Unix sockets, pipes.
#include <rejoinder/channel/stream.hpp>
#include <rejoinder/channel/tcp_connector.hpp>
#include <rejoinder/channel/unix_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include "support/house.hpp"

#include <asio/connect_pipe.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/readable_pipe.hpp>
#include <asio/writable_pipe.hpp>

#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::json;
using rejoinder::user;

namespace {

// What twenty lines of any script do: it writes lines, and reads lines.
class script {
public:
    script(asio::io_context& io, asio::ip::tcp::socket socket) : io_(io), socket_(std::move(socket)) { socket_.non_blocking(true); }

    void says(std::string_view line)
    {
        const std::string all = std::string{line} + '\n';
        CHECK(::write(socket_.native_handle(), all.data(), all.size()) == static_cast<ssize_t>(all.size()));
    }

    // The next line that is no ping: those are answered, as any peer must.
    std::string hears()
    {
        constexpr std::string_view ping = R"(["ping")";
        auto line = next();
        for (; line.starts_with(ping); line = next()) {
            says(R"(["pong")" + line.substr(ping.size(), line.find_first_of(",]", ping.size() + 1) - ping.size()) + ']');
        }
        return line;
    }

private:
    std::string next()
    {
        driven::until(io_, [this] {
            char piece[512];
            std::error_code none_now;
            const auto got = socket_.read_some(asio::buffer(piece), none_now);
            came_.append(piece, got);
            return came_.find('\n') != std::string::npos;
        });
        const auto end = came_.find('\n');
        auto line = came_.substr(0, end);
        came_.erase(0, end == std::string::npos ? end : end + 1);
        return line;
    }

    asio::io_context& io_;
    asio::ip::tcp::socket socket_;
    std::string came_;
};

// The two ends of a pipe in each direction make a stream.
class two_pipes {
public:
    using executor_type = asio::any_io_executor;

    explicit two_pipes(const executor_type& executor) : in(executor), out(executor) {}

    executor_type get_executor() { return in.get_executor(); }

    template <class Buffers, class Token>
    auto async_read_some(const Buffers& to, Token&& token)
    {
        return in.async_read_some(to, std::forward<Token>(token));
    }
    template <class Buffers, class Token>
    auto async_write_some(const Buffers& from, Token&& token)
    {
        return out.async_write_some(from, std::forward<Token>(token));
    }
    void close(std::error_code& ec)
    {
        in.close(ec);
        out.close(ec);
    }

    asio::readable_pipe in;
    asio::writable_pipe out;
};

// A connector with one channel to give.
template <class Channel>
struct given {
    using channel_type = Channel;
    std::shared_ptr<Channel> one;

    [[nodiscard]] std::string description() const { return "given:"; }

    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, Channel)>(
            [executor, from = one](auto&& handler) {
                rejoinder::completion<void(std::error_code, Channel)>{std::forward<decltype(handler)>(handler), executor}.post({}, std::move(*from));
            },
            token);
    }
};

using lines = rejoinder::stream<asio::ip::tcp::socket, rejoinder::newline_delimited>;

} // namespace

TEST_CASE("a script that writes lines asks a hub, and answers it")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.authenticate(identity_of_auth);
    hub.on("add", [](const std::vector<int>& all) {
        int sum = 0;
        for (const int one : all) {
            sum += one;
        }
        return sum;
    });
    std::string noted;
    hub.on("note", [&](const std::string& what) { noted = what; });
    const auto port = rejoinder::listen<lines>(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    asio::ip::tcp::socket socket{io};
    socket.connect(port);
    script peer{io, std::move(socket)};

    peer.says(R"(["hello",{"v":1,"incarnation":"a script","auth":"42"}])");
    CHECK(peer.hears().starts_with(R"(["welcome",{"v":1)"));
    peer.says(R"(["ready"])");
    peer.says(R"(["req",1024,"add",[1,2,3]])");
    CHECK(peer.hears() == R"(["res",1024,6])");
    peer.says(R"(  [ "req" , 1025 , "add" , [ 4 , 5 ] , { "ttl" : 1000 } ]  )");
    CHECK(peer.hears() == R"(["res",1025,9])");
    peer.says(R"(["msg",1026,"note","remember"])");
    CHECK(peer.hears() == R"(["ack",1026])");
    CHECK(noted == "remember");
    peer.says(R"(["ping",1,[1024,1025]])");
    CHECK(peer.hears() == R"(["pong",1])");

    int answered = 0;
    hub.async_request(user{"42"}, "who", json("you"), {.timeout = 5s}, [&](std::error_code ec, const rejoinder::reply& got) {
        CHECK_FALSE(ec);
        CHECK(got.json() == json("a script"));
        ++answered;
    });
    const auto question = peer.hears();
    CHECK(question.starts_with(R"(["req",)"));
    CHECK(question.find(R"("who","you",{"ttl":)") != std::string::npos);
    peer.says(R"(["res",)" + question.substr(7, question.find(',', 7) - 7) + R"(,"a script"])");
    CHECK(driven::until(io, [&] { return answered == 1; }));

    peer.says(R"(["bye","going_away"])");
    CHECK(driven::until(io, [&] { return hub.connections() == 0; }));
    CHECK(hub.presence_of(rejoinder::identity{"42"}) == rejoinder::presence::grace);
}

TEST_CASE("a client speaks to a script that plays the hub")
{
    asio::io_context io;
    asio::ip::tcp::acceptor port{io, {asio::ip::address_v4::loopback(), 0}};
    rejoinder::client<> tab{io.get_executor(), rejoinder::tcp_connector<rejoinder::newline_delimited>{port.local_endpoint()},
                            {.auth = "\"42\"", .metadata = R"({"page":"/orders"})"}};
    tab.on("double", [](int number, rejoinder::incoming asked) {
        asked.progress("half way");
        return number * 2;
    });
    driven::settle(io);
    script hub{io, port.accept()};
    const auto hello = hub.hears();
    CHECK(hello.starts_with(R"(["hello",{"v":1)"));
    CHECK(hello.find(R"("auth":"42")") != std::string::npos);
    CHECK(hello.find(R"("meta":{"page":"/orders","connection_id":")") != std::string::npos);
    hub.says(R"(["welcome",{"v":1,"capacity":16,"token":"secret"}])");
    CHECK(hub.hears() == R"(["ready"])");
    hub.says(R"(["req",16,"double",21])");
    CHECK(hub.hears() == R"(["prg",16,"half way"])");
    CHECK(hub.hears() == R"(["res",16,42])");

    // Failures keep their words.
    std::string said;
    tab.async_request("buy", 1, [&](std::error_code ec, const rejoinder::reply& got) {
        CHECK(ec == rejoinder::errc::remote_error);
        said = std::string{got.code()} + ": " + std::string{got.text()} + ' ' + std::string{got.payload().bytes};
    });
    const auto question = hub.hears();
    REQUIRE(question.starts_with(R"(["req",)"));
    hub.says(R"(["err",)" + question.substr(7, question.find(',', 7) - 7) + R"(,"out_of_stock","none left",{"next":"Monday"}])");
    CHECK(driven::until(io, [&] { return !said.empty(); }));
    CHECK(said == R"(out_of_stock: none left {"next":"Monday"})");
}

TEST_CASE("a hub and a client talk over a Unix socket, and over two pipes")
{
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    hub.authenticate(identity_of_auth);
    const std::string long_text(300'000, 'x');
    hub.on("same", [](const std::string& what) { return what; });
    const auto check = [&](rejoinder::client<>& tab) {
        tab.on("same", [](const std::string& what) { return what; });
        int answered = 0;
        const auto done = [&](std::error_code ec, const rejoinder::reply& got) {
            CHECK_FALSE(ec);
            CHECK(got.as<std::string>() == long_text);
            ++answered;
        };
        for (int i = 0; i != 3; ++i) {
            tab.async_request("same", long_text, done);
            hub.async_request(user{"42"}, "same", long_text, {.timeout = 20s, .when_absent = rejoinder::absent::wait}, done);
        }
        CHECK(driven::until(io, [&] { return answered == 6; }));
    };
    SECTION("a Unix socket")
    {
        const std::string path = "/tmp/rejoinder_wires_" + std::to_string(::getpid());
        ::unlink(path.c_str());
        rejoinder::listen<rejoinder::stream<asio::local::stream_protocol::socket>>(hub, asio::local::stream_protocol::endpoint{path});
        rejoinder::client<> tab{io.get_executor(), rejoinder::unix_connector{path}, {.auth = "\"42\""}};
        check(tab);
        ::unlink(path.c_str());
    }
    SECTION("pipes")
    {
        two_pipes mine{io.get_executor()};
        two_pipes other{io.get_executor()};
        asio::connect_pipe(mine.in, other.out);
        asio::connect_pipe(other.in, mine.out);
        using piped = rejoinder::stream<two_pipes>;
        hub.serve(piped{std::move(other)});
        rejoinder::client<> tab{io.get_executor(), given<piped>{std::make_shared<piped>(std::move(mine))}, {.auth = "\"42\""}};
        check(tab);
    }
}
