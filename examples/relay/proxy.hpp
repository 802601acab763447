// The network between tab and backend: hands frames on, and fails on schedule.
#ifndef EXAMPLES_RELAY_PROXY_HPP
#define EXAMPLES_RELAY_PROXY_HPP

#include "pace.hpp"
#include "timeline.hpp"

#include <rejoinder/channel/stream.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace relay_example {

class proxy {
public:
    /// What is done to the link when a frame passes.
    enum class trick {
        freeze,   ///< from this frame on nothing passes, and nobody is told
        cut,      ///< the link breaks before this frame
        keep_out, ///< it breaks after this frame, and for a while no new one works
    };

    /// The frame of this kind that speaks of this request, and what is done to the link then; once.
    struct fault {
        std::string kind; ///< "req", "res", "ack": see docs/wire.md
        std::string request_id;
        trick what;
    };

    struct frozen {
        std::string request_id;
        rejoinder::instant since;
    };

    proxy(asio::io_context& io, timeline& log, pace speed, unsigned short port, asio::ip::tcp::endpoint backend, std::vector<fault> schedule)
        : timeline_(log), pace_(speed), acceptor_(io, {asio::ip::address_v4::loopback(), port}), backend_(std::move(backend)),
          schedule_(std::move(schedule))
    {
        asio::co_spawn(io, accept(), asio::detached);
    }

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    /// Which answer was frozen, and when.
    [[nodiscard]] const std::optional<frozen>& zombie() const { return zombie_; }
    /// Faults that have not happened.
    [[nodiscard]] std::size_t faults_left() const { return schedule_.size(); }

private:
    using channel = rejoinder::stream<asio::ip::tcp::socket>;

    struct route {
        channel tab;
        channel backend;
        bool stuck = false;
    };

    asio::awaitable<void> accept()
    {
        for (;;) {
            auto from = co_await acceptor_.async_accept(asio::use_awaitable);
            if (std::chrono::steady_clock::now() < closed_until_) {
                continue; // the socket closes
            }
            asio::ip::tcp::socket onto{acceptor_.get_executor()};
            co_await onto.async_connect(backend_, asio::use_awaitable);
            auto way = std::make_shared<route>();
            way->tab = channel{std::move(from)};
            way->backend = channel{std::move(onto)};
            asio::co_spawn(acceptor_.get_executor(), hand_on(way, way->tab, way->backend), asio::detached);
            asio::co_spawn(acceptor_.get_executor(), hand_on(way, way->backend, way->tab), asio::detached);
        }
    }

    asio::awaitable<void> hand_on(std::shared_ptr<route> way, channel& from, channel& onto)
    {
        std::error_code ended;
        std::error_code ec;
        while (!ended && !ec) {
            auto batch = co_await from.async_receive(asio::redirect_error(asio::use_awaitable, ended));
            if (way->stuck) {
                stuck_.push_back(std::move(way)); // both sockets stay open
                co_return;
            }
            const auto due = pass(batch, onto);
            co_await onto.async_flush(asio::redirect_error(asio::use_awaitable, ec));
            if (due) {
                carry_out(*due, *way);
            }
        }
        co_await onto.async_shutdown(rejoinder::close_reason::normal, asio::redirect_error(asio::use_awaitable, ec));
    }

    // Puts the frames into the other channel, up to one that a fault waits for.
    std::optional<fault> pass(rejoinder::frame_batch& batch, channel& onto)
    {
        rejoinder::frame_view frame;
        while (batch.next(frame)) {
            const auto due = take_fault(frame.bytes);
            if (!due || due->what == trick::keep_out) {
                onto.begin().append(frame.bytes);
                onto.commit(frame.form);
            }
            if (due) {
                return due;
            }
        }
        return std::nullopt;
    }

    std::optional<fault> take_fault(std::string_view frame)
    {
        for (auto one = schedule_.begin(); one != schedule_.end(); ++one) {
            if (frame.starts_with("[\"" + one->kind + "\"") && frame.find('"' + one->request_id + '"') != std::string_view::npos) {
                auto due = std::move(*one);
                schedule_.erase(one);
                return due;
            }
        }
        return std::nullopt;
    }

    void carry_out(const fault& due, route& way)
    {
        switch (due.what) {
        case trick::freeze:
            timeline_.say("proxy", "freeze", "the answer to " + due.request_id + " goes out, and the link is a zombie");
            zombie_ = frozen{due.request_id, std::chrono::steady_clock::now()};
            way.stuck = true;
            return;
        case trick::cut: timeline_.say("proxy", "cut", due.request_id + " was handled, its " + due.kind + " is lost"); break;
        case trick::keep_out:
            timeline_.say("proxy", "cut", "while " + due.request_id + " runs; no way through for a while");
            closed_until_ = std::chrono::steady_clock::now() + pace_(800ms);
            break;
        }
        way.tab.close();
        way.backend.close();
    }

    timeline& timeline_;
    pace pace_;
    asio::ip::tcp::acceptor acceptor_;
    asio::ip::tcp::endpoint backend_;
    std::vector<fault> schedule_;
    std::vector<std::shared_ptr<route>> stuck_;
    std::optional<frozen> zombie_;
    rejoinder::instant closed_until_{};
};

} // namespace relay_example

#endif
