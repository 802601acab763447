// Fuzzes the reading of payloads into C++ values: what is read must be written to a payload that is read as the same.
#include <rejoinder/wire/json_payload.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fuzzed {

struct leaf {
    std::string name;
    std::int32_t count = 0;

    friend bool operator==(const leaf&, const leaf&) = default;
};
BOOST_DESCRIBE_STRUCT(leaf, (), (name, count))

struct tree {
    bool flag = false;
    std::optional<leaf> first;
    std::vector<leaf> rest;
    std::map<std::string, std::vector<std::uint8_t>> table;

    friend bool operator==(const tree&, const tree&) = default;
};
BOOST_DESCRIBE_STRUCT(tree, (), (flag, first, rest, table))

} // namespace fuzzed

namespace {

using namespace rejoinder;

void require(bool holds)
{
    if (!holds) {
        std::abort();
    }
}

template <class T>
void check(std::string_view text)
{
    T first{};
    std::string where;
    if (read_payload({text}, first, &where)) {
        require(where.starts_with("/payload"));
        return;
    }
    require(where.empty());
    std::string written;
    require(write_payload(first, written) == encoding::text);
    require(is_json(written));
    T second{};
    require(!read_payload({written}, second, &where));
    require(first == second);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check<fuzzed::tree>(text);
    check<std::vector<fuzzed::leaf>>(text);
    check<std::string>(text);
    check<std::int64_t>(text);
    check<json_text>(text);
    boost::json::value value;
    if (!read_payload({text}, value, nullptr)) {
        require(text.empty() || is_json(text));
        std::string written;
        write_payload(value, written);
        require(is_json(written));
    }
    return 0;
}
