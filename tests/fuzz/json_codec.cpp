// Fuzzes the native codec: what is decoded must be encoded to a frame that is decoded to the same message.
#include <rejoinder/wire/json_codec.hpp>

#include <rejoinder/wire/is_json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace rejoinder;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

bool same(const message& a, const message& b)
{
    return a.kind == b.kind && a.id == b.id && a.name == b.name && a.text == b.text && a.key == b.key &&
           a.time_left == b.time_left && std::ranges::equal(a.finished, b.finished) && a.payload.form == b.payload.form;
}

// A raw newline of a payload comes back as a space.
bool same_payload(payload_view first, std::string_view second)
{
    return std::ranges::equal(first.bytes, second, [&](char before, char after) {
        return before == after || (first.form == encoding::text && before == '\n' && after == ' ');
    });
}

bool same(const hello& a, const hello& b)
{
    return a.version == b.version && a.incarnation == b.incarnation && a.token == b.token && a.attempt == b.attempt &&
           a.capacity == b.capacity && a.ping_interval == b.ping_interval && a.dead_after == b.dead_after &&
           a.auth.size() == b.auth.size() && a.metadata.size() == b.metadata.size() && a.outbox == b.outbox;
}

bool same(const welcome& a, const welcome& b)
{
    return a.version == b.version && a.session == b.session && a.token == b.token && a.resumed == b.resumed &&
           a.capacity == b.capacity && a.ping_interval == b.ping_interval && a.dead_after == b.dead_after && a.store == b.store;
}

template <class Greeting>
void check_greeting(json_codec& codec, const message& in)
{
    Greeting first;
    if (!codec.decode(in, first)) {
        return;
    }
    std::string frame;
    require(codec.encode(first, frame) == encoding::text);
    require(is_json(frame));
    json_codec other;
    message again;
    Greeting second;
    require(other.decode({frame}, again) == decoded::message);
    require(other.decode(again, second));
    require(same(first, second));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (bytes.empty()) {
        return 0;
    }
    const auto form = bytes[0] == 'b' ? encoding::binary : encoding::text;
    json_codec codec;
    message first;
    if (codec.decode({bytes.substr(form == encoding::binary ? 1 : 0), form}, first) != decoded::message) {
        return 0;
    }
    std::string frame;
    require(codec.encode(first, frame) == form);
    require(form == encoding::binary || (is_json(frame) && frame.find('\n') == std::string::npos));
    json_codec other;
    message second;
    require(other.decode({frame, form}, second) == decoded::message);
    require(same(first, second));
    require(same_payload(first.payload, second.payload.bytes));
    if (first.kind == message_kind::hello) {
        check_greeting<hello>(codec, first);
    } else if (first.kind == message_kind::welcome) {
        check_greeting<welcome>(codec, first);
    }
    return 0;
}
