// A payload kept beyond its message, in a recycled string.
#ifndef REJOINDER_NET_DETAIL_KEPT_PAYLOAD_HPP
#define REJOINDER_NET_DETAIL_KEPT_PAYLOAD_HPP

#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/message.hpp>

#include <string>
#include <utility>

namespace rejoinder::inline v0::detail {

class kept_payload {
public:
    explicit kept_payload(const payload_view& of) : bytes_(recycled_strings::take(of.bytes.size())), form_(of.form)
    {
        bytes_.assign(of.bytes);
    }
    kept_payload(kept_payload&&) noexcept = default;
    kept_payload& operator=(kept_payload&& other) noexcept
    {
        std::swap(bytes_, other.bytes_);
        std::swap(form_, other.form_);
        return *this;
    }
    ~kept_payload() { recycled_strings::give(std::move(bytes_)); }

    [[nodiscard]] payload_view view() const noexcept { return {bytes_, form_}; }

private:
    std::string bytes_;
    encoding form_;
};

} // namespace rejoinder::inline v0::detail

#endif
