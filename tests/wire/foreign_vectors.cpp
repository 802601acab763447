// Every vector of the foreign wires in docs/wire.md, both ways.
#include <rejoinder/wire/engine_io_payload.hpp>
#include <rejoinder/wire/event_codec.hpp>
#include <rejoinder/wire/socket_io_decoder.hpp>

#include "support/wire_vectors.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using namespace rejoinder;
using namespace wire_vectors;

// A message of a vector, which owns what it says.
struct foreign_words {
    message_kind kind = message_kind::notification;
    message_id id = 0;
    std::string name, payload, text;

    foreign_words(const std::string& word, const std::string& fields)
    {
        kind = word == "request"    ? message_kind::request
               : word == "reply"    ? message_kind::reply
               : word == "progress" ? message_kind::progress
               : word == "error"    ? message_kind::error
                                    : message_kind::notification;
        for (const auto& [field, value] : fields_of(fields)) {
            if (field == "id") {
                id = number(value);
            } else if (field == "text") {
                text = value;
            } else {
                (field == "name" ? name : payload) = field == "name" ? string_field(value) : value;
            }
        }
    }
};

event_codec codec_on_side(std::string_view side)
{
    event_codec codec{event_fields{.id = "request_id"}};
    std::string nothing;
    side == "c" ? codec.encode(hello{}, nothing) : codec.encode(welcome{}, nothing);
    return codec;
}

std::string with_separators(std::string text)
{
    constexpr std::string_view shown = "\xE2\x90\x9E";
    for (auto at = text.find(shown); at != std::string::npos; at = text.find(shown)) {
        text.replace(at, shown.size(), "\x1E");
    }
    return text;
}

std::vector<std::string> parts_of(std::string_view list)
{
    std::vector<std::string> parts;
    while (!list.empty()) {
        const auto end = std::min(list.find("; "), list.size());
        parts.emplace_back(trimmed(list.substr(0, end)));
        list.remove_prefix(std::min(end + 2, list.size()));
    }
    return parts;
}

socket_io_type socket_io_type_of_word(std::string_view word)
{
    constexpr std::string_view words[] = {"connect", "disconnect", "event", "ack", "connect_error"};
    for (std::size_t i = 0; i != std::size(words); ++i) {
        if (words[i] == word) {
            return static_cast<socket_io_type>(i);
        }
    }
    throw std::runtime_error{"no such type: " + std::string{word}};
}

} // namespace

TEST_CASE("each event of docs/wire.md is written as it stands there, and read by the other side")
{
    const auto lines = lines_of_block("vectors-events");
    REQUIRE(lines.size() >= 5);
    for (const auto& line : lines) {
        INFO(line);
        const auto columns = columns_of(line, 4);
        const foreign_words words{columns[1], columns[2]};
        auto writer = codec_on_side(columns[0]);
        std::string frame;
        writer.encode(message{.kind = words.kind, .id = words.id, .name = words.name, .payload = {words.payload}}, frame);
        CHECK(frame == columns[3]);
        auto reader = codec_on_side(columns[0] == "c" ? "h" : "c");
        message in;
        REQUIRE(reader.decode({frame}, in) == decoded::message);
        CHECK(in.kind == words.kind);
        CHECK(in.name == words.name);
        CHECK(in.payload.bytes == words.payload);
    }
}

TEST_CASE("each answering event of docs/wire.md is read as the answer")
{
    for (const auto& line : lines_of_block("vectors-events-answers")) {
        INFO(line);
        const auto columns = columns_of(line, 3);
        const foreign_words words{columns[0], columns[1]};
        auto codec = codec_on_side("c");
        message in;
        REQUIRE(codec.decode({columns[2]}, in) == decoded::message);
        CHECK(in.kind == words.kind);
        CHECK(in.id == words.id);
        CHECK(in.name == words.name);
        CHECK(in.text == words.text);
        CHECK((words.payload.empty() || in.payload.bytes == words.payload || words.kind == message_kind::error));
    }
}

TEST_CASE("each Engine.IO body of docs/wire.md is written and read as it stands there")
{
    for (const auto& line : lines_of_block("vectors-engine-io")) {
        INFO(line);
        const auto columns = columns_of(line, 2);
        const auto body = with_separators(columns[1]);
        std::string written;
        engine_io_payload_reader reader{body};
        engine_io_packet read;
        for (const auto& part : parts_of(columns[0])) {
            const bool binary = part.starts_with("b:");
            const auto data = binary ? bytes_of_hex(part.substr(2)) : part.substr(1);
            const engine_io_packet packet{binary ? engine_io_type::message : static_cast<engine_io_type>(part[0] - '0'), data,
                                          binary ? encoding::binary : encoding::text};
            CHECK(append_engine_io_payload(written, packet));
            REQUIRE(reader.next(read) == engine_io_payload_reader::step::packet);
            CHECK(read == packet);
        }
        CHECK(written == body);
        CHECK(reader.next(read) == engine_io_payload_reader::step::end);
    }
}

TEST_CASE("each bad Engine.IO body of docs/wire.md is refused")
{
    for (const auto& line : lines_of_block("vectors-engine-io-bad")) {
        INFO(line);
        const auto body = with_separators(columns_of(line, 2)[1]);
        engine_io_payload_reader reader{body};
        engine_io_packet packet;
        auto step = reader.next(packet);
        while (step == engine_io_payload_reader::step::packet) {
            step = reader.next(packet);
        }
        CHECK(step == engine_io_payload_reader::step::bad);
    }
}

TEST_CASE("each Socket.IO packet of docs/wire.md is written and read as it stands there")
{
    for (const auto& line : lines_of_block("vectors-socket-io")) {
        INFO(line);
        const auto columns = columns_of(line, 3);
        auto fields = fields_of(columns[1]);
        socket_io_packet packet{.type = socket_io_type_of_word(columns[0]), .name = fields["name"], .data = fields["data"]};
        packet.name_space = fields.contains("namespace") ? fields["namespace"] : packet.name_space;
        packet.attachments = number(fields["attachments"]);
        if (fields.contains("id")) {
            packet.id = number(fields["id"]);
        }
        std::string written;
        append_socket_io_packet(written, packet);
        CHECK(written == columns[2]);
        std::string scratch;
        socket_io_packet read;
        REQUIRE(read_socket_io_packet(columns[2], scratch, read));
        read.arguments = 0;
        CHECK(read == packet);
    }
}

TEST_CASE("each bad Socket.IO packet of docs/wire.md is refused")
{
    for (const auto& line : lines_of_block("vectors-socket-io-bad")) {
        INFO(line);
        std::string scratch;
        socket_io_packet read;
        CHECK_FALSE(read_socket_io_packet(columns_of(line, 2)[1], scratch, read));
    }
}

TEST_CASE("the arguments of each Socket.IO vector of docs/wire.md are the payload that stands there")
{
    for (const auto& line : lines_of_block("vectors-socket-io-payloads")) {
        INFO(line);
        const auto columns = columns_of(line, 3);
        const auto attachments = parts_of(columns[1]);
        auto text = attachments.empty() ? std::string{"2"} : "5" + std::to_string(attachments.size()) + "-";
        text += columns[0].empty() ? R"(["a"])" : R"(["a",)" + columns[0] + "]";
        socket_io_decoder decoder;
        socket_io_packet packet;
        payload_view payload;
        auto how = decoder.decode({text}, packet, payload);
        for (const auto& one : attachments) {
            const auto bytes = bytes_of_hex(one);
            how = decoder.decode({bytes, encoding::binary}, packet, payload);
        }
        REQUIRE(how == decoded::message);
        const bool binary = columns[2].starts_with("hex:");
        CHECK(payload.form == (binary ? encoding::binary : encoding::text));
        CHECK(payload.bytes == (binary ? bytes_of_hex(columns[2].substr(4)) : columns[2]));
    }
}
