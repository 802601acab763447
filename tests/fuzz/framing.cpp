// Fuzzes the framings: a stream gives the same frames whole and in pieces, and a frame that was read can be written.
#include <rejoinder/wire/content_length_headers.hpp>
#include <rejoinder/wire/length_prefix.hpp>
#include <rejoinder/wire/newline_delimited.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace rejoinder;
using state = parsed::state;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

struct outcome {
    std::vector<std::pair<std::string, encoding>> frames;
    state end = state::more;

    friend bool operator==(const outcome&, const outcome&) = default;
};

template <class Framing>
void check_writable(const Framing& framing, frame_view frame)
{
    std::string out;
    const auto mark = framing.open(out);
    out.append(frame.bytes);
    if (!framing.close(out, mark, frame.form)) {
        // A line may be read that would not be written: one that ends with a carriage return.
        require(out.empty() && frame.bytes.ends_with('\r'));
        return;
    }
    const auto again = Framing{framing.limit}.parse(out);
    require(again.what == state::frame && again.frame == frame && again.used == out.size());
}

// `piece` bytes come at a time; each call of parse sees a block of the exact size.
template <class Framing>
outcome read_all(std::string_view stream, std::size_t piece)
{
    const Framing framing{.limit = 64};
    outcome result;
    std::string buffered;
    while (!stream.empty()) {
        const auto size = std::min(piece, stream.size());
        buffered.append(stream.substr(0, size));
        stream.remove_prefix(size);
        for (;;) {
            const auto exact = std::make_unique<char[]>(buffered.size());
            buffered.copy(exact.get(), buffered.size());
            const auto found = framing.parse({exact.get(), buffered.size()});
            require(found.used <= buffered.size() && found.wanted >= 1);
            if (found.what == state::frame) {
                require(found.used > 0 && found.frame.bytes.size() <= framing.limit);
                check_writable(framing, found.frame);
                result.frames.emplace_back(found.frame.bytes, found.frame.form);
            }
            buffered.erase(0, found.used);
            if (found.what == state::more) {
                break;
            }
            if (found.what != state::frame) {
                result.end = found.what;
                return result;
            }
        }
    }
    return result;
}

template <class Framing>
void check(std::string_view stream, std::size_t piece)
{
    const auto whole = read_all<Framing>(stream, stream.size());
    require(whole == read_all<Framing>(stream, 1));
    require(whole == read_all<Framing>(stream, piece));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (bytes.size() < 2) {
        return 0;
    }
    const std::size_t piece = 1 + data[0] / 3 % 16;
    switch (data[0] % 3) {
    case 0:
        check<length_prefix>(bytes.substr(1), piece);
        break;
    case 1:
        check<newline_delimited>(bytes.substr(1), piece);
        break;
    default:
        check<content_length_headers>(bytes.substr(1), piece);
    }
    return 0;
}
