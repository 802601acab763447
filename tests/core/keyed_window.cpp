// Tests of the keyed window and of the fingerprint.
#include <rejoinder/core/keyed_window.hpp>

#include <chrono>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace rejoinder;
using namespace std::chrono_literals;

namespace {

constexpr instant opened_at{};

answer_view reply_to_key(std::string_view bytes)
{
    return {.kind = message_kind::reply, .code = {}, .payload = {bytes, encoding::text}, .text = {}};
}

} // namespace

TEST_CASE("keyed_window: a key runs once, and its repeats get the recorded answer")
{
    keyed_window window;
    CHECK(window.open("k", 7, opened_at) == keyed_verdict::fresh);
    CHECK(window.open("k", 7, opened_at) == keyed_verdict::running);
    CHECK(window.is_running("k"));
    CHECK(window.answer("k").code == name_of(errc::stale_request));
    CHECK(window.finish("k", reply_to_key("done"), opened_at));
    CHECK_FALSE(window.finish("k", reply_to_key("again"), opened_at));
    CHECK_FALSE(window.is_running("k"));
    CHECK(window.open("k", 7, opened_at) == keyed_verdict::done);
    CHECK(window.answer("k") == reply_to_key("done"));
    CHECK(window.kept_bytes() == 5);
    CHECK(window.size() == 1);
}

TEST_CASE("keyed_window: the same key with another payload is a conflict, running or done")
{
    keyed_window window;
    CHECK(window.open("k", 7, opened_at) == keyed_verdict::fresh);
    CHECK(window.open("k", 8, opened_at) == keyed_verdict::conflict);
    CHECK(window.finish("k", reply_to_key("done"), opened_at));
    CHECK(window.open("k", 8, opened_at) == keyed_verdict::conflict);
    CHECK(window.open("k", 7, opened_at) == keyed_verdict::done);
}

TEST_CASE("keyed_window: a record is dropped when it has been done for the greatest age, never while it runs")
{
    keyed_window window{{.count_max = 10, .bytes_max = 1000, .age_max = 60s}};
    CHECK(window.next_expiry() == never);
    CHECK(window.open("k", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.open("k", 1, opened_at + 1h) == keyed_verdict::running);
    CHECK(window.finish("k", reply_to_key("x"), opened_at + 1h));
    CHECK(window.next_expiry() == opened_at + 1h + 60s);
    CHECK(window.open("k", 1, opened_at + 1h + 59s) == keyed_verdict::done);
    window.expire(opened_at + 1h + 60s);
    CHECK(window.size() == 0);
    CHECK(window.kept_bytes() == 0);
    CHECK(window.open("k", 2, opened_at + 1h + 60s) == keyed_verdict::fresh);
}

TEST_CASE("keyed_window: at the bound in count the record done longest makes room; running ones do not")
{
    keyed_window window{{.count_max = 3, .bytes_max = 1000, .age_max = 1h}};
    CHECK(window.open("a", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.open("b", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.open("c", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.open("d", 1, opened_at) == keyed_verdict::full);
    CHECK(window.size() == 3);
    CHECK(window.finish("c", reply_to_key("1"), opened_at + 1s));
    CHECK(window.finish("a", reply_to_key("2"), opened_at + 2s));
    CHECK(window.open("d", 1, opened_at + 3s) == keyed_verdict::fresh);
    CHECK(window.open("a", 1, opened_at + 3s) == keyed_verdict::done);
    CHECK(window.open("c", 1, opened_at + 3s) == keyed_verdict::fresh); // runs again: its record made room
    CHECK(window.open("a", 1, opened_at + 3s) == keyed_verdict::full);
    CHECK(window.running() == 3);
}

TEST_CASE("keyed_window: keys and answers share the bound in bytes")
{
    keyed_window window{{.count_max = 100, .bytes_max = 20, .age_max = 1h}};
    CHECK(window.open(std::string(21, 'k'), 1, opened_at) == keyed_verdict::full);
    CHECK(window.open("first", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.finish("first", reply_to_key("0123456789"), opened_at));
    CHECK(window.kept_bytes() == 15);
    CHECK(window.open("second", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.kept_bytes() == 6);
    CHECK(window.open("third", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.finish("third", reply_to_key("0123456789"), opened_at));
    CHECK(window.answer("third").code == name_of(errc::answer_lost));
    CHECK(window.finish("second", reply_to_key("01234567890123"), opened_at));
    CHECK(window.answer("second") == reply_to_key("01234567890123"));
    CHECK(window.size() == 1);
    CHECK(window.kept_bytes() == 20);
}

TEST_CASE("keyed_window: a removed key is fresh again, running or done")
{
    keyed_window window{{.count_max = 2, .bytes_max = 100, .age_max = 1h}};
    CHECK_FALSE(window.remove("a"));
    CHECK(window.open("a", 1, opened_at) == keyed_verdict::fresh);
    CHECK(window.remove("a"));
    CHECK_FALSE(window.finish("a", reply_to_key("x"), opened_at));
    CHECK(window.open("a", 2, opened_at) == keyed_verdict::fresh);
    CHECK(window.finish("a", reply_to_key("x"), opened_at));
    CHECK(window.remove("a"));
    CHECK(window.kept_bytes() == 0);
    CHECK(window.next_expiry() == never);
    window.shrink();
    CHECK(window.open("a", 3, opened_at) == keyed_verdict::fresh);
}

TEST_CASE("keyed_window: a window that is moved keeps its records and their order")
{
    keyed_window one{{.count_max = 2, .bytes_max = 100, .age_max = 1h}};
    CHECK(one.open("a", 1, opened_at) == keyed_verdict::fresh);
    CHECK(one.finish("a", reply_to_key("x"), opened_at));
    keyed_window other{std::move(one)};
    CHECK(other.open("b", 1, opened_at) == keyed_verdict::fresh);
    CHECK(other.open("a", 1, opened_at) == keyed_verdict::done);
    CHECK(other.open("c", 1, opened_at) == keyed_verdict::fresh);
    CHECK(other.open("a", 1, opened_at) == keyed_verdict::full);
}

TEST_CASE("keyed_window: in a random history the bounds hold and no running key is lost")
{
    std::mt19937_64 random{51};
    constexpr keyed_window::options bounds{.count_max = 20, .bytes_max = 600, .age_max = 5s};
    keyed_window window{bounds};
    std::set<std::string> running;
    auto now = opened_at;
    for (int step = 0; step != 20000; ++step) {
        now += std::chrono::milliseconds{random() % 300};
        const auto key = "key" + std::to_string(random() % 60);
        if (random() % 2 == 0) {
            const auto judged = window.open(key, 9, now);
            REQUIRE((judged == keyed_verdict::running) == (running.count(key) == 1));
            if (judged == keyed_verdict::fresh) {
                running.insert(key);
            }
        } else {
            const std::string bytes(random() % 100, 'x');
            REQUIRE(window.finish(key, reply_to_key(bytes), now) == (running.erase(key) == 1));
        }
        REQUIRE(window.size() <= bounds.count_max);
        REQUIRE(window.kept_bytes() <= bounds.bytes_max);
        REQUIRE(window.running() == running.size());
        REQUIRE(window.next_expiry() > now);
    }
}

TEST_CASE("fingerprint_of: length, form, order and every bit matter")
{
    CHECK(fingerprint_of({"abc", encoding::text}) == fingerprint_of({std::string{"abc"}, encoding::text}));
    CHECK(fingerprint_of({"abc", encoding::text}) != fingerprint_of({"abc", encoding::binary}));
    std::set<std::uint64_t> seen;
    std::size_t count = 0;
    std::string bytes(40, '\0');
    for (std::size_t length = 0; length <= bytes.size(); ++length, ++count) {
        seen.insert(fingerprint_of({std::string_view{bytes}.substr(0, length), encoding::binary}));
    }
    for (std::size_t bit = 0; bit != bytes.size() * 8; ++bit) {
        for (std::size_t other = 0; other != bit; ++other, ++count) {
            auto changed = bytes;
            changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
            changed[other / 8] = static_cast<char>(changed[other / 8] ^ (1 << other % 8));
            seen.insert(fingerprint_of({changed, encoding::binary}));
        }
    }
    CHECK(seen.size() == count);
}

TEST_CASE("fingerprint_of: its values are fixed, since they may be stored")
{
    static_assert(fingerprint_of({"constexpr", encoding::text}) != 0);
    CHECK(fingerprint_of({{}, encoding::text}) == 0x09b8dc4266185f4d);
    CHECK(fingerprint_of({"{\"shop_id\":123}", encoding::text}) == 0xf04e3052cee6cd2e);
    CHECK(fingerprint_of({"01234567\xff", encoding::binary}) == 0x7d0f4213986ce34e);
}
