// A sender delivers numbered messages to a receiver, and both are killed at random points until all has arrived:
//
//   crash [--messages N] [--kills K] [--seed S] [--apart]
//
// Each is killed K times at least, which takes 400 messages a kill. Afterwards the receiver's table holds each number once, in order, and the sender's outbox is empty. With --apart the handler writes its effect
// in a transaction of its own, and the receiver dies by itself between that and the record: then the check must find a number twice, and that
// is the success.
#include <rejoinder/channel/unix_connector.hpp>
#include <rejoinder/net/client.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>
#include <rejoinder/store/sqlite.hpp>

#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>

#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::chrono_literals;
namespace files = std::filesystem;

struct settings {
    std::string role = "driver";
    files::path folder;
    std::uint64_t messages = 10'000;
    unsigned kills = 20; // of each side
    std::uint32_t seed = std::random_device{}();
    bool apart = false;
};

constexpr int all_settled = 0;
constexpr int wrong_outcome = 3;

std::string socket_of(const settings& how) { return how.folder / "socket"; }
std::string effects_of(const settings& how) { return how.folder / "effects.db"; }
std::string receiver_file(const settings& how) { return how.folder / "receiver.db"; }
std::string sender_file(const settings& how) { return how.folder / "sender.db"; }

// --- The receiver ------------------------------------------------------------------------------------------------------

std::int64_t times_written(const rejoinder::sqlite_transaction& within, std::int64_t number)
{
    ::sqlite3_stmt* statement = nullptr;
    ::sqlite3_prepare_v2(within.native_handle(), "SELECT count(*) FROM effect WHERE number = ?", -1, &statement, nullptr);
    ::sqlite3_bind_int64(statement, 1, number);
    const auto count = ::sqlite3_step(statement) == SQLITE_ROW ? ::sqlite3_column_int64(statement, 0) : 0;
    ::sqlite3_finalize(statement);
    return count;
}

int receive(const settings& how)
{
    asio::io_context io;
    rejoinder::hub_options<> options;
    options.journal = rejoinder::journal{rejoinder::sqlite_store{receiver_file(how)}};
    rejoinder::hub<> hub{io.get_executor(), options};
    hub.authenticate([](const rejoinder::handshake&) { return rejoinder::identity{"sender"}; });

    rejoinder::sqlite_store other{effects_of(how)}; // for --apart: a file of its own, hence a transaction of its own
    auto write = [](const rejoinder::sqlite_transaction& within, std::int64_t number) {
        within.execute("CREATE TABLE IF NOT EXISTS effect(place INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL)");
        within.execute("INSERT INTO effect(number) VALUES (?)", number);
    };
    hub.on("numbered", [&](rejoinder::sqlite_transaction& within, std::int64_t number) {
        if (how.apart) {
            write(other.transaction(), number);
            if (number % 300 == 150 && times_written(other.transaction(), number) == 1) {
                std::raise(SIGKILL); // the effect is there, its record is not
            }
        } else {
            write(within, number);
        }
        return number;
    });
    ::unlink(socket_of(how).c_str());
    const auto port = rejoinder::listen(hub, asio::local::stream_protocol::endpoint{socket_of(how)});
    io.run();
    return EXIT_FAILURE;
}

// --- The sender --------------------------------------------------------------------------------------------------------

class sender {
public:
    explicit sender(const settings& how)
        : how_(how), client_(io_.get_executor(), rejoinder::unix_connector{socket_of(how)}, options(how))
    {
        client_.on_settled([this](const rejoinder::outbox_outcome& outcome) {
            if (outcome.how != rejoinder::departure::sent) {
                std::cerr << "message " << outcome.sequence << ": " << rejoinder::name_of(outcome.how) << ", " << outcome.error.message() << '\n';
                std::_Exit(wrong_outcome);
            }
            if (::write(STDOUT_FILENO, ".", 1) != 1) { // the driver counts
                std::_Exit(wrong_outcome);
            }
            fill();
        });
        client_.on_state([this](rejoinder::link_state state, std::error_code) {
            if (state == rejoinder::link_state::connected && next_ == 0) {
                next_ = client_.next_outbox_id();
                fill();
            }
        });
    }

    int run()
    {
        io_.run();
        return all_settled;
    }

private:
    static rejoinder::client_options<> options(const settings& how)
    {
        rejoinder::client_options<> all;
        all.journal = rejoinder::journal{rejoinder::sqlite_store{sender_file(how)}};
        all.backoff.schedule = {20ms, 50ms, 100ms};
        return all;
    }

    // Keeps the outbox full until the last number is in it, then waits for it to be empty.
    void fill()
    {
        for (; next_ <= how_.messages && client_.outbox().size() < 100; ++next_) {
            client_.async_enqueue("numbered", static_cast<std::int64_t>(next_), [expected = next_](std::error_code ec, std::uint64_t id) {
                if (ec || id != expected) {
                    std::cerr << "message " << expected << " got number " << id << ": " << ec.message() << '\n';
                    std::_Exit(wrong_outcome);
                }
            });
        }
        if (next_ > how_.messages && client_.outbox().empty()) {
            io_.stop();
        }
    }

    const settings& how_;
    asio::io_context io_;
    rejoinder::client<> client_;
    std::uint64_t next_ = 0;
};

// --- The driver --------------------------------------------------------------------------------------------------------

// A process of this program's own. Nothing is ever signalled but a process that was started here and has not been waited for.
class child {
public:
    child(const settings& how, std::string role) : how_(how), role_(std::move(role)) { start(); }
    child(const child&) = delete;
    child& operator=(const child&) = delete;
    ~child() { kill(); }

    void restart()
    {
        kill();
        start();
        ++kills_;
    }

    /// Where it can be waited for: readable when it has made progress, or has ended.
    [[nodiscard]] int output() const noexcept { return output_; }
    /// How far it has come since the last call; 0: it has ended by itself. Waits for one of both.
    std::size_t progress()
    {
        char steps[4096];
        const auto got = ::read(output_, steps, sizeof steps);
        if (got <= 0) {
            ::waitpid(pid_, &status_, 0);
            pid_ = 0;
        }
        return got > 0 ? static_cast<std::size_t>(got) : 0;
    }
    [[nodiscard]] bool runs() const noexcept { return pid_ > 0; }

    [[nodiscard]] unsigned kills() const noexcept { return kills_; }
    /// Precondition: it has ended by itself.
    [[nodiscard]] bool succeeded() const noexcept { return WIFEXITED(status_) && WEXITSTATUS(status_) == all_settled; }

private:
    void kill()
    {
        if (runs()) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = 0;
        }
        ::close(output_);
    }

    void start()
    {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) {
            throw std::runtime_error{"no pipe for the " + role_};
        }
        const auto messages = std::to_string(how_.messages);
        std::vector<std::string> words{"/proc/self/exe", "--role", role_, "--folder", how_.folder, "--messages", messages};
        if (how_.apart) {
            words.emplace_back("--apart");
        }
        std::vector<char*> arguments;
        for (auto& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        const auto made = ::fork();
        if (made == 0) {
            ::dup2(ends[1], STDOUT_FILENO);
            ::execv(arguments[0], arguments.data());
            std::_Exit(127);
        }
        ::close(ends[1]);
        output_ = ends[0];
        if (made < 0) {
            throw std::runtime_error{"no process for the " + role_};
        }
        pid_ = made;
    }

    const settings& how_;
    std::string role_;
    ::pid_t pid_ = 0; // 0: none runs
    int status_ = 0;
    int output_ = -1;
    unsigned kills_ = 0;
};

// The numbers of the effects, in their order.
std::vector<std::int64_t> effects(const std::string& file)
{
    std::vector<std::int64_t> all;
    ::sqlite3* open = nullptr;
    if (::sqlite3_open_v2(file.c_str(), &open, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
        throw std::runtime_error{"cannot open " + file};
    }
    ::sqlite3_exec(
        open, "SELECT number FROM effect ORDER BY place",
        [](void* to, int, char** columns, char**) {
            static_cast<std::vector<std::int64_t>*>(to)->push_back(std::strtoll(columns[0], nullptr, 10));
            return 0;
        },
        &all, nullptr);
    ::sqlite3_close(open);
    return all;
}

bool in_order_once(const std::vector<std::int64_t>& all, std::uint64_t messages)
{
    for (std::size_t i = 0; i != all.size(); ++i) {
        if (all[i] != static_cast<std::int64_t>(i) + 1) {
            std::cout << "effect " << i + 1 << " is of message " << all[i] << '\n';
            return false;
        }
    }
    return all.size() == messages;
}

// Who is killed after how many settled messages. Of those that are settled as a sender dies, a hundred at most, nobody hears; hence not to the end.
std::multimap<std::uint64_t, child*> kill_points(const settings& how, std::mt19937& random, child& sender, child& receiver)
{
    if (how.kills * 400 > how.messages) {
        throw std::invalid_argument{"each kill takes 400 messages"};
    }
    std::multimap<std::uint64_t, child*> all;
    std::uniform_int_distribution<std::uint64_t> point{0, how.messages * 3 / 4};
    for (unsigned i = 0; i != how.kills; ++i) {
        all.emplace(point(random), &sender);
        all.emplace(point(random), &receiver);
    }
    return all;
}

int drive(const settings& how)
{
    std::mt19937 random{how.seed};
    child receiver{how, "receiver"};
    child sender{how, "sender"};
    auto points = kill_points(how, random, sender, receiver);
    const auto begun = std::chrono::steady_clock::now();
    for (std::uint64_t settled = 0; sender.runs();) {
        ::pollfd both[] = {{sender.output(), POLLIN, 0}, {receiver.output(), POLLIN, 0}};
        if (::poll(both, 2, 60'000) <= 0) {
            std::cout << "seed " << how.seed << ": nothing moves for a minute\n";
            return EXIT_FAILURE;
        }
        if (both[1].revents != 0) {
            receiver.restart(); // it has died by itself
        }
        settled += both[0].revents != 0 ? sender.progress() : 0;
        for (; !points.empty() && points.begin()->first <= settled && sender.runs(); points.erase(points.begin())) {
            points.begin()->second->restart();
        }
    }
    const bool killed_enough = sender.kills() >= how.kills && receiver.kills() >= how.kills;
    const auto all = effects(how.apart ? effects_of(how) : receiver_file(how));
    const bool right = sender.succeeded() && in_order_once(all, how.messages) && killed_enough;
    const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
    std::cout << "seed " << how.seed << ": " << how.messages << " messages, sender killed " << sender.kills() << " times, receiver "
              << receiver.kills() << " times, " << all.size() << " effects, " << (right ? "each once and in order" : killed_enough ? "WRONG" : "too few kills") << ", " << took
              << " s\n";
    return right != how.apart ? EXIT_SUCCESS : EXIT_FAILURE;
}

settings read_arguments(int count, char** words)
{
    settings how;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        const auto value = [&] { return ++i < count ? std::string{words[i]} : throw std::invalid_argument{"a value is missing"}; };
        if (word == "--apart") {
            how.apart = true;
        } else if (word == "--role") {
            how.role = value();
        } else if (word == "--folder") {
            how.folder = value();
        } else if (word == "--messages") {
            how.messages = std::stoull(value());
        } else if (word == "--kills") {
            how.kills = static_cast<unsigned>(std::stoul(value()));
        } else if (word == "--seed") {
            how.seed = static_cast<std::uint32_t>(std::stoul(value()));
        } else {
            throw std::invalid_argument{"unknown: " + std::string{word}};
        }
    }
    return how;
}

} // namespace

int main(int count, char** words)
try {
    auto how = read_arguments(count, words);
    if (how.role == "receiver") {
        return receive(how);
    }
    if (how.role == "sender") {
        return sender{how}.run();
    }
    std::string name = files::temp_directory_path() / "rejoinder_crash_XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error{"no folder for the stores"};
    }
    how.folder = name;
    const int result = drive(how);
    files::remove_all(how.folder);
    return result;
} catch (const std::exception& thrown) {
    std::cerr << thrown.what() << '\n';
    return EXIT_FAILURE;
}
