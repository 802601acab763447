// Fuzzes is_json against Boost.JSON's parser, and the reading and writing of JSON strings.
#include <rejoinder/wire/is_json.hpp>

#include <rejoinder/wire/detail/json_write.hpp>

#include <boost/json.hpp>

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

void check_grammar(std::string_view text)
{
    boost::json::error_code failure;
    boost::json::parse_options options;
    options.max_depth = json_depth_max;
    boost::json::parse({text.data(), text.size()}, failure, {}, options);
    const bool taken = is_json(text);
    if (!failure) {
        require(taken);
    } else if (taken) {
        // Within the grammar, but beyond what Boost.JSON holds: half a surrogate pair, an exponent too large.
        require(failure == boost::json::error::exponent_overflow || text.find("\\u") != std::string_view::npos);
    }
}

void check_string(std::string_view text)
{
    std::string written;
    detail::append_json_string(written, text);
    require(is_json(written));
    detail::json_scanner scanner{written};
    detail::json_string scanned;
    std::string read;
    require(scanner.string(scanned) && scanner.finished() && detail::unescape(scanned.raw, read));
    require(is_json('"' + std::string(text) + '"') ? read.size() >= text.size() || text.find('\\') != text.npos : true);
    std::string again;
    detail::append_json_string(again, read);
    require(again == written);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    check_grammar(bytes);
    check_string(bytes);
    return 0;
}
