// Whoever means ill at a web port, all at once, against one server that serves others meanwhile.
#include <rejoinder/channel/engine_io_connector.hpp>
#include <rejoinder/channel/plain_layer.hpp>
#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/channel/websocket_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>
#include <rejoinder/net/socket_io_server.hpp>
#include <rejoinder/net/web_listener.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>
#include <rejoinder/wire/websocket_deflate.hpp>

#include "support/counted_bytes.hpp"
#include "support/driven.hpp"
#include "support/websocket_bytes.hpp"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

using web_port_with_deflate = rejoinder::basic_web_listener<rejoinder::plain_layer<rejoinder::permessage_deflate>>;

// What a hostile peer does, and what it must get for it.
struct assault {
    std::string what;
    std::string opening;    // all of it at once
    std::string piece;      // and then this, again and again
    bool drips = false;     // a piece a turn; otherwise as many as there is room for
    std::string expected{}; // a status, "close CODE", or some text of a message
};

class hostile_peer {
public:
    hostile_peer(const asio::ip::tcp::endpoint& to, const assault& how) : how_(&how), rest_(how.opening)
    {
        socket_.connect(to);
        socket_.non_blocking(true);
    }

    // A turn of doing harm, and of reading what comes of it. True: it got what it deserves, or its connection has ended.
    bool step()
    {
        if (!is_over_) {
            listen();
        }
        for (int i = 0; !is_over_ && i != 16 && harm(); ++i) {
        }
        return is_over_;
    }
    [[nodiscard]] const assault& how() const { return *how_; }
    [[nodiscard]] const std::string& got() const { return got_; }

private:
    // False: it is the others' turn.
    bool harm()
    {
        if (rest_.empty()) {
            rest_ = how_->piece;
        }
        std::error_code ec;
        const auto sent = socket_.write_some(asio::buffer(rest_), ec);
        rest_.remove_prefix(ec ? 0 : sent);
        return !ec && rest_.empty() && !how_->drips && !how_->piece.empty();
    }

    void listen()
    {
        static std::array<char, 65536> piece;
        for (std::error_code ec; !ec && !is_over_;) {
            const auto got = socket_.read_some(asio::buffer(piece), ec);
            came_.append(piece.data(), got);
            while (!is_over_ && understand()) {
            }
            if (ec && ec != asio::error::would_block && !is_over_) {
                over("the end, without a word");
            }
        }
    }

    bool understand()
    {
        if (!is_websocket_) {
            const auto head = came_.find("\r\n\r\n");
            if (head == std::string::npos) {
                return false;
            }
            is_websocket_ = came_.compare(9, 3, "101") == 0;
            is_websocket_ ? static_cast<void>(came_.erase(0, head + 4)) : over(came_.substr(9, 3));
            return true;
        }
        const auto byte = [this](std::size_t i) { return std::size_t{static_cast<unsigned char>(came_[i])}; };
        if (came_.size() < 2) {
            return false;
        }
        const std::size_t head = byte(1) == 126 ? 4 : 2;
        if (came_.size() < head) {
            return false;
        }
        const auto size = head == 2 ? byte(1) : byte(2) << 8 | byte(3);
        if (came_.size() < head + size) {
            return false;
        }
        if (byte(0) == 0x88) {
            over("close " + (size < 2 ? std::string{"1005"} : std::to_string(byte(head) << 8 | byte(head + 1))));
        } else if (!how_->expected.empty() && std::string_view{came_}.substr(head, size).find(how_->expected) != std::string_view::npos) {
            over(how_->expected);
        }
        came_.erase(0, head + size);
        return true;
    }

    void over(std::string got)
    {
        got_ = std::move(got);
        is_over_ = true;
        std::error_code ignored;
        socket_.close(ignored);
    }

    const assault* how_;
    asio::io_context own_;
    asio::ip::tcp::socket socket_{own_};
    std::string_view rest_;
    std::string came_;
    std::string got_;
    bool is_websocket_ = false;
    bool is_over_ = false;
};

// Asks, and asks again when it is answered.
struct well_behaved {
    rejoinder::client<> tab;
    int answers = 0;
    int failures = 0;
    rejoinder::instant asked = std::chrono::steady_clock::now();
    rejoinder::duration longest{};

    void ask()
    {
        asked = std::chrono::steady_clock::now();
        tab.async_request("twice", 21, [this](std::error_code ec, const rejoinder::reply& got) {
            longest = std::max(longest, std::chrono::steady_clock::now() - asked);
            ec || got.as<int>() != 42 ? ++failures : ++answers;
            ask();
        });
    }
};

struct besieged_house {
    asio::io_context io;
    rejoinder::hub<> hub{io.get_executor()};
    rejoinder::hub<> tabs{io.get_executor()};
    web_port_with_deflate web{io.get_executor(),
                              {asio::ip::address_v4::loopback(), 0},
                              {.body_max = 128 << 10, .bytes_max = 4 << 20, .head_timeout = 2s, .body_timeout = 2s}};
    rejoinder::socket_io_server server;
    rejoinder::room everybody{"everybody"};
    std::vector<rejoinder::responder> owed;

    explicit besieged_house(std::size_t payload_max = 64 << 10) : server(web, {.engine = {.terms = {.max_payload = payload_max}}})
    {
        web.websocket_to("/ws", hub, {.terms = {.deflate = rejoinder::deflate_terms{}}, .channel = {.message_max = 64 << 10}});
        web.get("/healthz", [](const auto&) { return rejoinder::http_text(200, "well\n"); });
        server.serve("/", tabs);
        tabs.on_attach([this](const rejoinder::peer& who) { tabs.join(who, everybody); });
        for (auto* const one : {&hub, &tabs}) {
            one->on("twice", [](int number) { return 2 * number; });
            one->on("never", [this](rejoinder::responder back) { owed.push_back(std::move(back)); });
        }
    }

    template <class Connector, class Codec = rejoinder::json_codec>
    std::unique_ptr<well_behaved> guest(const std::string& path, Codec spelling = {})
    {
        const auto url = "ws://127.0.0.1:" + std::to_string(web.local_endpoint().port()) + path;
        return std::make_unique<well_behaved>(well_behaved{{io.get_executor(), Connector{url}, {}, std::move(spelling)}});
    }
};

std::string upgrade_to(const std::string& path, const std::string& more = {})
{
    return "GET " + path +
           " HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
           more + "\r\n";
}
std::string say(std::string_view text)
{
    return websocket_bytes::raw_frame(0x81, text, true);
}
std::string many(int count, const std::function<std::string(int)>& make)
{
    std::string all;
    for (int i = 0; i != count; ++i) {
        all += make(i);
    }
    return all;
}

// Sixteen million letters, in twenty thousand bytes.
std::string bomb()
{
    rejoinder::websocket_deflater packer{rejoinder::websocket_role::client, {}};
    std::string out(std::size_t{16} << 20, 'a');
    REQUIRE(packer.deflate(out, 0));
    return out;
}

std::vector<assault> all_assaults()
{
    const std::string ws = upgrade_to("/ws");
    const std::string deflating = upgrade_to("/ws", "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    const std::string tab = upgrade_to("/socket.io/?EIO=4&transport=websocket") + say("40");
    const std::string served = say(R"(42777["twice",21])"); // behind what is answered or borne: it still works
    const auto ask = [](int number) { return say("42" + std::to_string(number) + R"(["never"])"); };
    const std::string long_name(1000, 'n');
    const std::string post = "POST /healthz HTTP/1.1\r\nHost: a\r\n";
    return {
        {"a slow head", "GET /healthz HTTP/1.1\r\nX: ", "x", true, "408"},
        {"an endless head", "GET /healthz HTTP/1.1\r\nX: ", std::string(4096, 'x'), false, "431"},
        {"endless headers", "GET /healthz HTTP/1.1\r\n", many(100, [](int) { return "X: " + std::string(40, 'y') + "\r\n"; }), false, "431"},
        {"a slow body", post + "Content-Length: 100000\r\n\r\n", "x", true, "408"},
        {"a large body", post + "Content-Length: 10000000000\r\n\r\n", std::string(4096, 'x'), false, "413"},
        {"endless chunks", post + "Transfer-Encoding: chunked\r\n\r\n", "10000\r\n" + std::string(65536, 'x') + "\r\n", false, "413"},
        {"two lengths", post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n", false, "400"},
        {"a large frame", ws + std::string{"\x81\xff\x00\x00\x00\xff\x00\x00\x00\x00\x37\xfa\x21\x3d", 14}, std::string(4096, 'x'), false, "close 1009"},
        {"endless fragments", ws + websocket_bytes::raw_frame(0x01, "x", true), websocket_bytes::raw_frame(0x00, std::string(4096, 'x'), true), false,
         "close 1009"},
        {"empty fragments and a large one", ws + websocket_bytes::raw_frame(0x01, "", true) +
         many(1000, [](int) { return websocket_bytes::raw_frame(0x00, "", true); }), websocket_bytes::raw_frame(0x00, std::string(4096, 'x'), true), false,
         "close 1009"},
        {"a compressed bomb", deflating + websocket_bytes::raw_frame(0xC1, bomb(), true), {}, false, "close 1009"},
        {"what is not compressed, though it says so", deflating + websocket_bytes::raw_frame(0xC1, std::string(100, '\xff'), true), {}, false, "close 1007"},
        {"invalid UTF-8", ws + say("\xf0\x9f\x98"), {}, false, "close 1007"},
        {"invalid UTF-8 for Socket.IO", tab + say("42[\"\xc3\x28\"]"), {}, false, "close 1007"},
        {"an unmasked frame", ws + websocket_bytes::raw_frame(0x81, "hello", false), {}, false, "close 1002"},
        {"attachments without end announced", tab + say(R"(451000000000-["e",{"_placeholder":true,"num":0}])"), {}, false, "close 1008"},
        {"more attachments than marks", tab + say(R"(452-["e",{"_placeholder":true,"num":0}])"), websocket_bytes::raw_frame(0x82, "bytes", true), false,
         "close 1008"},
        {"attachments that nobody announced", tab, websocket_bytes::raw_frame(0x82, std::string(4096, 'x'), true), false, "close 1008"},
        {"a large attachment", tab + say(R"(451-["e",{"_placeholder":true,"num":0}])"), websocket_bytes::raw_frame(0x82, std::string(65537, 'x'), true), false,
         "close 1009"},
        {"acks that nobody asked for", tab + many(20000, [](int i) { return say("43" + std::to_string(i) + "[1]"); }) + served, {}, false, "43777[42]"},
        {"acks with numbers above all", tab + say("4399999999999999999999[1]"), {}, false, "close 1008"},
        {"more acks asked for than are owed", tab + many(1500, ask) + served, {}, false, R"("code":"busy")"},
        {"acks asked for without end", tab + many(5000, ask), {}, false, "close 1008"},
        {"namespaces that are not here",
         tab + many(5000, [](int i) { return say("40/nowhere-" + std::to_string(i) + ","); }) + served, {}, false, "43777[42]"},
        {"a namespace without end", tab + say("40/" + long_name + ","), {}, false, "close 1008"},
        {"an event for a namespace that it is not in", tab + say(R"(42/nowhere,["twice",21])"), {}, false, "close 1008"},
        {"an event before its CONNECT", upgrade_to("/socket.io/?EIO=4&transport=websocket") + say(R"(42["twice",21])"), {}, false, "close 1008"},
        {"brackets without end", tab + say("42[\"e\"," + std::string(60000, '[')), {}, false, "close 1008"},
        {"what is no packet", tab + say("9"), {}, false, "close 1008"},
        {"a transport that is none", "GET /socket.io/?EIO=4&transport=pigeon HTTP/1.1\r\nHost: a\r\n\r\n", {}, false, "400"},
    };
}

} // namespace

TEST_CASE("hostile peers get their codes, all at once, while others are answered in time and memory stays bounded")
{
    constexpr std::size_t of_each = 4;
    besieged_house house;
    const auto tab = house.guest<rejoinder::websocket_connector>("/ws");
    const auto page = house.guest<rejoinder::engine_io_connector>("/", rejoinder::socket_io_codec{"/"});
    tab->ask();
    page->ask();
    REQUIRE(driven::until(house.io, [&] { return tab->answers > 10 && page->answers > 10; }));

    const auto all = all_assaults();
    const auto before = living_bytes.load();
    std::ptrdiff_t most = 0;
    std::deque<hostile_peer> peers;
    for (std::size_t i = 0; i != of_each; ++i) {
        for (const auto& how : all) {
            peers.emplace_back(house.web.local_endpoint(), how);
        }
    }
    int turns = 0;
    const bool over = driven::until(house.io, [&] {
        if (++turns % 64 == 0) {
            house.tabs.notify(house.everybody, "tick", 1); // what is behind the last ack goes with it
        }
        bool done = true;
        for (auto& one : peers) {
            done = one.step() && done;
        }
        for (int i = 0; i != 256 && house.io.poll_one() != 0; ++i) {
            most = std::max(most, living_bytes.load() - before);
        }
        return done;
    });
    for (const auto& one : peers) {
        INFO(one.how().what);
        CHECK(one.got() == one.how().expected);
    }
    CHECK(over);
    INFO("at most " << most << " bytes, " << tab->answers << " and " << page->answers << " answers, the longest after "
                    << tab->longest / 1ms << " and " << page->longest / 1ms << " ms");
    CHECK(most < std::ptrdiff_t{12} << 20); // five times that was packed into the bombs alone
    for (auto* const one : {tab.get(), page.get()}) {
        const int so_far = one->answers;
        CHECK(so_far > 100);
        CHECK(one->failures == 0);
        CHECK(one->longest < 2s);
        CHECK(driven::until(house.io, [&] { return one->answers > so_far; }));
    }
}

TEST_CASE("an idle session of Socket.IO keeps nothing of the last large packet")
{
    besieged_house house{1 << 20};
    std::size_t came = 0;
    house.tabs.on("large", [&](const rejoinder::json& what) { came = what.as_object().at("in").as_object().begin()->value().as_string().size(); });
    std::string all = upgrade_to("/socket.io/?EIO=4&transport=websocket") + say("40") +
                      say(R"(451-["large",{"in":{"_placeholder":true,"num":0}}])") +
                      websocket_bytes::raw_frame(0x82, std::string(std::size_t{600} << 10, 'x'), true);
    all.shrink_to_fit();
    asio::ip::tcp::socket tab{house.io};
    tab.connect(house.web.local_endpoint());
    tab.non_blocking(true);
    driven::settle(house.io);
    const auto kept = [] { return living_bytes.load() - static_cast<std::ptrdiff_t>(rejoinder::recycled_strings::bytes()); };
    const auto before = kept();
    std::string_view rest{all};
    REQUIRE(driven::until(house.io, [&] {
        std::error_code full;
        rest.remove_prefix(tab.write_some(asio::buffer(rest), full));
        return came != 0;
    }));
    driven::settle(house.io);
    CHECK(came > std::size_t{600} << 10);
    CHECK(kept() - before < std::ptrdiff_t{64} << 10); // the thread's store of strings has a bound of its own
}
