// Payloads from C++ values and back.
#include <rejoinder/wire/json_payload.hpp>

#include <boost/describe.hpp>
#include <boost/json.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"

using namespace rejoinder;
namespace bj = boost::json;

namespace shop {

struct item {
    std::string name;
    double price = 0;

    friend bool operator==(const item&, const item&) = default;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, price))

BOOST_DEFINE_ENUM_CLASS(state, open, paid)

struct order {
    int id = 0;
    state where = state::open;
    std::vector<item> items;
    std::optional<std::string> note;
    std::map<std::string, int> counts;

    friend bool operator==(const order&, const order&) = default;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, where, items, note, counts))

// Converted by its own functions, one of which throws.
struct celsius {
    double degrees = 0;

    friend void tag_invoke(bj::value_from_tag, bj::value& to, const celsius& from) { to = {{"c", from.degrees}}; }
    friend celsius tag_invoke(bj::value_to_tag<celsius>, const bj::value& from)
    {
        const double read = from.at("c").to_number<double>();
        if (read < -273.15) {
            throw std::out_of_range{"below zero"};
        }
        return {read};
    }
};

// Keeps a piece of the document that it was read from.
struct keeper {
    bj::value kept;

    friend keeper tag_invoke(bj::value_to_tag<keeper>, const bj::value& from) { return {from.at("kept")}; }
};

struct holder {
    bj::value any;
    bj::object object;
};
BOOST_DESCRIBE_STRUCT(holder, (), (any, object))

struct undescribed {
    int x = 0;
};
struct holds_undescribed {
    std::vector<undescribed> inner;
};
BOOST_DESCRIBE_STRUCT(holds_undescribed, (), (inner))

struct only_read {
    friend only_read tag_invoke(bj::value_to_tag<only_read>, const bj::value&) { return {}; }
};

} // namespace shop

static_assert(payload_type<shop::order>);
static_assert(payload_type<std::vector<std::optional<shop::item>>>);
static_assert(payload_type<shop::celsius>);
static_assert(payload_type<int> && payload_type<bool> && payload_type<double>);
static_assert(payload_type<std::string> && payload_type<bj::value> && payload_type<bj::object>);
static_assert(payload_type<json_text> && payload_type<bytes> && payload_type<payload_view> && payload_type<no_payload>);
static_assert(writable_payload<const char*> && !readable_payload<const char*>);
static_assert(writable_payload<std::string_view> && writable_payload<char[4]> && writable_payload<std::nullptr_t>);
static_assert(writable_payload<std::span<const std::byte>> && !readable_payload<std::span<const std::byte>>);
static_assert(!payload_type<shop::undescribed> && !writable_payload<shop::undescribed>);
static_assert(!writable_payload<shop::holds_undescribed> && !readable_payload<shop::holds_undescribed>,
              "the concept looks into the members");
static_assert(readable_payload<shop::only_read> && !writable_payload<shop::only_read>);

namespace {

template <class T>
std::string text_of(const T& value)
{
    std::string out = "<";
    CHECK(write_payload(value, out) == encoding::text);
    REQUIRE(out.starts_with('<'));
    return out.substr(1);
}

template <class T>
T read(std::string_view text)
{
    T value{};
    std::string where = "untouched";
    CHECK_FALSE(read_payload({text}, value, &where));
    CHECK(where == "untouched");
    return value;
}

// Where a payload does not fit.
template <class T>
std::string misfit(payload_view payload)
{
    T value{};
    std::string where;
    const auto failure = read_payload(payload, value, &where);
    CHECK(failure == errc::bad_payload);
    CHECK(certainty_of(failure) == certainty::not_executed);
    CHECK(read_payload(payload, value, nullptr) == errc::bad_payload);
    return where;
}

template <class T>
std::string misfit(std::string_view text)
{
    return misfit<T>(payload_view{text});
}

} // namespace

TEST_CASE("values are written as JSON behind what is there")
{
    CHECK(text_of(42) == "42");
    CHECK(text_of(true) == "true");
    CHECK(text_of(std::uint64_t{18446744073709551615U}) == "18446744073709551615");
    CHECK(text_of(bj::value{{"a", {1, nullptr}}}) == R"({"a":[1,null]})");
    CHECK(text_of(bj::object{{"a", 1}}) == R"({"a":1})");
    CHECK(text_of(bj::array{1, 2}) == "[1,2]");
    CHECK(text_of(bj::string{"a\n"}) == R"("a\n")");
    CHECK(text_of(std::map<std::string, int>{{"a", 1}}) == R"({"a":1})");
    CHECK(text_of(shop::celsius{20}) == R"({"c":20.0})");
    CHECK(text_of(shop::order{7, shop::state::paid, {{"pen", 1}}, {}, {{"a", 2}}}) ==
          R"({"id":7,"where":"paid","items":[{"name":"pen","price":1.0}],"note":null,"counts":{"a":2}})");
}

TEST_CASE("strings are written as JSON strings, whatever their type and bytes")
{
    CHECK(text_of("a\"b") == R"("a\"b")");
    CHECK(text_of(std::string{"é\x01"}) == "\"é\\u0001\"");
    CHECK(text_of(std::string_view{}) == R"("")");
    CHECK(text_of(std::string{"\xFF"}) == "\"\xEF\xBF\xBD\"");
    const char* const pointer = "p";
    CHECK(text_of(pointer) == R"("p")");
}

TEST_CASE("numbers keep their kind and their value")
{
    CHECK(text_of(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
    CHECK(text_of(-7) == "-7");
    CHECK(text_of(0.1) == "0.1");
    CHECK(text_of(-2.0) == "-2.0");
    for (const double number : {0.0, -0.0, 0.1, 1.0 / 3, 1e20, 1e21, 1e300, 5e-324, -2.5e-7, 123456789.0, 9007199254740993.0}) {
        const auto text = text_of(number);
        INFO(text);
        CHECK(is_json(text));
        const auto value = read<bj::value>(text);
        REQUIRE(value.is_double());
        CHECK(value.get_double() == Approx(number).epsilon(1e-15));
    }
}

TEST_CASE("what JSON cannot say does not break the payload")
{
    CHECK(text_of(std::numeric_limits<double>::quiet_NaN()) == "null");
    CHECK(text_of(bj::value{{"a", std::numeric_limits<double>::infinity()}}) == R"({"a":null})");
    CHECK(text_of(bj::value{{"\xFF", "\xFE"}}) == "{\"\xEF\xBF\xBD\":\"\xEF\xBF\xBD\"}");
    bj::value deep = 1;
    for (std::size_t i = 0; i != json_depth_max; ++i) {
        deep = bj::array{std::move(deep)};
    }
    CHECK(is_json(text_of(deep)));
    std::string out;
    CHECK_THROWS_AS(write_payload(bj::array{deep}, out), std::length_error);
}

TEST_CASE("what is a payload already is appended as it is")
{
    CHECK(text_of(*json_text::checked("[1]")) == "[1]");
    CHECK(text_of(payload_view{"{}"}) == "{}");
    CHECK(text_of(no_payload{}).empty());
    CHECK(text_of(nullptr).empty());
    CHECK(text_of(json_text{}).empty());

    std::string out = "<";
    CHECK(write_payload(bytes{std::vector{std::byte{1}, std::byte{0}}}, out) == encoding::binary);
    CHECK(write_payload(payload_view{"b", encoding::binary}, out) == encoding::binary);
    CHECK(write_payload(std::span<const std::byte>{}, out) == encoding::binary);
    CHECK(write_payload(std::vector{std::byte{2}}, out) == encoding::binary);
    using namespace std::string_literals;
    CHECK(out == "<\x01\0b\x02"s);
}

TEST_CASE("a document longer than any chunk is written whole")
{
    bj::array document(3000, bj::value("0123456789"));
    const auto text = text_of(document);
    CHECK(bj::parse(text) == bj::value(document));
    CHECK(read<std::vector<std::string>>(text).size() == 3000);
}

TEST_CASE("values are read as they were written")
{
    const shop::order order{7, shop::state::paid, {{"pen", 1.5}, {"cup", 2}}, "soon", {{"a", 2}}};
    CHECK(read<shop::order>(text_of(order)) == order);
    CHECK(read<int>(" 42 ") == 42);
    CHECK(read<bool>("false") == false);
    CHECK(read<double>("1") == 1.0);
    CHECK(read<std::string>("\"a\\u00e9\\n\"") == "aé\n");
    CHECK(read<std::optional<int>>("") == std::nullopt);
    CHECK(read<std::deque<int>>("[1,2]") == std::deque{1, 2});
    CHECK(read<std::array<int, 2>>("[1,2]") == std::array{1, 2});
    CHECK(read<std::tuple<int, std::string>>(R"([1,"a"])") == std::tuple{1, std::string{"a"}});
    CHECK(read<std::unordered_map<std::string, shop::item>>(R"({"a":{"name":"pen","price":1}})").at("a").name == "pen");
    CHECK(read<shop::celsius>(R"({"c":20})").degrees == 20);
    CHECK(read<bj::object>(R"({"a":1})").at("a") == 1);
    CHECK(read<bj::value>("").is_null());
    CHECK(read<json_text>("[1]").text() == "[1]");
    CHECK(read<json_text>("").text() == "null");
    read<no_payload>("[1]");
    read<no_payload>("");
}

TEST_CASE("what keeps a piece of the document keeps it beyond the call")
{
    constexpr std::string_view text = R"({"kept":{"a":["a long enough string not to be stored in place"]}})";
    const auto keeper = read<shop::keeper>(text);
    CHECK(keeper.kept.at("a").as_array().at(0) == "a long enough string not to be stored in place");
    CHECK(*keeper.kept.storage() == *bj::storage_ptr{});
    const auto value = read<bj::value>(text);
    CHECK(value.at("kept") == keeper.kept);
    const auto holder = read<shop::holder>(R"({"any":[[1,2],"a string that is long enough for the heap"],"object":{"a":{}}})");
    CHECK(holder.any.as_array().size() == 2);
    CHECK(holder.object.contains("a"));
    const auto list = read<std::vector<bj::value>>(R"(["a string that is long enough for the heap",{"a":1}])");
    CHECK(list.at(1).at("a") == 1);
    const auto either = read<std::variant<int, bj::object>>(R"({"a":["a string that is long enough for the heap"]})");
    CHECK(std::get<bj::object>(either).contains("a"));
    CHECK(*std::get<bj::object>(either).storage() == *bj::storage_ptr{});
}

TEST_CASE("a struct ignores members that it does not have, and optional ones may be absent")
{
    const auto order = read<shop::order>(R"({"new":1,"id":7,"where":"open","items":[],"counts":{}})");
    CHECK(order.id == 7);
    CHECK_FALSE(order.note);
}

TEST_CASE("what does not fit is named by its path")
{
    CHECK(misfit<int>("\"a\"") == "/payload");
    CHECK(misfit<int>("1.5") == "/payload");
    CHECK(misfit<std::uint8_t>("256") == "/payload");
    CHECK(misfit<int>("") == "/payload");
    CHECK(misfit<shop::item>("[]") == "/payload");
    CHECK(misfit<shop::item>(R"({"name":"pen"})") == "/payload/price");
    CHECK(misfit<shop::item>(R"({"name":5,"price":1})") == "/payload/name");
    CHECK(misfit<shop::order>(R"({"id":7,"where":"lost","items":[],"counts":{}})") == "/payload/where");
    CHECK(misfit<shop::order>(R"({"id":7,"where":"open","items":[{"name":"a","price":1},{"name":"b","price":"1"}],"counts":{}})") ==
          "/payload/items/1/price");
    CHECK(misfit<shop::order>(R"({"id":7,"where":"open","items":[],"counts":{"a/b~c":"x"}})") == "/payload/counts/a~1b~0c");
    CHECK(misfit<shop::order>(R"({"id":7,"where":"open","items":[],"note":5,"counts":{}})") == "/payload/note");
    CHECK(misfit<std::vector<shop::celsius>>(R"([{"c":1},{"c":-300}])") == "/payload/1");
    CHECK(misfit<shop::celsius>("{}") == "/payload");
    CHECK(misfit<std::string>("5") == "/payload");
    CHECK(misfit<std::string>(R"("\ud800")") == "/payload");
    CHECK(misfit<std::string>(R"("a" "b")") == "/payload");
    CHECK(misfit<bj::array>("{}") == "/payload");
}

TEST_CASE("text that is not JSON is named by its offset")
{
    CHECK(misfit<bj::value>("[1,]") == "/payload at offset 3");
    CHECK(misfit<bj::value>("[1] x") == "/payload at offset 4");
    CHECK(misfit<bj::value>("[1").starts_with("/payload at offset"));
    CHECK(misfit<shop::item>("nope").starts_with("/payload at offset"));
    CHECK(misfit<json_text>("[1").starts_with("/payload"));
}

TEST_CASE("text and bytes are not taken for each other")
{
    CHECK(misfit<bytes>("\"a\"") == "/payload");
    CHECK(misfit<std::vector<std::byte>>("[1]") == "/payload");
    CHECK(misfit<int>(payload_view{"1", encoding::binary}) == "/payload");
    CHECK(misfit<std::string>(payload_view{"\"a\"", encoding::binary}) == "/payload");
    CHECK(misfit<json_text>(payload_view{"1", encoding::binary}) == "/payload");
    bytes content;
    CHECK_FALSE(read_payload({"ab", encoding::binary}, content, nullptr));
    CHECK(content == bytes{std::vector{std::byte{'a'}, std::byte{'b'}}});
}

TEST_CASE("a payload_view borrows")
{
    const std::string text = "[1]";
    payload_view view;
    CHECK_FALSE(read_payload({text}, view, nullptr));
    CHECK(view.bytes.data() == text.data());
}

TEST_CASE("a payload is read to json_depth_max and no deeper")
{
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(read<bj::value>(nested(json_depth_max)).is_array());
    CHECK(misfit<bj::value>(nested(json_depth_max + 1)).starts_with("/payload at offset"));
}
