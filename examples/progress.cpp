// A page watches a long job: typed events, throttled on their way; while the link is blocked it polls, and returns when the link is back.
#include <rejoinder/rejoinder.hpp>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/describe/class.hpp>

#include <iostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;

// clang-format off
struct percent { int done = 0; };       BOOST_DESCRIBE_STRUCT(percent, (), (done))
struct words   { std::string text; };   BOOST_DESCRIBE_STRUCT(words, (), (text))

// An event is a contract without a reply.
struct progress          : rejoinder::contract<percent> { static constexpr std::string_view name = "progress"; };
struct clip_completed    : rejoinder::contract<words>   { static constexpr std::string_view name = "clip_completed"; };
struct status_change     : rejoinder::contract<words>   { static constexpr std::string_view name = "status_change"; };
struct error             : rejoinder::contract<words>   { static constexpr std::string_view name = "error"; };
struct encoding_progress : rejoinder::contract<percent> { static constexpr std::string_view name = "encoding_progress"; };
struct completed         : rejoinder::contract<words>   { static constexpr std::string_view name = "completed"; };
// clang-format on

asio::awaitable<void> make_film(rejoinder::hub<>& hub, rejoinder::listener<asio::ip::tcp> open, const int& polls)
{
    const rejoinder::room viewers{"user_viewer"};
    const auto port = open.local_endpoint();
    rejoinder::throttled_notifier slow{hub, viewers}; // 10 a second of each name: the latest, and always the last
    asio::steady_timer pause{hub.get_executor()};
    const auto until = [&](auto holds) -> asio::awaitable<void> {
        while (!holds()) {
            pause.expires_after(5ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    };
    const auto here = [&] { return !hub.members(viewers).empty(); };
    co_await until(here);

    hub.notify<status_change>(viewers, words{"generating"});
    for (int done = 1; done <= 60; ++done) {
        slow.notify<progress>(percent{done});
    }
    slow.flush();
    hub.notify<clip_completed>(viewers, words{"clip 1"});
    const words trouble{"a renderer failed, another one takes over"};
    co_await hub.async_deliver(viewers, error::name, trouble, asio::use_awaitable); // it has been seen

    open.close(); // the network is blocked: links are cut, and there is no way to the hub
    for (const auto& viewer : hub.members(viewers)) {
        hub.close(viewer, rejoinder::close_reason::silent);
    }
    hub.notify<status_change>(viewers, words{"encoding"}); // nobody hears this
    co_await until([&] { return polls >= 3; });
    open = rejoinder::listen(hub, port);
    co_await until(here);

    for (int done = 25; done <= 100; done += 25) {
        slow.notify<encoding_progress>(percent{done});
    }
    slow.flush();
    hub.notify<completed>(viewers, words{"film.mp4"});
}

int main()
{
    asio::io_context io;
    rejoinder::hub hub{io.get_executor()};
    hub.authenticate([](const rejoinder::handshake& hello) { return hello.claimed_identity(); });
    const auto open = rejoinder::listen(hub, {asio::ip::address_v4::loopback(), 0});

    rejoinder::client_options<> how{.auth = R"("viewer")"};
    how.backoff.schedule = {10ms, 20ms, 40ms};
    rejoinder::shared_client page{io.get_executor(), rejoinder::tcp_connector{open.local_endpoint()}, how};
    page.connection().on_status([&](const rejoinder::client_status& now) { std::cout << "page is " << name_of(now.state) << '\n'; });
    int polls = 0;
    const auto ask = [&]() -> asio::awaitable<std::string> { // a request to the service's status page
        ++polls;
        co_return "encoding";
    };
    const auto is_last = [](const std::string& status) {
        std::cout << "polled: " << status << '\n';
        return status == "completed" || status == "error";
    };
    page.connection().poll_when_down(rejoinder::poller{io.get_executor(), ask, is_last, {.every = 100ms}});

    std::vector<rejoinder::subscription> heard; // one connection for all of them
    heard.push_back(page.subscribe<progress>([](percent now) { std::cout << "progress " << now.done << " %\n"; }));
    heard.push_back(page.subscribe<encoding_progress>([](percent now) { std::cout << "encoded " << now.done << " %\n"; }));
    heard.push_back(page.subscribe<clip_completed>([](const words& clip) { std::cout << clip.text << '\n'; }));
    heard.push_back(page.subscribe<status_change>([](const words& now) { std::cout << "status: " << now.text << '\n'; }));
    heard.push_back(page.subscribe<error>([](const words& what) { std::cout << "error: " << what.text << '\n'; }));
    heard.push_back(page.subscribe<completed>([&](const words& film) {
        std::cout << "completed: " << film.text << std::endl;
        io.stop();
    }));
    asio::co_spawn(io, make_film(hub, open, polls), asio::detached);
    io.run();
}
