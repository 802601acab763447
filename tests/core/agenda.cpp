// Tests of the agenda: errands keep their order, and bytes live exactly as long as somebody borrows them.
#include <rejoinder/core/agenda.hpp>

#include <string>

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("agenda: errands leave in the order in which they came")
{
    agenda<int> todo;
    for (message_id id = 1; id != 20; ++id) {
        todo.urgent.push_back({message_kind::reply, id, 0});
    }
    for (message_id id = 1; id != 20; ++id) {
        CHECK(todo.urgent.pop_front().id == id);
    }
    CHECK(todo.urgent.empty());
}

TEST_CASE("agenda: kept bytes are read back, and their places are used again")
{
    agenda<int> todo;
    const auto first = todo.keep("name", {"payload", encoding::binary}, "text");
    CHECK(first != 0);
    CHECK(todo.kept(first).name == "name");
    CHECK(todo.kept(first).payload == "payload");
    CHECK(todo.kept(first).text == "text");
    CHECK(todo.kept(first).form == encoding::binary);
    const auto second = todo.keep("other", {});
    CHECK(second != first);
    todo.release(first);
    CHECK(todo.keep("third", {}) == first);
    CHECK(todo.kept(second).name == "other");
}

TEST_CASE("agenda: lent bytes hold until the next message borrows")
{
    agenda<int> todo;
    const std::string large(10'000, 'x');
    const auto& lent = todo.lend(todo.keep({}, {large, encoding::text}));
    const auto other = todo.keep("other", {});
    CHECK(lent.payload == large);
    todo.lend(other);
    todo.reclaim();
    todo.reclaim();
    CHECK(todo.keep("again", {}) == other);
}

TEST_CASE("agenda: bytes handed to an output hold while messages are lent, kept and reclaimed")
{
    agenda<int> todo;
    const std::string large(10'000, 'x');
    const auto first = todo.keep("name", {large, encoding::text});
    const auto second = todo.keep("second", {"small", encoding::text});
    todo.outputs.push_back(invoke{.payload = {todo.kept(first).payload}, .note = first});
    todo.outputs.push_back(invoke{.payload = {todo.kept(second).payload}, .note = second});
    output<int> out;
    REQUIRE(todo.next(out));
    todo.lend(todo.keep("message", {}));
    todo.reclaim();
    todo.keep("more", {});
    CHECK(std::get<invoke>(out).payload.bytes == large);
    REQUIRE(todo.next(out));
    todo.keep("and more", {});
    CHECK(std::get<invoke>(out).payload.bytes == "small");
    CHECK_FALSE(todo.next(out));
}

TEST_CASE("agenda: clearing a list releases the bytes of each errand, and tells of each")
{
    agenda<int> todo;
    todo.notifications.push_back({message_kind::notification, 0, todo.keep("a", {})});
    todo.notifications.push_back({message_kind::notification, 7, 0});
    int cleared = 0;
    todo.clear(todo.notifications, [&](const errand&) { ++cleared; });
    CHECK(cleared == 2);
    CHECK(todo.keep("b", {}) == 1);
}

TEST_CASE("agenda: memory is given back when nothing is to be done, and not before")
{
    agenda<int> todo;
    const auto kept = todo.keep("name", {});
    todo.notifications.push_back({message_kind::notification, 0, kept});
    todo.shrink();
    CHECK(todo.kept(kept).name == "name");
    todo.notifications.pop_front();
    todo.release(kept);
    todo.shrink();
    CHECK(todo.keep("new", {}) == 1);
}
