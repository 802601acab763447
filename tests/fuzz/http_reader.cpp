// Fuzzes the HTTP head: a request reads the same whole and in pieces, and its handshake is answered, whatever it asks for.
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/url.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
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

struct outcome {
    std::string method;
    std::string path;
    http_headers headers;
    std::string body;
    int refusal = 0;
    std::size_t left = 0;

    friend bool operator==(const outcome&, const outcome&) = default;
};

void answer(const http_request& request)
{
    const auto made = answer_websocket(request, {.subprotocols = {"a"}, .deflate = deflate_terms{}, .headers = {}});
    std::string bytes;
    append_response(bytes, made.response);
    require(bytes.find("\r\n\r\n") != std::string::npos);
    if (made.agreement.deflate) {
        require(made.agreement.deflate->server_max_window_bits >= 9 && made.agreement.deflate->client_max_window_bits >= 8);
    }
    if (const auto where = parse_url("ws://" + request.path)) {
        require(!where->host.empty() && where->port != 0);
    }
}

// Each read sees a block of the exact size.
outcome read_all(std::string_view stream, std::size_t piece)
{
    http_request_reader reader{{.head_max = 512, .body_max = 256}};
    std::string waiting;
    outcome made;
    while (!stream.empty() && reader.progress() != http_progress::whole && reader.progress() != http_progress::bad) {
        const auto size = std::min(piece, stream.size());
        waiting.append(stream.substr(0, size));
        stream.remove_prefix(size);
        const auto exact = std::make_unique<char[]>(waiting.size());
        waiting.copy(exact.get(), waiting.size());
        const auto used = reader.read({exact.get(), waiting.size()});
        require(used <= waiting.size());
        waiting.erase(0, used);
        require(waiting.size() < 8192 + piece);
    }
    made.refusal = reader.refusal();
    if (reader.progress() == http_progress::whole) {
        auto request = reader.take();
        answer(request);
        require(request.body.size() <= 256 && request.path.find('\0') == std::string::npos);
        made = {request.method, request.path, request.headers, request.body, 0, waiting.size() + stream.size()};
    }
    return made;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) {
        return 0;
    }
    const std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto whole = read_all(bytes, bytes.size());
    require(whole == read_all(bytes, 1) || whole.refusal != 0);
    require(whole == read_all(bytes, 1 + data[0] % 32U) || whole.refusal != 0);
    http_response_reader answer_reader{{.head_max = 512, .body_max = 256}};
    answer_reader.read(bytes);
    return 0;
}
