// The fields that a client sends with each hello, and the id that it gives each connection.
#ifndef REJOINDER_NET_DETAIL_LABEL_HPP
#define REJOINDER_NET_DETAIL_LABEL_HPP

#include <rejoinder/core/random.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/wire/is_json.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rejoinder::inline v0::detail {

/// Ids are for finding one connection in two logs, so they must differ, and need not be secret.
class label {
public:
    /// `fields`: the text of a JSON object, or empty. Throws `std::invalid_argument` if it is neither.
    explicit label(std::string_view fields) : ids_(random_seed())
    {
        constexpr std::string_view blank = " \t\r\n";
        const auto first = fields.find_first_not_of(blank);
        if (first == std::string_view::npos) {
            return;
        }
        if (fields[first] != '{' || !is_json(fields)) {
            throw std::invalid_argument("rejoinder: a client's metadata is the text of a JSON object");
        }
        const auto members = fields.substr(first + 1, fields.rfind('}') - first - 1);
        if (members.find_first_not_of(blank) != std::string_view::npos) {
            members_.append(members) += ',';
        }
    }

    /// A new connection.
    void renew()
    {
        constexpr char digits[] = "0123456789abcdef";
        id_.clear();
        const auto bits = ids_();
        for (unsigned shift = 0; shift != 64; shift += 4) {
            id_ += digits[bits >> shift & 0xF];
        }
        text_.assign("{").append(members_).append("\"connection_id\":\"").append(id_).append("\"}");
    }

    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    /// All fields, the id among them, as a JSON object.
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    random_source ids_;
    std::string members_;
    std::string id_;
    std::string text_;
};

} // namespace rejoinder::inline v0::detail

#endif
