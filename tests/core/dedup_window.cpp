// Tests of the dedup window: the stories of the rules that it keeps, and a model.
#include <rejoinder/core/dedup_window.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "support/small_ids.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

namespace {

answer_view reply_of(std::string_view bytes, encoding form = encoding::text)
{
    return {.kind = message_kind::reply, .code = {}, .payload = {bytes, form}, .text = {}};
}

answer_view error(std::string_view code, std::string_view data = {}, std::string_view text = {})
{
    return {.kind = message_kind::error, .code = code, .payload = {data, encoding::text}, .text = text};
}

const answer_view bare_ack{.kind = message_kind::ack, .code = {}, .payload = {}, .text = {}};

} // namespace

TEST_CASE("dedup_window: a message runs once, and its repeats get the recorded answer")
{
    dedup_window window{capacity, 1000};
    const auto id = id_of(1, 3);
    CHECK(window.open(id) == verdict::fresh);
    CHECK(window.is_running(id));
    CHECK(window.running() == 1);
    CHECK(window.open(id) == verdict::running);
    CHECK(window.finish(id, reply_of("{\"ok\":1}")));
    CHECK_FALSE(window.is_running(id));
    CHECK(window.open(id) == verdict::done);
    CHECK(window.answer(id) == reply_of("{\"ok\":1}"));
    CHECK(window.kept_bytes() == 8);
    CHECK_FALSE(window.finish(id, reply_of("other")));
    CHECK(window.answer(id) == reply_of("{\"ok\":1}"));
}

TEST_CASE("dedup_window: a higher generation replaces a done record, a lower one never runs")
{
    dedup_window window{capacity, 1000};
    CHECK(window.open(id_of(5, 0)) == verdict::fresh);
    CHECK(window.finish(id_of(5, 0), reply_of("five")));
    CHECK(window.open(id_of(4, 0)) == verdict::stale);
    CHECK(window.open(id_of(9, 0)) == verdict::fresh);
    CHECK(window.kept_bytes() == 0);
    CHECK(window.open(id_of(5, 0)) == verdict::stale);
    CHECK(window.open(id_of(1, 1)) == verdict::fresh);
}

TEST_CASE("dedup_window: a higher generation over a running record is a violation that changes nothing (rule 8)")
{
    dedup_window window{capacity, 1000};
    CHECK(window.open(id_of(1, 2)) == verdict::fresh);
    CHECK(window.open(id_of(2, 2)) == verdict::violation);
    CHECK(window.running() == 1);
    CHECK(window.open(id_of(1, 2)) == verdict::running);
    CHECK_FALSE(window.cancel_unseen(id_of(2, 2)));
    CHECK(window.is_running(id_of(1, 2)));
}

TEST_CASE("dedup_window: numbers that are no ids are violations")
{
    dedup_window window{capacity, 1000};
    for (const message_id id : {message_id{0}, message_id{capacity - 1}, message_id_max + 1, ~message_id{0}}) {
        CHECK(window.open(id) == verdict::violation);
        CHECK_FALSE(window.finish(id, bare_ack));
        CHECK_FALSE(window.cancel_unseen(id));
        CHECK_FALSE(window.is_running(id));
        window.forget(id);
    }
    CHECK(window.open(message_id_max) == verdict::fresh);
    CHECK(window.is_running(message_id_max));
    dedup_window none{0, 1000};
    CHECK(none.open(1) == verdict::violation);
    CHECK_FALSE(none.is_running(1));
}

TEST_CASE("dedup_window: an answer is matched by its whole id, never by its slot (rule 9)")
{
    dedup_window window{capacity, 1000};
    CHECK(window.open(id_of(1, 0)) == verdict::fresh);
    CHECK(window.finish(id_of(1, 0), error("cancelled")));
    CHECK(window.open(id_of(2, 0)) == verdict::fresh);
    CHECK_FALSE(window.finish(id_of(1, 0), reply_of("too late")));
    CHECK(window.is_running(id_of(2, 0)));
    CHECK(window.answer(id_of(1, 0)).code == name_of(errc::stale_request));
    CHECK(window.answer(id_of(2, 0)).code == name_of(errc::stale_request));
}

TEST_CASE("dedup_window: answers of every kind read as they were written")
{
    dedup_window window{capacity, 1000};
    const std::string with_zero{"a\0b", 3};
    const std::vector<answer_view> answers{
        bare_ack,
        reply_of({}),
        reply_of("[1,2]"),
        reply_of(with_zero, encoding::binary),
        reply_of({}, encoding::binary),
        {.kind = message_kind::ack, .code = {}, .payload = {"7", encoding::text}, .text = {}},
        error("no_handler"),
        error("no_handler", {}, "nobody does that"),
        error("out_of_stock"),
        error("out_of_stock", "{\"left\":0}", "nothing left"),
        error("remote_error", "1", {}),
        error({}, {}, "an error without a name"),
    };
    message_id generation = 1;
    for (const auto& answer : answers) {
        const auto id = id_of(generation++, 1);
        REQUIRE(window.open(id) == verdict::fresh);
        REQUIRE(window.finish(id, answer));
        CHECK(window.answer(id) == answer);
    }
}

TEST_CASE("dedup_window: an answer over the byte bound is recorded as done without it")
{
    dedup_window window{capacity, 10};
    CHECK(window.open(id_of(1, 0)) == verdict::fresh);
    CHECK(window.open(id_of(1, 1)) == verdict::fresh);
    CHECK(window.open(id_of(1, 2)) == verdict::fresh);
    CHECK(window.open(id_of(1, 3)) == verdict::fresh);
    CHECK(window.finish(id_of(1, 0), reply_of("1234567")));
    CHECK(window.finish(id_of(1, 1), reply_of("1234")));
    CHECK(window.open(id_of(1, 1)) == verdict::done);
    CHECK(window.answer(id_of(1, 1)) == error("answer_lost"));
    CHECK(window.finish(id_of(1, 2), reply_of("123")));
    CHECK(window.kept_bytes() == 10);
    CHECK(window.finish(id_of(1, 3), bare_ack));
    CHECK(window.answer(id_of(1, 3)) == bare_ack);
}

TEST_CASE("dedup_window: an error that does not fit keeps its code, which says whether the handler ran")
{
    dedup_window window{capacity, 10};
    CHECK(window.open(id_of(1, 0)) == verdict::fresh);
    CHECK(window.finish(id_of(1, 0), error("bad_payload", {}, "a text that is too long")));
    CHECK(window.answer(id_of(1, 0)) == error("bad_payload"));
    CHECK(window.open(id_of(1, 1)) == verdict::fresh);
    CHECK(window.finish(id_of(1, 1), error("code_of_application")));
    CHECK(window.answer(id_of(1, 1)) == error("answer_lost"));
}

TEST_CASE("dedup_window: a forgotten answer is dropped, its generation is not (rule 11)")
{
    dedup_window window{capacity, 10};
    const auto id = id_of(3, 0);
    CHECK(window.open(id) == verdict::fresh);
    window.forget(id);
    CHECK(window.is_running(id));
    CHECK(window.finish(id, reply_of("1234567890")));
    window.forget(id_of(2, 0));
    window.forget(id_of(4, 0));
    CHECK(window.kept_bytes() == 10);
    window.forget(id);
    window.forget(id);
    CHECK(window.kept_bytes() == 0);
    CHECK(window.open(id) == verdict::done);
    CHECK(window.answer(id) == error("answer_lost"));
    CHECK(window.open(id_of(2, 0)) == verdict::stale);
}

TEST_CASE("dedup_window: a cancel that comes first keeps its message from ever running (rule 16)")
{
    dedup_window window{capacity, 10};
    CHECK(window.cancel_unseen(id_of(1, 6)));
    CHECK(window.running() == 0);
    CHECK(window.open(id_of(1, 6)) == verdict::done);
    CHECK(window.answer(id_of(1, 6)) == error("cancelled"));
    CHECK_FALSE(window.cancel_unseen(id_of(1, 6)));
    window.forget(id_of(1, 6));
    CHECK(window.answer(id_of(1, 6)) == error("cancelled")); // not answer_lost (rule 14)
    CHECK(window.open(id_of(2, 6)) == verdict::fresh);
    CHECK_FALSE(window.cancel_unseen(id_of(2, 6)));
    CHECK_FALSE(window.cancel_unseen(id_of(1, 6)));
    CHECK(window.is_running(id_of(2, 6)));
}

TEST_CASE("dedup_window: for_each_running names what runs, and may finish it")
{
    dedup_window window{capacity, 10};
    CHECK(window.open(id_of(1, 5)) == verdict::fresh);
    CHECK(window.open(id_of(7, 2)) == verdict::fresh);
    CHECK(window.open(id_of(1, 0)) == verdict::fresh);
    CHECK(window.finish(id_of(1, 0), bare_ack));
    std::vector<message_id> seen;
    window.for_each_running([&](message_id id) {
        seen.push_back(id);
        window.finish(id, error("cancelled"));
    });
    CHECK(seen == std::vector<message_id>{id_of(7, 2), id_of(1, 5)});
    CHECK(window.running() == 0);
}

TEST_CASE("dedup_window: shrink keeps every generation and every answer that is kept")
{
    dedup_window window{capacity, 1000};
    CHECK(window.open(id_of(2, 1)) == verdict::fresh);
    window.shrink();
    CHECK(window.is_running(id_of(2, 1)));
    CHECK(window.finish(id_of(2, 1), reply_of("kept")));
    window.shrink();
    CHECK(window.answer(id_of(2, 1)) == reply_of("kept"));
    window.forget(id_of(2, 1));
    window.shrink();
    CHECK(window.open(id_of(2, 1)) == verdict::done);
    CHECK(window.open(id_of(1, 1)) == verdict::stale);
    CHECK(window.open(id_of(3, 1)) == verdict::fresh);
    CHECK(window.finish(id_of(3, 1), reply_of(std::string(900, 'x'))));
    CHECK(window.answer(id_of(3, 1)).payload.bytes.size() == 900);
}

TEST_CASE("dedup_window: a random history agrees with a model that remembers everything")
{
    const auto seed = GENERATE(41U, 42U, 43U);
    std::mt19937_64 random{seed};
    struct remembered {
        bool running;
        bool has_bytes;
        std::string payload; // empty: a bare ack, or lost
        bool lost;
    };
    constexpr std::size_t bound = 4000;
    dedup_window window{capacity, bound};
    std::map<message_id, remembered> newest; // slot → record of its newest id
    std::map<message_id, message_id> id_in;  // slot → newest id
    std::size_t kept = 0;
    std::size_t running = 0;

    const auto drop = [&](remembered& record) {
        kept -= record.payload.size();
        record.payload.clear();
    };
    for (int step = 0; step != 20000; ++step) {
        const auto slot = random() % capacity;
        const auto known = id_in[slot];
        const auto generation = known / capacity + random() % 4;
        const auto id = id_of(generation == 0 ? 0 : generation - (random() % 2), slot);
        const bool valid = id >= capacity;
        const bool runs = known != 0 && newest[slot].running;
        const auto what = random() % 4;
        if (what == 0) {
            const auto expected = !valid ? verdict::violation
                : id < known             ? verdict::stale
                : id == known            ? (runs ? verdict::running : verdict::done)
                : runs                   ? verdict::violation
                                         : verdict::fresh;
            REQUIRE(window.open(id) == expected);
            if (expected == verdict::fresh) {
                drop(newest[slot]);
                newest[slot] = {true, false, {}, false};
                id_in[slot] = id;
                ++running;
            }
        } else if (what == 1) {
            const std::string payload(random() % 3 == 0 ? 0 : random() % 1200, static_cast<char>('a' + random() % 26));
            const bool expected = runs && id == known;
            const auto answer = payload.empty() ? bare_ack : reply_of(payload);
            REQUIRE(window.finish(id, answer) == expected);
            if (expected) {
                const bool fits = kept + payload.size() <= bound;
                newest[slot] = {false, true, fits ? payload : "", !fits};
                kept += newest[slot].payload.size();
                --running;
            }
        } else if (what == 2) {
            window.forget(id);
            if (valid && id == known && !runs) {
                drop(newest[slot]);
                newest[slot].lost = true;
            }
        } else if (random() % 8 == 0) {
            const bool expected = valid && id > known && !runs;
            REQUIRE(window.cancel_unseen(id) == expected);
            if (expected) {
                drop(newest[slot]);
                newest[slot] = {false, false, {}, true};
                id_in[slot] = id;
            }
        }
        REQUIRE(window.kept_bytes() == kept);
        REQUIRE(window.running() == running);
        const auto now_known = id_in[slot];
        if (now_known != 0 && !newest[slot].running) {
            const auto& record = newest[slot];
            const auto answer = window.answer(now_known);
            if (record.lost) {
                REQUIRE(answer == error(record.has_bytes ? "answer_lost" : "cancelled"));
            } else {
                REQUIRE(answer == (record.payload.empty() ? bare_ack : reply_of(record.payload)));
            }
        }
    }
}
