// Where a link came from, as a hub is told.
#ifndef REJOINDER_NET_CAME_FROM_HPP
#define REJOINDER_NET_CAME_FROM_HPP

#include <rejoinder/wire/http_request.hpp>

#include <memory>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

/// What the handshake of a session will show of the link.
struct came_from {
    std::string address{};                         ///< for logs and authenticators
    std::shared_ptr<const http_request> request{}; ///< by which it came; null: it came without HTTP

    came_from() = default;
    came_from(std::string where) : address(std::move(where)) {}
    came_from(const char* where) : address(where) {}
    came_from(std::string where, std::shared_ptr<const http_request> by)
        : address(std::move(where)), request(std::move(by))
    {}
};

} // namespace rejoinder::inline v0

#endif
