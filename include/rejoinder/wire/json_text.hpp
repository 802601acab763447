// Text that is JSON already: a payload that nobody has to read or write again.
#ifndef REJOINDER_WIRE_JSON_TEXT_HPP
#define REJOINDER_WIRE_JSON_TEXT_HPP

#include <rejoinder/wire/is_json.hpp>

#include <optional>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

/// One JSON value as text, or nothing.
///
/// Text that is not JSON would break the frame around it, so there are two ways in: `checked` for text from outside,
/// and `unchecked` for text that a JSON writer has just made.
class json_text {
public:
    /// Nothing: a payload that a handler sees as null.
    json_text() = default;

    /// The text, if `is_json` holds for it. Linear in its length.
    static std::optional<json_text> checked(std::string text)
    {
        if (!is_json(text)) {
            return std::nullopt;
        }
        return json_text{std::move(text)};
    }

    /// The text, of which the caller knows that it is JSON (or empty: nothing).
    static json_text unchecked(std::string text) { return json_text{std::move(text)}; }

    const std::string& text() const& noexcept { return text_; }
    std::string text() && noexcept { return std::move(text_); }

    friend bool operator==(const json_text&, const json_text&) = default;

private:
    explicit json_text(std::string text) noexcept : text_(std::move(text)) {}

    std::string text_;
};

} // namespace rejoinder::inline v0

#endif
