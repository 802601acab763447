#include "support/house.hpp"

#include "support/driven.hpp"

#include <chrono>

rejoinder::identity identity_of_auth(const rejoinder::handshake& of)
{
    return rejoinder::identity{of.auth.is_string() ? of.auth.as_string().c_str() : "nobody"};
}

house::house(rejoinder::hub_options<> of_hub, rejoinder::client_options<> of_tab)
    : hub(std::make_unique<rejoinder::hub<>>(io.get_executor(), std::move(of_hub)))
{
    hub->authenticate(identity_of_auth);
    memory_connector connector{[this](rejoinder::memory other) { return hub != nullptr && hub->serve(std::move(other)); }};
    board = connector.board();
    tab = make_tab("42", std::move(of_tab));
}

std::unique_ptr<rejoinder::client<>> house::make_tab(const std::string& who, rejoinder::client_options<> options)
{
    options.auth = '"' + who + '"';
    return std::make_unique<rejoinder::client<>>(io.get_executor(), memory_connector{board}, std::move(options));
}

void house::meet()
{
    driven::settle(io);
}

rejoinder::client_options<> hasty()
{
    rejoinder::client_options<> options;
    options.backoff.schedule = {std::chrono::milliseconds{1}, std::chrono::milliseconds{2}, std::chrono::milliseconds{4}};
    options.connect_timeout = std::chrono::milliseconds{50};
    return options;
}
