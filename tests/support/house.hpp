// A hub and a client in one thread, over memory channels, driven by hand.
#ifndef REJOINDER_TESTS_SUPPORT_HOUSE_HPP
#define REJOINDER_TESTS_SUPPORT_HOUSE_HPP

#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>

#include "support/driven.hpp"
#include "support/memory_connector.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

/// Who says `"auth":"42"` is identity 42.
rejoinder::identity identity_of_auth(const rejoinder::handshake& of);

struct house {
    asio::io_context io;
    std::unique_ptr<rejoinder::hub<>> hub;
    std::shared_ptr<memory_switchboard> board;
    std::unique_ptr<rejoinder::client<>> tab;

    explicit house(rejoinder::hub_options<> of_hub = {}, rejoinder::client_options<> of_tab = {});

    [[nodiscard]] std::unique_ptr<rejoinder::client<>> make_tab(const std::string& who, rejoinder::client_options<> options = {});

    /// Brings the client's session up.
    void meet();
};

/// Options of a client whose backoff a test can wait for.
rejoinder::client_options<> hasty();

#endif
