// Fuzzes the WebSocket handshake: what one side says the other one reads the same way, and no header breaks either.
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
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

deflate_terms terms_of(std::uint8_t bits, std::uint8_t more)
{
    return {(bits & 1U) != 0, (bits & 2U) != 0, 9 + (bits >> 2U) % 7, 9 + more % 7};
}

bool is_within(const deflate_terms& one)
{
    return one.server_max_window_bits >= 9 && one.server_max_window_bits <= 15 && one.client_max_window_bits >= 8 && one.client_max_window_bits <= 15;
}

// Foreign words: nothing to expect but sense.
void read_foreign(std::string_view words, const deflate_terms& ours)
{
    const auto server = answer_deflate(words, ours);
    require(!server.terms || (is_within(*server.terms) && !server.bad));
    const auto client = read_deflate_answer(words, ours);
    require(!client.terms || (is_within(*client.terms) && client.terms->server_max_window_bits <= ours.server_max_window_bits));
}

http_request read_request(std::string_view bytes)
{
    http_request_reader reader;
    require(reader.read(bytes) == bytes.size() && reader.progress() == http_progress::whole);
    return reader.take();
}

// Both sides are ours: they agree, whatever they want.
void meet(const deflate_terms& wanted, const deflate_terms& ours, std::string_view name, std::string_view value)
{
    websocket_offer offer{parse_url("ws://a/").value(), websocket_key(std::string(16, 'k')), {"one", "two"}, wanted, {}};
    offer.headers.add(name, value);
    const auto request = websocket_request(offer);
    require(request.find("\r\n\r\n") == request.size() - 4);
    http_request_reader reader;
    reader.read(request);
    if (reader.progress() != http_progress::whole) {
        return; // the fuzzer's header was one of those that decide how a request is read
    }
    const auto made = answer_websocket(reader.take(), {.subprotocols = {"two"}, .deflate = ours, .headers = {}});
    if (!made.is_accepted()) {
        return;
    }
    std::string answer;
    append_response(answer, made.response);
    http_response_reader back;
    require(back.read(answer) == answer.size() && back.progress() == http_progress::whole);
    websocket_agreement agreed;
    const auto verdict = read_websocket_answer(back.take(), offer, agreed);
    require(verdict == websocket_verdict::accepted || name.size() > 3);
    require(verdict != websocket_verdict::accepted || agreed.deflate == made.agreement.deflate || name.size() > 3);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 6) {
        return 0;
    }
    const std::string_view words{reinterpret_cast<const char*>(data) + 5, size - 5};
    const auto ours = terms_of(data[0], data[1]);
    read_foreign(words, ours);
    const auto cut = data[4] % words.size();
    meet(terms_of(data[2], data[3]), ours, words.substr(0, cut), words.substr(cut));

    http_request asked = read_request("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\r\n");
    asked.headers.add("Sec-WebSocket-Key", words.substr(0, cut));
    asked.headers.add("Sec-WebSocket-Protocol", words);
    require(answer_websocket(asked, {}).response.status >= 101);
    return 0;
}
