// A message on its way from a caller to a session: name, payload and key in one recycled buffer.
#ifndef REJOINDER_NET_DETAIL_OUTGOING_HPP
#define REJOINDER_NET_DETAIL_OUTGOING_HPP

#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/delivery.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Spelled out when the caller calls, not when its token starts the operation: a lazy token may do so after the arguments are gone.
class outgoing {
public:
    template <class Payload>
    outgoing(std::string_view name, const Payload& payload, const call_options& how)
        : bytes_(recycled_strings::take()), how_(how)
    {
        bytes_.append(name).append(how.key);
        name_size_ = name.size();
        key_size_ = how.key.size();
        static_assert(writable_payload<Payload>, "rejoinder: this payload cannot be written: BOOST_DESCRIBE_STRUCT the "
                                                 "type, or give it a tag_invoke");
        if constexpr (writable_payload<Payload>) {
            form_ = write_payload(payload, bytes_);
        }
    }
    outgoing(outgoing&&) noexcept = default;
    outgoing& operator=(outgoing&&) noexcept = default;
    outgoing(const outgoing&) = default;
    outgoing& operator=(const outgoing&) = default;
    ~outgoing() { recycled_strings::give(std::move(bytes_)); }

    [[nodiscard]] std::string_view name() const noexcept { return std::string_view{bytes_}.substr(0, name_size_); }
    [[nodiscard]] payload_view payload() const noexcept
    {
        return {std::string_view{bytes_}.substr(name_size_ + key_size_), form_};
    }
    [[nodiscard]] call_options how() const noexcept
    {
        auto mine = how_;
        mine.key = std::string_view{bytes_}.substr(name_size_, key_size_);
        return mine;
    }
    /// Bytes.
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
    /// Sets what is left of the whole call's time.
    void set_timeout(duration left) noexcept { how_.timeout = left; }

private:
    std::string bytes_; // name, key, payload
    std::size_t name_size_ = 0;
    std::size_t key_size_ = 0;
    encoding form_ = encoding::text;
    call_options how_;
};

} // namespace rejoinder::inline v0::detail

#endif
