// The store in an SQLite file.
#include <rejoinder/store/sqlite.hpp>

#include <rejoinder/core/error.hpp>

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "support/store_conformance.hpp"

using namespace rejoinder;
namespace files = std::filesystem;

namespace {

// A folder of its own, gone with it.
class folder {
public:
    folder() : path_((files::temp_directory_path() / "rejoinder_sqlite_XXXXXX").string())
    {
        if (::mkdtemp(path_.data()) == nullptr) {
            throw std::runtime_error{"no folder for the store"};
        }
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    ~folder() { files::remove_all(path_); }

    [[nodiscard]] std::string file(const std::string& name = "store.db") const { return path_ + '/' + name; }

private:
    std::string path_;
};

// What opening the file throws.
std::optional<std::system_error> fails_to_open(const std::string& path, const sqlite_options& options = {})
{
    try {
        const sqlite_store opened{path, options};
    } catch (const std::system_error& thrown) {
        return thrown;
    }
    return std::nullopt;
}

std::int64_t count(sqlite_store& kept, const std::string& table)
{
    ::sqlite3_stmt* statement = nullptr;
    ::sqlite3_prepare_v2(kept.transaction().native_handle(), ("SELECT count(*) FROM " + table).c_str(), -1, &statement, nullptr);
    const auto found = ::sqlite3_step(statement) == SQLITE_ROW ? ::sqlite3_column_int64(statement, 0) : -1;
    ::sqlite3_finalize(statement);
    return found;
}

} // namespace

TEST_CASE("a store in a file does what every store does")
{
    const folder at;
    store_conformance::check([&] { return sqlite_store{at.file()}; },
                             [&](sqlite_store ended) {
                                 { const sqlite_store over{std::move(ended)}; }
                                 return sqlite_store{at.file()};
                             });
}

TEST_CASE("a handler's effect and its record are one transaction")
{
    const folder at;
    sqlite_store kept{at.file()};
    kept.transaction().execute("CREATE TABLE effect(number INTEGER, words TEXT, share REAL)");
    REQUIRE_FALSE(kept.begin());
    kept.transaction().execute("INSERT INTO effect VALUES (?, ?, ?)", 1, std::string{"it's"}, 0.5);
    REQUIRE_FALSE(kept.write(store_conformance::me, 1, store_conformance::record("x")));
    REQUIRE_FALSE(kept.rollback());
    CHECK(count(kept, "effect") == 0);
    CHECK(count(kept, "rejoinder_record") == 0);
    REQUIRE_FALSE(kept.begin());
    kept.transaction().execute("INSERT INTO effect VALUES (?, ?, ?)", std::uint32_t{2}, "words", 1.5);
    REQUIRE_FALSE(kept.write(store_conformance::me, 2, store_conformance::record("x")));
    REQUIRE_FALSE(kept.commit());
    CHECK(count(kept, "effect") == 1);
    CHECK(count(kept, "rejoinder_record") == 1);
}

TEST_CASE("a handler's statement that fails throws SQLite's sentence")
{
    const folder at;
    sqlite_store kept{at.file()};
    CHECK_THROWS_WITH(kept.transaction().execute("INSERT INTO nowhere VALUES (1)"), Catch::Contains("no such table: nowhere"));
    CHECK_THROWS_WITH(kept.transaction().execute("INSERT INTO nowhere VALUES (?)", 1), Catch::Contains("no such table: nowhere"));
}

TEST_CASE("a file that is no store is refused with a sentence that names it, and left as it is")
{
    const folder at;
    const std::string text(8192, 'x');
    std::ofstream{at.file()} << text;
    const auto thrown = fails_to_open(at.file());
    REQUIRE(thrown);
    CHECK(thrown->code() == errc::store_failed);
    CHECK_THAT(thrown->what(), Catch::Contains(at.file()) && Catch::Contains("not a database"));
    std::ifstream same{at.file()};
    CHECK(std::string{std::istreambuf_iterator{same}, {}} == text);
}

TEST_CASE("a store of another layout is refused, as its records cannot be told")
{
    const folder at;
    { sqlite_store{at.file()}.transaction().execute("UPDATE rejoinder_store SET layout = 2"); }
    const auto thrown = fails_to_open(at.file());
    REQUIRE(thrown);
    CHECK(thrown->code() == errc::incompatible);
}

TEST_CASE("a damaged file is an error, never a crash")
{
    const folder at;
    {
        sqlite_store kept{at.file()};
        store_conformance::opened(kept);
        REQUIRE_FALSE(kept.begin());
        for (std::uint64_t sequence = 1; sequence != 200; ++sequence) {
            REQUIRE_FALSE(kept.put(store_conformance::message(sequence, std::string(500, 'p'))));
        }
        REQUIRE_FALSE(kept.commit());
    }
    {
        std::fstream damaged{at.file(), std::ios::in | std::ios::out | std::ios::binary};
        const std::string noise(4096, '\xA5');
        for (int page = 6; page != 30; ++page) {
            damaged.seekp(4096 * page);
            damaged << noise;
        }
    }
    try {
        sqlite_store kept{at.file()};
        stored_outbox found;
        REQUIRE_FALSE(kept.begin());
        const auto ec = kept.open_outbox(store_conformance::fresh, found);
        REQUIRE(ec);
        CHECK(ec == errc::store_failed);
        CHECK_FALSE(kept.rollback());
    } catch (const std::system_error& thrown) {
        CHECK(thrown.code() == errc::store_failed);
    }
}

TEST_CASE("a full disk is an error, and what was promised before is there")
{
    const folder at;
    sqlite_store kept{at.file(), {.size_max_pages = 64}};
    store_conformance::opened(kept);
    std::uint64_t promised = 0;
    std::error_code failure;
    while (!failure) {
        const auto next = promised + 1;
        failure = kept.begin();
        failure = failure ? failure : kept.put(store_conformance::message(next, std::string(8000, 'p')));
        failure = failure ? failure : kept.commit();
        promised = failure ? promised : next;
        REQUIRE(promised < 1000);
    }
    CHECK(failure == errc::store_failed);
    CHECK(failure.value() == SQLITE_FULL);
    CHECK_FALSE(kept.rollback());
    const auto found = store_conformance::opened(kept);
    CHECK(found.messages.size() == promised);
    CHECK(found.next == promised + 1);
    REQUIRE_FALSE(kept.begin());
    CHECK_FALSE(kept.remove(1)); // room is made again
    CHECK_FALSE(kept.remove(2));
    CHECK_FALSE(kept.commit());
    REQUIRE_FALSE(kept.begin());
    CHECK_FALSE(kept.put(store_conformance::message(promised + 1, std::string(8000, 'p'))));
    CHECK_FALSE(kept.commit());
}

TEST_CASE("a file that somebody else writes to is an error after the wait, and works afterwards")
{
    const folder at;
    sqlite_store one{at.file(), {.busy_wait = std::chrono::milliseconds{1}}};
    sqlite_store two{at.file(), {.busy_wait = std::chrono::milliseconds{1}}};
    REQUIRE_FALSE(one.begin());
    const auto ec = two.begin();
    CHECK(ec == errc::store_failed);
    CHECK(ec.value() == SQLITE_BUSY);
    CHECK_FALSE(two.rollback());
    REQUIRE_FALSE(one.commit());
    CHECK_FALSE(two.begin());
    CHECK_FALSE(two.commit());
}

TEST_CASE("an outbox is opened by one at a time (rule 23)")
{
    const folder at;
    std::optional<sqlite_store> one{std::in_place, at.file()};
    store_conformance::opened(*one);
    sqlite_store two{at.file()};
    stored_outbox found;
    REQUIRE_FALSE(two.begin());
    CHECK(two.open_outbox(store_conformance::fresh, found) == errc::store_failed);
    CHECK_FALSE(two.rollback());
    one.reset();
    CHECK(store_conformance::opened(two).epoch == 2);
}

TEST_CASE("a store in memory makes no file, not even its lock")
{
    const folder place;
    const auto before = files::current_path();
    files::current_path(files::path{place.file()}.parent_path());
    for (const auto* path : {":memory:", ""}) {
        sqlite_store store{path};
        stored_outbox opened;
        REQUIRE_FALSE(store.begin());
        CHECK_FALSE(store.open_outbox({"name", "secret", 0, 0, {}, {}}, opened));
        CHECK_FALSE(store.commit());
        CHECK(opened.name == "name");
    }
    CHECK(files::is_empty(files::current_path()));
    files::current_path(before);
}
