// Fuzzes the codec of plain events: each line is a frame; what is asked is answered under its id, and what is written is an event.
#include <rejoinder/wire/event_codec.hpp>

#include <rejoinder/wire/is_json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
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

constexpr std::uint32_t capacity = 4;

event_codec codec_of_hub()
{
    event_codec codec{event_fields{.id = "id"}};
    welcome answer;
    answer.capacity = capacity;
    std::string nothing;
    codec.encode(answer, nothing);
    return codec;
}

std::string written(event_codec& codec, message out)
{
    std::string frame;
    codec.encode(out, frame);
    require(frame.empty() || is_json(frame));
    return frame;
}

// A notification of the same words is read as such.
void check_notification(const message& in)
{
    auto codec = codec_of_hub();
    message again;
    const auto frame = written(codec, in);
    require(codec.decode({frame}, again) == decoded::message);
    require(again.kind == message_kind::notification && again.name == in.name);
    require(again.payload.bytes.size() == in.payload.bytes.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    auto codec = codec_of_hub();
    std::deque<message_id> open;
    for (std::size_t begin = 0; begin < input.size();) {
        const auto length = std::min(input.find('\n', begin), input.size()) - begin;
        const auto exact = std::make_unique<char[]>(length);
        input.substr(begin, length).copy(exact.get(), length);
        begin += length + 1;
        message in;
        if (codec.decode({{exact.get(), length}}, in) != decoded::message) {
            continue;
        }
        require(in.payload.bytes.empty() || is_json(in.payload.bytes));
        if (in.kind == message_kind::notification) {
            check_notification(in);
        }
        if (in.kind != message_kind::request) {
            continue;
        }
        const bool fresh = std::find(open.begin(), open.end(), in.id) == open.end();
        if (fresh) {
            open.push_back(in.id);
        }
        require(open.size() <= capacity && in.id >= capacity && !in.key.empty());
        if (in.payload.bytes.empty()) { // such a request is answered, the others stay open
            const auto key = std::string{in.key};
            const auto frame = written(codec, {.kind = message_kind::reply, .id = in.id});
            require(frame.find(key) != std::string::npos);
            std::erase(open, in.id);
        }
    }
    return 0;
}
