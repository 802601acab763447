// Handlers that write their effect in the transaction that records that they ran.
#include <rejoinder/store/sqlite.hpp>

#include <rejoinder/core/memory_store.hpp>

#include "support/house.hpp"

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using rejoinder::errc;
using rejoinder::json;
using rejoinder::journal;
using rejoinder::sqlite_store;
using rejoinder::sqlite_transaction;

namespace {

struct shop {
    std::string folder = (std::filesystem::temp_directory_path() / "rejoinder_shop_XXXXXX").string();
    std::optional<house> at;
    std::error_code error;
    std::string code;
    std::string text;
    std::optional<json> answer;

    shop()
    {
        if (::mkdtemp(folder.data()) == nullptr) {
            throw std::runtime_error{"no folder for the store"};
        }
        sqlite_store{folder + "/hub.db"}.transaction().execute("CREATE TABLE sold(what TEXT UNIQUE)");
        open();
    }
    shop(const shop&) = delete;
    shop& operator=(const shop&) = delete;
    ~shop()
    {
        at.reset();
        std::filesystem::remove_all(folder);
    }

    void open()
    {
        at.reset();
        rejoinder::hub_options<> of_hub;
        of_hub.journal = journal{sqlite_store{folder + "/hub.db"}};
        rejoinder::client_options<> of_tab;
        of_tab.journal = journal{sqlite_store{folder + "/tab.db"}};
        at.emplace(std::move(of_hub), std::move(of_tab));
    }

    void settle(std::error_code ec, const rejoinder::reply& said)
    {
        error = ec;
        code = said.code();
        text = said.text();
        answer = said.json();
    }
    void deliver(std::string_view name, const json& payload)
    {
        answer.reset();
        at->tab->async_deliver(name, payload, [this](std::error_code ec, const rejoinder::reply& said) { settle(ec, said); });
        REQUIRE(driven::until(at->io, [this] { return answer.has_value(); }));
    }
    std::int64_t sold() const
    {
        sqlite_store look{folder + "/hub.db"};
        ::sqlite3_stmt* statement = nullptr;
        ::sqlite3_prepare_v2(look.transaction().native_handle(), "SELECT count(*) FROM sold", -1, &statement, nullptr);
        ::sqlite3_step(statement);
        const auto count = ::sqlite3_column_int64(statement, 0);
        ::sqlite3_finalize(statement);
        return count;
    }
};

json sell(sqlite_transaction& within, const json& what)
{
    within.execute("INSERT INTO sold VALUES (?)", std::string{what.as_string()});
    return json{{"sold", what}};
}

} // namespace

TEST_CASE("a handler's effect is there when its answer is")
{
    shop of;
    of.at->hub->on("sell", sell);
    of.deliver("sell", "a lamp");
    CHECK_FALSE(of.error);
    CHECK(*of.answer == json({{"sold", "a lamp"}}));
    CHECK(of.sold() == 1);
}

TEST_CASE("the effect of a handler that throws is undone, and its neighbours' is not")
{
    shop of;
    of.at->hub->on("sell", sell);
    of.at->hub->on("sell twice", [](sqlite_transaction& within, const json& what) {
        sell(within, what);
        return sell(within, what); // UNIQUE
    });
    of.at->hub->on("regret", [](sqlite_transaction& within, const json& what) -> json {
        sell(within, what);
        throw rejoinder::failure{"sold_out", "not today"};
    });
    of.deliver("sell", "a lamp");
    of.deliver("regret", "a chair");
    CHECK(of.error == errc::remote_error);
    CHECK(of.code == "sold_out");
    CHECK(of.text == "not today");
    of.deliver("sell twice", "a table");
    CHECK(of.error == errc::handler_error);
    CHECK_THAT(of.text, Catch::Contains("UNIQUE"));
    CHECK(of.sold() == 1);
}

TEST_CASE("a payload that does not fit is refused before the handler, with the place")
{
    shop of;
    bool called = false;
    of.at->hub->on("count", [&](sqlite_transaction&, std::int64_t) { called = true; });
    of.deliver("count", "three");
    CHECK(of.error == errc::bad_payload);
    CHECK_FALSE(called);
}

TEST_CASE("a request, too, may write in a transaction, without a record that outlives its session")
{
    shop of;
    of.at->hub->on("sell", sell);
    of.at->tab->async_request("sell", "a lamp", [&](std::error_code ec, const rejoinder::reply& said) { of.settle(ec, said); });
    REQUIRE(driven::until(of.at->io, [&] { return of.answer.has_value(); }));
    CHECK_FALSE(of.error);
    CHECK(of.sold() == 1);
}

TEST_CASE("a handler that takes a transaction needs a hub with that store")
{
    house without;
    CHECK_THROWS_AS(without.hub->on("sell", sell), std::invalid_argument);
    rejoinder::hub_options<> other;
    other.journal = journal{rejoinder::memory_store{}};
    house with_another{other};
    CHECK_THROWS_AS(with_another.hub->on("sell", sell), std::invalid_argument);
}

TEST_CASE("a handler without a transaction that a crash interrupted is not run again: its sender is told")
{
    shop of;
    {
        std::vector<rejoinder::responder> kept; // it never answers
        of.at->hub->on("print", [&](const json&, rejoinder::responder answer) { kept.push_back(std::move(answer)); });
        of.at->tab->async_deliver("print", "a page", [](std::error_code, const rejoinder::reply&) {});
        REQUIRE(driven::until(of.at->io, [&] { return !kept.empty(); }));
        of.at->hub.reset(); // what it answers from here on reaches no store: as in a crash
    }
    of.open();
    int runs = 0;
    std::vector<rejoinder::outbox_outcome> outcomes;
    of.at->hub->on("print", [&](const json&) { ++runs; });
    of.at->tab->on_settled([&](const rejoinder::outbox_outcome& outcome) { outcomes.push_back(outcome); });
    REQUIRE(driven::until(of.at->io, [&] { return !outcomes.empty(); }));
    CHECK(runs == 0);
    CHECK(outcomes[0].error == errc::interrupted);
    CHECK(rejoinder::certainty_of(outcomes[0].error) == rejoinder::certainty::maybe_executed);
}

TEST_CASE("a client whose outbox cannot be opened fails with the reason, and its callers are told")
{
    shop of;
    const sqlite_store elsewhere{of.folder + "/free.db"};
    rejoinder::client_options<> second;
    second.journal = journal{sqlite_store{of.folder + "/tab.db"}}; // the first client has it
    of.at->meet();
    REQUIRE(driven::until(of.at->io, [&] { return of.at->tab->connected(); }));
    const auto late = of.at->make_tab("42", std::move(second));
    std::error_code error;
    late->async_enqueue("sell", "a lamp", [&](std::error_code ec, std::uint64_t) { error = ec; });
    REQUIRE(driven::until(of.at->io, [&] { return static_cast<bool>(error); }));
    CHECK(error == errc::store_failed);
    CHECK(late->state_of_link() == rejoinder::link_state::failed);
    CHECK(late->last_error() == errc::store_failed);
}
