// The studio: two workers that make clips, and the book of all jobs. It outlives the backend, as a database would.
#ifndef EXAMPLES_DASHBOARD_STUDIO_HPP
#define EXAMPLES_DASHBOARD_STUDIO_HPP

#include "pace.hpp"
#include "words.hpp"

#include <rejoinder/core/error.hpp>
#include <rejoinder/net/failure.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <list>
#include <string>
#include <string_view>
#include <system_error>

namespace dashboard {

/// The way to the user's tab.
class outlet {
public:
    virtual ~outlet() = default;
    /// An event, for who is there.
    virtual void tell(std::string_view event, const json& what) = 0;
    /// The plugin's answer; or why there is none, which is no word of the plugin's unless it is a `remote_error`.
    virtual asio::awaitable<plugin_response> ask(const plugin_command& what, std::error_code& ec) = 0;
};

class studio {
public:
    studio(asio::io_context& io, pace speed) : io_(io), pace_(speed), changed_(io)
    {
        take(order{"", "Harbour at dawn", "film"});
        take(order{"", "Paper boats", "short"});
        take(order{"", "The long corridor", "film"});
    }

    /// From now on words go out there; null: nobody would hear them.
    void speaks_through(outlet* to)
    {
        outlet_ = to;
        changed_.cancel();
    }

    /// The workers begin when the first page looks.
    void begin()
    {
        for (; workers_ != 2; ++workers_) {
            asio::co_spawn(io_, work(), asio::detached);
        }
    }

    [[nodiscard]] job_list jobs() const { return {{jobs_.begin(), jobs_.end()}}; }

    void take(const order& wanted)
    {
        if (std::find(orders_.begin(), orders_.end(), wanted.request_id) != orders_.end()) {
            return; // a repeat, to a backend that knew nothing of the first one
        }
        forget_old();
        if (jobs_.size() >= jobs_max) {
            throw rejoinder::failure{"studio_full", "The studio has enough to do"};
        }
        if (!wanted.request_id.empty()) {
            orders_.push_front(wanted.request_id);
            orders_.resize(std::min(orders_.size(), orders_max));
        }
        job fresh;
        fresh.id = "job-" + std::to_string(++count_);
        fresh.title = wanted.title.substr(0, 80);
        fresh.kind = wanted.kind.substr(0, 20);
        fresh.clips = fresh.kind == "film" ? 3 : 1;
        jobs_.push_back(fresh);
        set_status(jobs_.back(), "queued");
        changed_.cancel();
    }

    /// An answer to this command came; the first one counts.
    void answered(std::string_view request_id)
    {
        const auto of = std::find_if(jobs_.begin(), jobs_.end(), [&](const job& one) { return command_of(one) == request_id; });
        if (of != jobs_.end()) {
            ++of->answers;
            tell("status_change", boost::json::value_from(*of));
        }
    }

private:
    static constexpr std::size_t jobs_max = 50;
    static constexpr std::size_t orders_max = 200;

    static std::string command_of(const job& one) { return "publish-" + one.id; }
    static bool is_finished(const job& one) { return one.status == "completed" || one.status == "failed"; }

    void forget_old()
    {
        const auto oldest = std::find_if(jobs_.begin(), jobs_.end(), is_finished);
        if (jobs_.size() >= jobs_max && oldest != jobs_.end()) {
            jobs_.erase(oldest);
        }
    }

    asio::awaitable<void> work()
    {
        for (;;) {
            const auto next = std::find_if(jobs_.begin(), jobs_.end(), [](const job& one) { return one.status == "queued"; });
            if (next == jobs_.end()) {
                co_await change();
            } else {
                co_await make(*next);
            }
        }
    }

    asio::awaitable<void> make(job& one)
    {
        set_status(one, "generating");
        while (one.clip != one.clips) {
            while (one.percent != 100) {
                co_await pause(pace_(100ms));
                one.percent += 5;
                tell("progress", {{"id", one.id}, {"clip", one.clip}, {"percent", one.percent}});
            }
            ++one.clip;
            one.percent = 0;
            tell("clip_completed", {{"id", one.id}, {"clip", one.clip}});
        }
        set_status(one, "encoding");
        while (one.encoded != 100) {
            co_await pause(pace_(100ms));
            one.encoded += 5;
            tell("encoding_progress", {{"id", one.id}, {"percent", one.encoded}});
            if (one.kind == "broken" && one.encoded == 50) {
                fail(one, "The encoder ran out of frames");
                co_return;
            }
        }
        set_status(one, "publishing");
        const auto said = co_await publish(one);
        if (said.success) {
            one.status = "completed";
            tell("completed", {{"id", one.id}, {"asked", one.asked}, {"answers", one.answers}});
        } else {
            fail(one, said.error.value_or("The plugin does not say why"));
        }
    }

    // The plugin is in the user's tab, behind a link that may freeze or break, and a backend that may go: then the next one asks, under the
    // same id.
    asio::awaitable<plugin_response> publish(job& one)
    {
        const plugin_command command{command_of(one), "publish", {{"title", one.title}, {"kind", one.kind}}};
        for (;;) {
            if (outlet_ == nullptr) {
                co_await change();
                continue;
            }
            ++one.asked;
            std::error_code ec;
            auto said = co_await outlet_->ask(command, ec);
            if (!ec || ec == rejoinder::errc::remote_error) {
                answered(command.request_id);
                co_return said;
            }
            co_await pause(pace_(200ms));
        }
    }

    void fail(job& one, const std::string& why)
    {
        one.status = "failed";
        one.message = why;
        tell("error", {{"id", one.id}, {"message", why}, {"asked", one.asked}, {"answers", one.answers}});
    }

    void set_status(job& one, const char* status)
    {
        one.status = status;
        tell("status_change", boost::json::value_from(one));
    }

    void tell(std::string_view event, const json& what)
    {
        if (outlet_ != nullptr) {
            outlet_->tell(event, what);
        }
    }

    asio::awaitable<void> change()
    {
        std::error_code woken;
        changed_.expires_after(1h);
        co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
    }

    asio::io_context& io_;
    pace pace_;
    asio::steady_timer changed_;
    std::list<job> jobs_;
    std::deque<std::string> orders_; // the newest first
    outlet* outlet_ = nullptr;
    int count_ = 0;
    int workers_ = 0;
};

} // namespace dashboard

#endif
