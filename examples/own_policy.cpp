// Replaces one behaviour of the bundle: which errors are tried again, and when. The other four stay as they are.
#include <rejoinder/rejoinder.hpp>

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <exception>
#include <iostream>
#include <optional>

using namespace std::chrono_literals;

// Five tries, a little further apart each time; an answer of the application "try_later" is worth one, too.
struct persistent {
    bool retryable(const std::error_code& ec) const { return ec == rejoinder::errc::handler_error || ec == rejoinder::errc::remote_error; }

    template <rejoinder::random_generator Generator>
    std::optional<rejoinder::duration> next(unsigned made, const std::error_code& ec, rejoinder::duration left, Generator&) const
    {
        const rejoinder::duration rest = 5ms * made;
        return made < 5 && retryable(ec) && rest < left ? std::optional{rest} : std::nullopt;
    }
};

struct persistent_policies : rejoinder::default_policies {
    using retry = persistent;
};

asio::awaitable<void> ask(rejoinder::client<persistent_policies>& client)
{
    // Only what may run twice without harm is tried again.
    const rejoinder::call_options how{.timeout = 10s, .repeat = rejoinder::repeatable::idempotent};
    const auto answer = co_await client.async_request("stock", "blue shoes", how, asio::use_awaitable);
    std::cout << "in stock: " << answer.json() << ", after " << client.counts().retries << " retries\n";
}

int main()
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    hub.on("stock", [calls = 0](const std::string&) mutable {
        if (++calls < 4) {
            throw rejoinder::failure{"try_later", "the warehouse does not answer"};
        }
        return 7;
    });
    const auto port = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    rejoinder::client<persistent_policies> client{io.get_executor(), rejoinder::tcp_connector{port}};
    asio::co_spawn(io, ask(client), [&](std::exception_ptr) { io.stop(); });
    io.run();
}
