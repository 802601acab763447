// A binary payload that owns its bytes.
#ifndef REJOINDER_WIRE_BYTES_HPP
#define REJOINDER_WIRE_BYTES_HPP

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// A binary payload: travels as bytes, not as JSON.
struct bytes {
    std::vector<std::byte> data;

    bytes() = default;
    explicit bytes(std::vector<std::byte> content) noexcept : data(std::move(content)) {}
    explicit bytes(std::span<const std::byte> content) : data(content.begin(), content.end()) {}

    friend bool operator==(const bytes&, const bytes&) = default;
};

} // namespace rejoinder::inline v0

#endif
