// How frames and Close payloads are written: what the reader reads back, with headers of the least size.
#include <rejoinder/wire/websocket_frame.hpp>

#include <rejoinder/wire/websocket_close.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/websocket_bytes.hpp"

#include "support/catch.hpp"

using namespace rejoinder;

TEST_CASE("frames are written as the examples of RFC 6455 §5.7 are")
{
    std::string out;
    websocket_frame{.opcode = websocket_opcode::text}.append_to(out, "Hello");
    CHECK(out == "\x81\x05Hello");
    out.clear();
    websocket_frame{.opcode = websocket_opcode::text, .key = 0x37fa213d}.append_to(out, "Hello");
    CHECK(out == "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    out.clear();
    websocket_frame{.opcode = websocket_opcode::text, .is_last = false}.append_to(out, "Hel");
    websocket_frame{.opcode = websocket_opcode::continuation}.append_to(out, "lo");
    CHECK(out == std::string{"\x01\x03Hel\x80\x02lo"});
    out.clear();
    websocket_frame{}.append_to(out, std::string(256, 'x'));
    CHECK(out.substr(0, 4) == std::string{"\x82\x7E\x01\x00", 4});
    out.clear();
    websocket_frame{}.append_to(out, std::string(65536, 'x'));
    CHECK(out.substr(0, 10) == std::string{"\x82\x7F\0\0\0\0\0\x01\0\0", 10});
    out.clear();
    websocket_frame{.is_compressed = true}.append_to(out, "x");
    CHECK(out == "\xC2\x01x");
}

TEST_CASE("a frame of any length behind others is what a peer reads")
{
    for (const std::size_t size : {0U, 1U, 3U, 7U, 8U, 9U, 125U, 126U, 65535U, 65536U, 100001U}) {
        std::string body;
        for (std::size_t i = 0; i != size; ++i) {
            body.push_back(static_cast<char>(i * 31));
        }
        for (const bool is_masked : {false, true}) {
            websocket_frame frame;
            if (is_masked) {
                frame.key = 0xDEADBEEF;
            }
            std::string out;
            frame.append_to(out, "before");
            const auto mark = frame.open(out);
            out.append(body);
            frame.close(out, mark);
            frame.append_to(out, "after");
            const auto reads = is_masked ? websocket_role::server : websocket_role::client;
            CHECK(websocket_bytes::events_of(out, 1000, reads) ==
                  std::vector<std::string>{"binary before", "binary " + body, "binary after"});
        }
    }
}

TEST_CASE("a mask goes on where a piece was cut")
{
    std::string whole = "some payload that is longer than a word";
    for (std::size_t cut = 0; cut != whole.size(); ++cut) {
        std::string once = whole;
        std::string twice = whole;
        detail::apply_websocket_mask(once, 0x01020304);
        detail::apply_websocket_mask(std::span{twice}.first(cut), 0x01020304);
        detail::apply_websocket_mask(std::span{twice}.subspan(cut), 0x01020304, cut);
        CHECK(once == twice);
        detail::apply_websocket_mask(once, 0x01020304);
        CHECK(once == whole);
    }
}

TEST_CASE("a Close payload says its code and as much of its text as a control frame carries")
{
    std::string out;
    websocket_close{.code = 1001, .text = "bye"}.append_to(out);
    CHECK(out == std::string{"\x03\xE9"} + "bye");
    websocket_close back;
    CHECK(websocket_close::read(out, back) == websocket_code::none);
    CHECK(back.code == 1001);
    CHECK(back.text == "bye");
    for (const unsigned silent : {1005U, 1006U, 1015U, 0U}) {
        out.clear();
        websocket_close{.code = static_cast<std::uint16_t>(silent), .text = "why"}.append_to(out);
        CHECK(out.empty());
    }
    out.clear();
    const std::string long_text = std::string(122, 'x') + "\xC3\xA9";
    websocket_close{.code = 1000, .text = long_text}.append_to(out);
    CHECK(out.size() == 2 + 122);
    CHECK(websocket_close::read("", back) == websocket_code::none);
    CHECK(back.code == 1005);
}
