// Handlers that read the message's own bytes, and go on reading them whatever they lead to.
#include <rejoinder/net/handler.hpp>

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/responder.hpp>

#include "support/house.hpp"

#include <asio/detached.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace {

// Hears "serial" and "other", both one at a time, and keeps the right to answer the first of each.
struct reader : house {
    std::vector<rejoinder::responder> kept;
    std::vector<std::string> read;

    static std::string question(int number, std::size_t size) { return std::to_string(number) + std::string(size, static_cast<char>('a' + number)); }

    void ask(std::string_view name, int number, std::size_t size) { tab->async_request(name, question(number, size), asio::detached); }

    // As JSON text, which is what the bytes are.
    static std::string spelled(int number, std::size_t size) { return '"' + question(number, size) + '"'; }

    // What a program may well do between a message and its last look at it.
    void disturb()
    {
        for (int i = 0; i != 8; ++i) {
            hub->notify(rejoinder::user{"42"}, "news", std::string(static_cast<std::size_t>(i) * 1000, '#'));
        }
    }
};

} // namespace

TEST_CASE("a serial handler may answer inside the call, and go on reading what it was called with")
{
    const std::size_t size = GENERATE(4U, 8'000U);
    reader at;
    at.hub->on(
        "serial",
        [&](const rejoinder::payload_view& what, rejoinder::responder answer) {
            if (at.read.empty()) {
                at.kept.push_back(std::move(answer));
            } else {
                answer.answer(); // the next one may begin from here on
                at.disturb();
            }
            at.read.emplace_back(what.bytes);
        },
        rejoinder::handling::serial);
    at.meet();
    for (int i = 0; i != 4; ++i) {
        at.ask("serial", i, size);
    }
    at.meet();
    CHECK(at.read.size() == 1);
    at.kept.clear();
    at.meet();
    CHECK(at.read == std::vector{reader::spelled(0, size), reader::spelled(1, size), reader::spelled(2, size), reader::spelled(3, size)});
}

TEST_CASE("two serial names that go on in the same moment each get their own bytes")
{
    const std::size_t size = GENERATE(4U, 8'000U);
    reader at;
    const auto keep = [&](const rejoinder::payload_view& what, rejoinder::responder answer) {
        at.disturb();
        at.read.emplace_back(what.bytes);
        at.kept.push_back(std::move(answer));
    };
    at.hub->on("serial", keep, rejoinder::handling::serial);
    at.hub->on("other", keep, rejoinder::handling::serial);
    at.hub->on("go", [&] {
        for (auto& one : std::exchange(at.kept, {})) {
            one.answer();
        }
        at.disturb();
    });
    at.meet();
    at.ask("serial", 0, size);
    at.ask("other", 1, size);
    at.ask("serial", 2, size);
    at.ask("other", 3, size);
    at.meet();
    CHECK(at.kept.size() == 2);
    at.tab->async_request("go", 1, asio::detached);
    at.meet();
    CHECK(at.read == std::vector{reader::spelled(0, size), reader::spelled(1, size), reader::spelled(2, size), reader::spelled(3, size)});
}
