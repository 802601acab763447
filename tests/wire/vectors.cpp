// Every vector of docs/wire.md, both ways.
#include <rejoinder/wire/json_codec.hpp>

#include "support/wire_vectors.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;
using namespace wire_vectors;

message_kind kind_of_word(std::string_view word)
{
    constexpr std::string_view words[] = {"hello", "welcome", "ready", "refusal", "bye", "request", "reply", "error",
                                          "delivery", "ack", "notification", "progress", "cancel", "ping", "pong"};
    for (std::size_t i = 0; i != std::size(words); ++i) {
        if (words[i] == word) {
            return static_cast<message_kind>(i);
        }
    }
    throw std::runtime_error{"no such kind: " + std::string{word}};
}

// A message that owns what it says.
struct owned_message {
    message_kind kind{};
    message_id id = 0;
    std::string name, payload, text, key;
    encoding form = encoding::text;
    std::optional<duration> time_left;
    std::vector<message_id> finished;
    rejoinder::stamp stamp;

    message view() const
    {
        return {.kind = kind, .id = id, .name = name, .payload = {payload, form}, .text = text, .key = key,
                .time_left = time_left, .finished = finished, .stamp = stamp};
    }
};

std::vector<std::uint64_t> numbers(std::string_view list)
{
    std::vector<std::uint64_t> all;
    while (!list.empty()) {
        all.push_back(number(list));
        list.remove_prefix(std::min(list.find(','), list.size() - 1) + 1);
    }
    return all;
}

void set_field(owned_message& m, const std::string& name, const std::string& value)
{
    if (name == "id") {
        m.id = number(value);
    } else if (name == "name") {
        m.name = string_field(value);
    } else if (name == "payload") {
        m.payload = value;
    } else if (name == "text") {
        m.text = string_field(value);
    } else if (name == "key") {
        m.key = string_field(value);
    } else if (name == "time_left") {
        m.time_left = std::chrono::milliseconds{number(value)};
    } else if (name == "finished") {
        m.finished = numbers(value);
    } else if (name == "seq") {
        m.stamp.sequence = number(value);
    } else if (name == "settled") {
        m.stamp.settled = number(value);
    } else if (name == "try") {
        m.stamp.attempt = static_cast<std::uint32_t>(number(value));
    } else {
        throw std::runtime_error{"no such field: " + name};
    }
}

owned_message message_of(const std::string& kind, const std::string& fields)
{
    owned_message m;
    m.kind = kind_of_word(kind);
    for (const auto& [name, value] : fields_of(fields)) {
        set_field(m, name, value);
    }
    return m;
}

template <class Greeting>
void set_shared_field(Greeting& greeting, const std::string& name, const std::string& value)
{
    if (name == "v") {
        greeting.version = static_cast<int>(number(value));
    } else if (name == "token") {
        greeting.token = value;
    } else if (name == "capacity") {
        greeting.capacity = static_cast<std::uint32_t>(number(value));
    } else if (name == "ping") {
        greeting.ping_interval = std::chrono::milliseconds{number(value)};
    } else if (name == "dead") {
        greeting.dead_after = std::chrono::milliseconds{number(value)};
    } else {
        throw std::runtime_error{"no such field: " + name};
    }
}

template <class T>
T& there(std::optional<T>& part)
{
    return part ? *part : part.emplace();
}

hello hello_of(const std::string& fields)
{
    hello greeting;
    for (const auto& [name, value] : fields_of(fields)) {
        if (name == "incarnation") {
            greeting.incarnation = value;
        } else if (name == "attempt") {
            greeting.attempt = number(value);
        } else if (name == "auth") {
            greeting.auth = value;
        } else if (name == "meta") {
            greeting.metadata = value;
        } else if (name == "outbox") {
            there(greeting.outbox).name = value;
        } else if (name == "secret") {
            there(greeting.outbox).secret = value;
        } else if (name == "epoch") {
            there(greeting.outbox).epoch = number(value);
        } else if (name == "next") {
            there(greeting.outbox).next = number(value);
        } else if (name == "sent") {
            there(greeting.outbox).sent = numbers(value);
        } else if (name == "unsettled") {
            there(greeting.outbox).unsettled = numbers(value);
        } else {
            set_shared_field(greeting, name, value);
        }
    }
    return greeting;
}

welcome welcome_of(const std::string& fields)
{
    welcome answer;
    for (const auto& [name, value] : fields_of(fields)) {
        if (name == "session") {
            answer.session = value;
        } else if (name == "resumed") {
            answer.resumed = value == "true";
        } else if (name == "store") {
            there(answer.store).name = value;
        } else if (name == "known") {
            there(answer.store).knows_outbox = value == "true";
        } else {
            set_shared_field(answer, name, value);
        }
    }
    return answer;
}

void check_same(const message& read, const message& expected)
{
    CHECK(read.kind == expected.kind);
    CHECK(read.id == expected.id);
    CHECK(read.name == expected.name);
    CHECK(read.payload == expected.payload);
    CHECK(read.text == expected.text);
    CHECK(read.key == expected.key);
    CHECK(read.time_left == expected.time_left);
    CHECK(std::vector(read.finished.begin(), read.finished.end()) ==
          std::vector(expected.finished.begin(), expected.finished.end()));
    CHECK(read.stamp == expected.stamp);
}

void check_same(const hello& read, const hello& expected)
{
    CHECK(read.version == expected.version);
    CHECK(read.incarnation == expected.incarnation);
    CHECK(read.token == expected.token);
    CHECK(read.attempt == expected.attempt);
    CHECK(read.capacity == expected.capacity);
    CHECK(read.ping_interval == expected.ping_interval);
    CHECK(read.dead_after == expected.dead_after);
    CHECK(read.auth == expected.auth);
    CHECK(read.metadata == expected.metadata);
    CHECK(read.outbox == expected.outbox);
}

void check_same(const welcome& read, const welcome& expected)
{
    CHECK(read.version == expected.version);
    CHECK(read.session == expected.session);
    CHECK(read.token == expected.token);
    CHECK(read.resumed == expected.resumed);
    CHECK(read.capacity == expected.capacity);
    CHECK(read.ping_interval == expected.ping_interval);
    CHECK(read.dead_after == expected.dead_after);
    CHECK(read.store == expected.store);
}

template <class Greeting>
void check_greeting_read(const std::string& frame, const Greeting& expected)
{
    json_codec codec;
    message in;
    REQUIRE(codec.decode(frame_view{frame}, in) == decoded::message);
    Greeting read;
    REQUIRE(codec.decode(in, read));
    check_same(read, expected);
}

void check_read(const std::string& kind, const std::string& fields, const std::string& frame)
{
    if (kind == "hello") {
        return check_greeting_read(frame, hello_of(fields));
    }
    if (kind == "welcome") {
        return check_greeting_read(frame, welcome_of(fields));
    }
    json_codec codec;
    message in;
    REQUIRE(codec.decode(frame_view{frame}, in) == decoded::message);
    check_same(in, message_of(kind, fields).view());
}

std::string written(const std::string& kind, const std::string& fields)
{
    json_codec codec;
    std::string frame;
    if (kind == "hello") {
        CHECK(codec.encode(hello_of(fields), frame) == encoding::text);
    } else if (kind == "welcome") {
        CHECK(codec.encode(welcome_of(fields), frame) == encoding::text);
    } else {
        CHECK(codec.encode(message_of(kind, fields).view(), frame) == encoding::text);
    }
    return frame;
}

bool is_refused(const std::string& frame)
{
    json_codec codec;
    message in;
    if (codec.decode(frame_view{frame}, in) == decoded::bad) {
        return true;
    }
    hello greeting;
    welcome answer;
    return (in.kind == message_kind::hello && !codec.decode(in, greeting)) ||
           (in.kind == message_kind::welcome && !codec.decode(in, answer));
}

} // namespace

TEST_CASE("each vector of docs/wire.md is written and read as it stands there")
{
    const auto lines = lines_of_block("vectors");
    REQUIRE(lines.size() > 30);
    for (const auto& line : lines) {
        INFO(line);
        const auto columns = columns_of(line, 3);
        CHECK(written(columns[0], columns[1]) == columns[2]);
        check_read(columns[0], columns[1], columns[2]);
    }
}

TEST_CASE("each vector of docs/wire.md that is only read is read as it stands there")
{
    const auto lines = lines_of_block("vectors-read");
    REQUIRE(lines.size() > 10);
    for (const auto& line : lines) {
        INFO(line);
        const auto columns = columns_of(line, 3);
        check_read(columns[0], columns[1], columns[2]);
        CHECK(written(columns[0], columns[1]) != columns[2]);
    }
}

TEST_CASE("each binary vector of docs/wire.md is written and read as it stands there")
{
    for (const auto& line : lines_of_block("vectors-binary")) {
        INFO(line);
        const auto columns = columns_of(line, 3);
        auto expected = message_of(columns[0], columns[1]);
        expected.payload = bytes_of_hex(expected.payload);
        expected.form = encoding::binary;
        const auto frame = bytes_of_hex(columns[2]);

        json_codec codec;
        std::string bytes;
        CHECK(codec.encode(expected.view(), bytes) == encoding::binary);
        CHECK(bytes == frame);
        message in;
        REQUIRE(codec.decode(frame_view{frame, encoding::binary}, in) == decoded::message);
        check_same(in, expected.view());
    }
}

TEST_CASE("each bad vector of docs/wire.md is refused")
{
    const auto lines = lines_of_block("vectors-bad");
    REQUIRE(lines.size() > 50);
    for (const auto& line : lines) {
        INFO(line);
        CHECK(is_refused(columns_of(line, 2)[1]));
    }
}
