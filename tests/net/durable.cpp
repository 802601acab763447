// Deliveries that survive the client's process, the hub's, and both.
#include <rejoinder/net/journal.hpp>

#include <rejoinder/core/memory_store.hpp>

#include "support/house.hpp"
#include "support/tokens.hpp"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::errc;
using rejoinder::json;
using rejoinder::journal;
using rejoinder::memory_store;

namespace {

using contents = std::shared_ptr<memory_store::contents>;

// A house whose two sides may end and come back with what they had on disk.
struct durable_house {
    contents of_hub = memory_store{"hub"}.state();
    contents of_tab = memory_store{"tab"}.state();
    std::optional<house> at;
    std::vector<rejoinder::outbox_outcome> settled;
    std::vector<std::int64_t> ran;

    durable_house() { begin(); }

    // New processes on both sides.
    void begin()
    {
        at.reset();
        at.emplace(hub_options(), tab_options());
        set_up_hub();
        set_up_tab();
    }
    void new_hub()
    {
        at->hub.reset();
        at->hub = std::make_unique<rejoinder::hub<>>(at->io.get_executor(), hub_options());
        at->hub->authenticate(identity_of_auth);
        set_up_hub();
    }
    void new_tab()
    {
        at->tab.reset();
        at->tab = at->make_tab("42", tab_options());
        set_up_tab();
    }

    template <class Condition>
    bool until(Condition holds)
    {
        return driven::until(at->io, holds);
    }
    std::size_t kept_by_tab() const { return at->tab->outbox().size(); }

    bool with_hub_store = true;

private:
    rejoinder::hub_options<> hub_options() const
    {
        rejoinder::hub_options<> options;
        if (with_hub_store) {
            options.journal = journal{memory_store{of_hub}};
        }
        return options;
    }
    rejoinder::client_options<> tab_options() const
    {
        rejoinder::client_options<> options;
        options.journal = journal{memory_store{of_tab}};
        return options;
    }
    void set_up_hub()
    {
        at->hub->on("number", [this](std::int64_t number) {
            ran.push_back(number);
            return number * 2;
        });
        at->hub->on("broken", [](const json&) -> json { throw rejoinder::failure{"out_of_paper", "no paper"}; });
    }
    void set_up_tab()
    {
        at->tab->on_settled([this](const rejoinder::outbox_outcome& outcome) { settled.push_back(outcome); });
    }
};

} // namespace

TEST_CASE("a durable delivery runs once, answers its caller, and leaves nothing behind")
{
    durable_house of;
    std::optional<std::int64_t> answer;
    of.at->tab->async_deliver("number", std::int64_t{21}, [&](std::error_code ec, const rejoinder::reply& said) {
        REQUIRE_FALSE(ec);
        answer = said.as<std::int64_t>();
    });
    CHECK_FALSE(answer);
    REQUIRE(of.until([&] { return answer.has_value(); }));
    CHECK(*answer == 42);
    CHECK(of.ran == std::vector<std::int64_t>{21});
    CHECK(of.kept_by_tab() == 0);
    CHECK(of.of_tab->messages.empty());
    CHECK(of.settled.empty()); // the caller was told
}

TEST_CASE("what was enqueued is sent by the next process under its number, and its outcome told there")
{
    durable_house of;
    of.at->board->hold = true; // no link, whatever the tab tries
    std::vector<std::uint64_t> ids;
    for (std::int64_t number = 1; number <= 3; ++number) {
        of.at->tab->async_enqueue("number", number, [&](std::error_code ec, std::uint64_t id) {
            REQUIRE_FALSE(ec);
            ids.push_back(id);
        });
    }
    REQUIRE(of.until([&] { return ids.size() == 3; }));
    CHECK(ids == std::vector<std::uint64_t>{1, 2, 3});
    of.begin();
    REQUIRE(of.until([&] { return of.settled.size() == 3; }));
    CHECK(of.ran == std::vector<std::int64_t>{1, 2, 3});
    for (std::size_t i = 0; i != 3; ++i) {
        CHECK(of.settled[i].sequence == i + 1);
        CHECK(of.settled[i].how == rejoinder::departure::sent);
        CHECK_FALSE(of.settled[i].error);
    }
}

TEST_CASE("a hub that starts again answers from its records what the one before ran")
{
    durable_house of;
    bool answered = false;
    // The answer is lost with the first hub: it goes away as soon as the record is written.
    of.at->tab->async_deliver("number", std::int64_t{7}, [&](std::error_code ec, const rejoinder::reply&) {
        CHECK_FALSE(ec);
        answered = true;
    });
    REQUIRE(of.until([&] { return of.ran.size() == 1; }));
    of.new_hub(); // the end of the one before waited for its store
    CHECK(of.of_hub->records.size() == 1);
    REQUIRE(of.until([&] { return answered; }));
    CHECK(of.ran.size() == 1);
}

TEST_CASE("an error of the application settles a durable delivery with its code, once its tries are over")
{
    durable_house of;
    std::error_code error;
    std::string code;
    of.at->tab->async_deliver("broken", json{}, {.timeout = 60s}, [&](std::error_code ec, const rejoinder::reply& said) {
        error = ec;
        code = said.code();
    });
    REQUIRE(of.until([&] { return static_cast<bool>(error); }));
    CHECK(error == errc::remote_error);
    CHECK(code == "out_of_paper");
    CHECK(of.kept_by_tab() == 0);
}

TEST_CASE("to a hub without a store a durable delivery goes as any other, and the client says what it cannot know")
{
    durable_house of;
    of.with_hub_store = false;
    of.new_hub();
    bool answered = false;
    of.at->tab->async_deliver("number", std::int64_t{1}, [&](std::error_code ec, const rejoinder::reply&) { answered = !ec; });
    REQUIRE(of.until([&] { return answered; }));
    CHECK(of.ran.size() == 1);
}

TEST_CASE("async_enqueue takes every token")
{
    durable_house of;
    tokens::each<std::uint64_t>(
        of.at->io, [&](auto&& token) { return of.at->tab->async_enqueue("number", 1, std::forward<decltype(token)>(token)); },
        [](std::uint64_t id) { CHECK(id == 1); });
}

TEST_CASE("a durable async_deliver takes every token")
{
    durable_house of;
    tokens::each<rejoinder::reply>(
        of.at->io, [&](auto&& token) { return of.at->tab->async_deliver("number", 4, std::forward<decltype(token)>(token)); },
        [](const rejoinder::reply& said) { CHECK(said.as<int>() == 8); });
}

TEST_CASE("a cancelled durable delivery completes at once and is taken back")
{
    durable_house of;
    of.at->board->hold = true;
    asio::cancellation_signal cancel;
    std::error_code error;
    of.at->tab->async_deliver("number", 1, asio::bind_cancellation_slot(cancel.slot(), [&](std::error_code ec, const rejoinder::reply&) { error = ec; }));
    SECTION("before it is stored") {}
    SECTION("once it is stored") { REQUIRE(of.until([&] { return of.kept_by_tab() == 1; })); }
    cancel.emit(asio::cancellation_type::terminal);
    REQUIRE(of.until([&] { return static_cast<bool>(error); }));
    CHECK(error == asio::error::operation_aborted);
    REQUIRE(of.until([&] { return of.kept_by_tab() == 0; }));
    CHECK(of.of_tab->messages.empty());
}

TEST_CASE("a client is destroyed with durable deliveries under way: they complete, and stay for the next one")
{
    durable_house of;
    of.at->board->hold = true;
    int aborted = 0;
    const auto count = [&](std::error_code ec, const rejoinder::reply&) { aborted += ec == asio::error::operation_aborted ? 1 : 0; };
    of.at->tab->async_deliver("number", std::int64_t{1}, count);
    REQUIRE(of.until([&] { return of.kept_by_tab() == 1; }));
    of.at->tab->async_deliver("number", std::int64_t{2}, count);
    of.at->tab.reset();
    driven::settle(of.at->io);
    CHECK(aborted == 2);
    of.begin();
    REQUIRE(of.until([&] { return of.ran.size() == 2; }));
    CHECK(of.ran == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("an offline queue has bounds, and an outcome for each message (peers: without bound, or dropped in silence)")
{
    durable_house of;
    of.at->board->hold = true;
    int stored = 0;
    int refused = 0;
    for (int i = 0; i != 120; ++i) {
        of.at->tab->async_enqueue("number", i, [&](std::error_code ec, std::uint64_t) {
            stored += ec ? 0 : 1;
            refused += ec == errc::queue_full ? 1 : 0;
        });
    }
    REQUIRE(of.until([&] { return stored + refused == 120; }));
    CHECK(stored == 100);
    CHECK(refused == 20);
    of.begin();
    REQUIRE(of.until([&] { return of.settled.size() == 100; }));
    CHECK(of.ran.size() == 100);
}

TEST_CASE("a handler of a durable delivery whose session ends goes on, and its answer is recorded")
{
    durable_house of;
    std::optional<rejoinder::responder> kept;
    of.at->hub->on("slow", [&](const json&, rejoinder::responder answer) { kept.emplace(std::move(answer)); });
    bool answered = false;
    of.at->tab->async_deliver("slow", json{}, [&](std::error_code ec, const rejoinder::reply&) { answered = !ec; });
    REQUIRE(of.until([&] { return kept.has_value(); }));
    of.new_tab(); // another process: another session, the same outbox
    REQUIRE(of.until([&] { return of.kept_by_tab() == 1 && of.at->tab->connected(); }));
    kept->answer(1);
    REQUIRE(of.until([&] { return of.settled.size() == 1; }));
    CHECK(of.settled[0].how == rejoinder::departure::sent);
}

TEST_CASE("a durable delivery expires while its client stays away, and says that it was never sent")
{
    durable_house of;
    of.at->meet();
    of.at->tab->disconnect();
    std::error_code error;
    of.at->tab->async_deliver("number", 1, {.timeout = 30ms}, [&](std::error_code ec, const rejoinder::reply&) { error = ec; });
    REQUIRE(of.until([&] { return static_cast<bool>(error); }));
    CHECK(error == errc::expired);
    CHECK(rejoinder::certainty_of(error) == rejoinder::certainty::never_sent);
    CHECK(of.kept_by_tab() == 0);
}

TEST_CASE("a lost link ends no durable delivery at a hub without a store: the session goes on with it")
{
    durable_house of;
    of.with_hub_store = false;
    of.new_hub();
    std::vector<rejoinder::responder> kept;
    of.at->hub->on("slow", [&](const json&, rejoinder::responder answer) { kept.push_back(std::move(answer)); });
    std::optional<std::error_code> ended;
    of.at->tab->async_deliver("slow", json{}, [&](std::error_code ec, const rejoinder::reply&) { ended = ec; });
    REQUIRE(of.until([&] { return kept.size() == 1; }));
    of.at->hub->close(of.at->hub->members(rejoinder::room{"user_42"}).front());
    REQUIRE(of.until([&] { return of.at->hub->counts().resumes == 1; }));
    kept.front().answer(1);
    REQUIRE(of.until([&] { return ended.has_value(); }));
    CHECK_FALSE(*ended);
    CHECK(kept.size() == 1);
}

TEST_CASE("a client that gives up tells its callers, and keeps what is stored for the next start")
{
    durable_house of;
    of.at->hub->authenticate([](const rejoinder::handshake&) { return rejoinder::refusal{}; });
    std::error_code error;
    of.at->tab->async_deliver("number", std::int64_t{3}, [&](std::error_code ec, const rejoinder::reply&) { error = ec; });
    REQUIRE(of.until([&] { return static_cast<bool>(error) && of.at->tab->state_of_link() == rejoinder::link_state::failed; }));
    CHECK(rejoinder::certainty_of(error) == rejoinder::certainty::maybe_executed); // it is stored, and will be sent
    CHECK(of.kept_by_tab() == 1);
    of.begin();
    REQUIRE(of.until([&] { return of.settled.size() == 1; }));
    CHECK(of.ran == std::vector<std::int64_t>{3});
}
