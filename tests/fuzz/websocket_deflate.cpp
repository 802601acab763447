// Inflating reads any bytes within its limit; what is deflated comes back, whatever was inflated before.
#include <rejoinder/wire/websocket_deflate.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace rejoinder;

void need(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) {
        return 0;
    }
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 2, size - 2};
    const deflate_terms terms{(data[0] & 1) != 0, (data[0] & 2) != 0, 8 + data[0] / 4 % 8, 8 + data[0] / 32};
    const std::size_t most = std::size_t{data[1]} * 64;
    websocket_inflater hostile{websocket_role::server, terms};
    const auto half = bytes.size() / 2;
    std::string out;
    if (hostile.inflate(bytes.substr(0, half), out, most) == websocket_code::none) {
        need(out.size() <= most);
        static_cast<void>(hostile.inflate(bytes.substr(half), out, most));
    }
    need(out.size() <= 2 * most + 1);

    websocket_deflater deflater{websocket_role::client, terms};
    websocket_inflater inflater{websocket_role::server, terms};
    for (const auto part : {bytes.substr(0, half), bytes.substr(half), bytes}) {
        std::string sent{part};
        if (deflater.deflate(sent, 0)) {
            std::string came;
            need(inflater.inflate(sent, came, part.size()) == websocket_code::none && came == part);
        }
    }
    return 0;
}
