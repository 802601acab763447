// What events cost where nobody takes them: no text, no memory.
#include <rejoinder/net/event.hpp>

#include <rejoinder/net/detail/tell.hpp>
#include <rejoinder/sink/json_lines.hpp>

#include "support/counted_new.hpp"
#include "support/house.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

#include "support/catch.hpp"

using namespace std::chrono_literals;

namespace {

int asked_for_words = 0;

// An error whose text is long, made anew each time, and counted.
class wordy_category : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "wordy"; }
    [[nodiscard]] std::string message(int) const override
    {
        ++asked_for_words;
        return "an explanation that no small string has room for";
    }
};

std::error_code wordy_error()
{
    static const wordy_category all;
    return {1, all};
}

} // namespace

TEST_CASE("an event that nobody takes makes no text and no memory")
{
    const auto before = heap_allocations.load();
    rejoinder::event_sink nobody;
    rejoinder::detail::tell(nobody, {.name = "ws_disconnect", .error = wordy_error()});
    CHECK(heap_allocations.load() == before);
    CHECK(asked_for_words == 0);
    std::string heard;
    nobody = [&](const rejoinder::event& one) { heard = one.text; };
    rejoinder::detail::tell(nobody, {.name = "ws_disconnect", .error = wordy_error()});
    CHECK(heard == wordy_error().message());
    rejoinder::detail::tell(nobody, {.name = "ws_disconnect", .error = wordy_error(), .text = "known better"});
    CHECK(heard == "known better");
}

TEST_CASE("a client that nobody watches asks no error for its words")
{
    house at;
    at.board->failing = wordy_error();
    asked_for_words = 0;
    at.meet();
    CHECK(at.board->attempts == 1);
    CHECK(at.tab->last_error() == wordy_error());
    CHECK(asked_for_words == 0);
    int told = 0;
    at.tab->on_event([&](const rejoinder::event& one) {
        if (one.name == "connect_failed") {
            ++told;
            CHECK(one.text == wordy_error().message());
        }
    });
    at.tab->connect();
    at.meet();
    CHECK(at.board->attempts == 2);
    CHECK(told == 1);
    CHECK(asked_for_words != 0);
}

TEST_CASE("a sink of JSON lines takes no memory once it has written its longest line")
{
    std::size_t bytes = 0;
    rejoinder::json_lines_sink sink{[&](std::string_view line) { bytes += line.size(); }};
    const rejoinder::event one{.name = "ws_connect", .who = "somebody with quite a long name", .session = 1, .took = 5ms, .text = "text"};
    sink(one);
    const auto before = heap_allocations.load();
    for (int i = 0; i != 100; ++i) {
        sink(one);
    }
    CHECK(heap_allocations.load() == before);
    CHECK(bytes > 100);
}
