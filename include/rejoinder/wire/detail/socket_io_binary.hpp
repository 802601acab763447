// Moves binary data in and out of JSON text, for wires that send it beside the text.
#ifndef REJOINDER_WIRE_DETAIL_SOCKET_IO_BINARY_HPP
#define REJOINDER_WIRE_DETAIL_SOCKET_IO_BINARY_HPP

#include <rejoinder/wire/base64.hpp>
#include <rejoinder/wire/detail/json_scan.hpp>
#include <rejoinder/wire/detail/json_write.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

namespace detail {

inline constexpr std::string_view binary_member = "_base64";

// Copies JSON values, with some of their objects replaced. `Shape` sees an object's members, one after another, and then
// says whether it is one of those; `replace` writes what stands in its place. Text that is no JSON, or too deep, is refused.
template <class Shape, class Replace>
class object_replacer {
public:
    object_replacer(std::string_view text, std::string& out, Replace replace)
        : text_(text), out_(out), replace_(replace)
    {}

    // Values with commas between them, to the end of the text. False: `replace` refused.
    bool values()
    {
        do {
            if (!value()) {
                return false;
            }
        } while (comma());
        return true;
    }

private:
    bool comma()
    {
        const bool more = text_.take(',');
        if (more) {
            out_.push_back(',');
        }
        return more;
    }

    bool value()
    {
        const bool opens = text_.sees('{') || text_.sees('[');
        if (!opens) {
            std::string_view scalar;
            const bool read = text_.value(scalar);
            out_.append(scalar);
            return read;
        }
        if (depth_ == json_scan_depth_max) {
            return false;
        }
        ++depth_;
        const bool read = text_.sees('{') ? object() : array();
        --depth_;
        return read;
    }

    bool array()
    {
        text_.take('[');
        out_.push_back('[');
        if (!text_.sees(']') && !values()) {
            return false;
        }
        out_.push_back(']');
        return text_.take(']');
    }

    bool object()
    {
        const auto begin = out_.size();
        Shape shape;
        text_.take('{');
        out_.push_back('{');
        if (!text_.sees('}') && !members(shape)) {
            return false;
        }
        out_.push_back('}');
        if (!text_.take('}')) {
            return false;
        }
        if (!shape.matches()) {
            return true;
        }
        out_.resize(begin);
        return replace_(shape, out_);
    }

    bool members(Shape& shape)
    {
        do {
            json_string name;
            if (!text_.string(name) || !text_.take(':')) {
                return false;
            }
            out_.append("\"").append(name.raw).append("\":");
            const auto begin = out_.size();
            if (!value()) {
                return false;
            }
            shape.member(name.raw, std::string_view{out_}.substr(begin));
        } while (comma());
        return true;
    }

    json_scanner text_;
    std::string& out_;
    Replace replace_;
    std::size_t depth_ = 0;
};

// Stands for the attachment of its number: two members, true and the number.
class attachment_mark {
public:
    void member(std::string_view name, std::string_view value)
    {
        if (name == "_placeholder") {
            marked_ = value == "true";
        } else if (name == "num") {
            json_scanner scanner{value};
            numbered_ = scanner.integer(number_) && scanner.finished();
        }
    }
    bool matches() const noexcept { return marked_; }
    // Whether it names one of so many attachments.
    bool within(std::size_t count) const noexcept { return numbered_ && number_ < count; }
    std::size_t number() const noexcept { return static_cast<std::size_t>(number_); }

private:
    std::uint64_t number_ = 0;
    bool marked_ = false;
    bool numbered_ = false;
};

// {"_base64":"..."} and nothing else in it.
class inline_binary {
public:
    void member(std::string_view name, std::string_view value)
    {
        ++members_;
        json_scanner scanner{value};
        json_string scanned;
        std::string_view text;
        std::string scratch;
        bytes_.clear();
        is_bytes_ = name == binary_member && scanner.string(scanned) && text_of(scanned, scratch, text) &&
                    decode_base64(text, bytes_);
    }
    bool matches() const noexcept { return members_ == 1 && is_bytes_; }
    std::string& bytes() noexcept { return bytes_; }

private:
    std::string bytes_;
    std::size_t members_ = 0;
    bool is_bytes_ = false;
};

// Whether one JSON value is the mark of the only attachment.
inline bool is_only_mark(std::string_view value)
{
    json_scanner text{value};
    attachment_mark mark;
    std::string scratch;
    return text.sees('{') &&
           read_object(text, scratch,
                       [&](std::string_view name) {
                           std::string_view content;
                           const bool read = text.value(content);
                           mark.member(name, content);
                           return read;
                       }) &&
           mark.matches() && mark.within(1);
}

inline void append_attachment_mark(std::string& out, std::size_t number)
{
    out.append(R"({"_placeholder":true,"num":)").append(decimal{number}.view()).push_back('}');
}

inline void append_inline_binary(std::string& out, std::string_view bytes)
{
    out.append(R"({"_base64":")");
    append_base64(out, bytes);
    out.append("\"}");
}

// Appends the values with each mark replaced by its attachment as inline base64. False: a mark names none, or an
// attachment is named by no mark, or by two: a few bytes would name a big one again and again.
inline bool inline_attachments(std::string_view values, std::span<const std::string> attachments, std::string& out)
{
    std::vector<bool> used(attachments.size());
    auto replace = [&](const attachment_mark& mark, std::string& text) {
        if (!mark.within(attachments.size()) || used[mark.number()]) {
            return false;
        }
        used[mark.number()] = true;
        append_inline_binary(text, attachments[mark.number()]);
        return true;
    };
    object_replacer<attachment_mark, decltype(replace)> replacer{values, out, replace};
    return replacer.values() && std::find(used.begin(), used.end(), false) == used.end();
}

// The reverse: appends the values with each inline base64 replaced by a mark, and its bytes appended to `attachments`.
// False, with nothing appended: there is none, there are too many, or a mark stands in the values already.
inline bool detach_binary(std::string_view values, std::size_t attachments_max, std::vector<std::string>& attachments,
                          std::string& out)
{
    if (values.find(binary_member) == std::string_view::npos || values.find("_placeholder") != std::string_view::npos) {
        return false;
    }
    const auto before = out.size();
    auto replace = [&](inline_binary& found, std::string& text) {
        append_attachment_mark(text, attachments.size());
        attachments.push_back(std::move(found.bytes()));
        return attachments.size() <= attachments_max;
    };
    object_replacer<inline_binary, decltype(replace)> replacer{values, out, replace};
    if (replacer.values() && !attachments.empty()) {
        return true;
    }
    attachments.clear();
    out.resize(before);
    return false;
}

} // namespace detail

} // namespace rejoinder::inline v0

#endif
