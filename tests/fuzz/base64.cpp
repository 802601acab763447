// Fuzzes base64: bytes come back as they were, and a text that is read is the one that would be written.
#include <rejoinder/wire/base64.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    using namespace rejoinder;
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    std::string text;
    append_base64(text, input);
    require(text.size() == base64_length(size));
    std::string bytes;
    require(decode_base64(text, bytes) && bytes == input);

    std::string read = "x";
    if (!decode_base64(input, read)) {
        require(read == "x");
        return 0;
    }
    std::string written;
    append_base64(written, std::string_view{read}.substr(1));
    require(written == input);
    return 0;
}
