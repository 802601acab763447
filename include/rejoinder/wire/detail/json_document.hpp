// Writes a Boost.JSON document as text that every peer reads.
#ifndef REJOINDER_WIRE_DETAIL_JSON_DOCUMENT_HPP
#define REJOINDER_WIRE_DETAIL_JSON_DOCUMENT_HPP

#include <rejoinder/wire/detail/json_skip.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rejoinder::inline v0 {

namespace detail {

// Boost.JSON's serializer writes NaN and Infinity, bytes that are not UTF-8, and any depth: a peer refuses such a
// frame, and the answer in it would be lost. Here they become null (as in JavaScript's JSON.stringify), U+FFFD, and an
// exception where the payload is made.
class document_writer {
public:
    explicit document_writer(std::string& out) noexcept : out_(out) {}

    void write(const boost::json::value& value)
    {
        switch (value.kind()) {
        case boost::json::kind::null: out_.append("null"); return;
        case boost::json::kind::bool_: out_.append(value.get_bool() ? "true" : "false"); return;
        case boost::json::kind::int64: write(value.get_int64()); return;
        case boost::json::kind::uint64: out_.append(decimal{value.get_uint64()}.view()); return;
        case boost::json::kind::double_: write(value.get_double()); return;
        case boost::json::kind::string: write(value.get_string()); return;
        case boost::json::kind::array: write(value.get_array()); return;
        case boost::json::kind::object: write(value.get_object()); return;
        }
    }

    void write(const boost::json::string& text) { append_json_string(out_, {text.data(), text.size()}); }

    void write(const boost::json::array& elements)
    {
        enter();
        out_.push_back('[');
        bool first = true;
        for (const auto& element : elements) {
            separate(first);
            write(element);
        }
        out_.push_back(']');
        --depth_;
    }

    void write(const boost::json::object& members)
    {
        enter();
        out_.push_back('{');
        bool first = true;
        for (const auto& member : members) {
            separate(first);
            append_json_string(out_, {member.key().data(), member.key().size()});
            out_.push_back(':');
            write(member.value());
        }
        out_.push_back('}');
        --depth_;
    }

private:
    void write(std::int64_t number)
    {
        if (number < 0) {
            out_.push_back('-');
        }
        const auto bits = static_cast<std::uint64_t>(number);
        out_.append(decimal{number < 0 ? 0 - bits : bits}.view());
    }

    // The shortest digits that are read as the same number; never an integer's, so that it is read as a double again.
    void write(double number)
    {
        if (!std::isfinite(number)) {
            out_.append("null");
            return;
        }
        std::array<char, 32> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        const std::string_view text{digits.data(), static_cast<std::size_t>(end - digits.data())};
        out_.append(text);
        if (text.find_first_of(".e") == std::string_view::npos) {
            out_.append(".0");
        }
    }

    void enter()
    {
        if (++depth_ > json_scan_depth_max) {
            throw std::length_error{"a payload is nested deeper than json_depth_max"};
        }
    }

    void separate(bool& first)
    {
        if (!first) {
            out_.push_back(',');
        }
        first = false;
    }

    std::string& out_;
    std::size_t depth_ = 0;
};

} // namespace detail

} // namespace rejoinder::inline v0

#endif
