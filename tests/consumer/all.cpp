// A program that uses all floors, with Asio and Boost.JSON at run time.
#include <rejoinder/rejoinder.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <cstdio>

#ifdef REJOINDER_SECOND_FILE
const std::error_category& category_of_second_file();
#endif

namespace {

asio::awaitable<void> greet(boost::json::value greeting)
{
    co_await asio::post(asio::use_awaitable);
    std::printf("all %s %s\n", REJOINDER_VERSION_STRING, boost::json::serialize(greeting).c_str());
}

} // namespace

int main()
{
#ifdef REJOINDER_SECOND_FILE
    if (&category_of_second_file() != &rejoinder::rejoinder_category()) {
        return 1;
    }
#endif
    asio::io_context io;
    boost::json::value greeting = boost::json::parse(R"({"hello": "there"})");
    asio::co_spawn(io, greet(std::move(greeting)), asio::detached);
    io.run();
}
