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
inline rejoinder::identity identity_of_auth(const rejoinder::handshake& of)
{
    return rejoinder::identity{of.auth.is_string() ? of.auth.as_string().c_str() : "nobody"};
}

struct house {
    asio::io_context io;
    std::unique_ptr<rejoinder::hub<>> hub;
    std::shared_ptr<memory_switchboard> board;
    std::unique_ptr<rejoinder::client<>> tab;

    explicit house(rejoinder::hub_options<> of_hub = {}, rejoinder::client_options<> of_tab = {})
        : hub(std::make_unique<rejoinder::hub<>>(io.get_executor(), std::move(of_hub)))
    {
        hub->authenticate(identity_of_auth);
        memory_connector connector{[this](rejoinder::memory other) { return hub != nullptr && hub->serve(std::move(other)); }};
        board = connector.board();
        tab = make_tab("42", std::move(of_tab));
    }

    [[nodiscard]] std::unique_ptr<rejoinder::client<>> make_tab(const std::string& who, rejoinder::client_options<> options = {})
    {
        options.auth = '"' + who + '"';
        return std::make_unique<rejoinder::client<>>(io.get_executor(), memory_connector{board}, std::move(options));
    }

    /// Brings the client's session up.
    void meet() { driven::settle(io); }
};

#endif
