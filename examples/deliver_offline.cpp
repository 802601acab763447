// Orders are taken while the server is down, by a program that is then killed; its next run delivers them, each once.
#include <rejoinder/rejoinder.hpp>
#include <rejoinder/store/sqlite.hpp>

#include <asio/io_context.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <iostream>
#include <string>

rejoinder::client<> till(asio::io_context& io, const std::string& folder)
{
    rejoinder::client_options<> options;
    options.journal = rejoinder::journal{rejoinder::sqlite_store{folder + "/till.db"}};
    return {io.get_executor(), rejoinder::unix_connector{folder + "/socket"}, options};
}

int main()
{
    std::string folder = std::filesystem::temp_directory_path() / "deliver_offline_XXXXXX";
    ::mkdtemp(folder.data());
    if (::fork() == 0) {
        asio::io_context io;
        auto client = till(io, folder);
        for (int order = 1; order <= 5; ++order) {
            client.async_enqueue("order", order, [](std::error_code, std::uint64_t id) {
                std::cout << "order " << id << " is safe" << std::endl;
                if (id == 5) {
                    std::raise(SIGKILL);
                }
            });
        }
        io.run();
    }
    ::wait(nullptr);
    std::cout << "killed; the server comes up" << std::endl;

    asio::io_context io; // the shop's file is its own: two journals on one file would be two writers of the same tables
    rejoinder::hub<> shop{io.get_executor(), {.journal = rejoinder::journal{rejoinder::sqlite_store{folder + "/shop.db"}}}};
    shop.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"till 1"}; });
    shop.on("order", [](rejoinder::sqlite_transaction& within, int order) { // its row and its record are one transaction
        within.execute("CREATE TABLE IF NOT EXISTS orders(number)");
        within.execute("INSERT INTO orders VALUES (?)", order);
    });
    rejoinder::listen(shop, asio::local::stream_protocol::endpoint{folder + "/socket"});
    auto client = till(io, folder);
    client.on_settled([&](const rejoinder::outbox_outcome& order) {
        std::cout << "order " << order.sequence << ' ' << name_of(order.how) << std::endl;
        if (order.sequence == 5) {
            io.stop();
        }
    });
    io.run();
    std::filesystem::remove_all(folder);
}
