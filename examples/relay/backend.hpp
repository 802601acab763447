// The backend: a hub that asks users' tabs to do jobs, and keeps the ledger.
#ifndef EXAMPLES_RELAY_BACKEND_HPP
#define EXAMPLES_RELAY_BACKEND_HPP

#include "jobs.hpp"
#include "pace.hpp"
#include "proxy.hpp"
#include "timeline.hpp"
#include "words.hpp"

#include <rejoinder/core/random.hpp>
#include <rejoinder/net/correlation.hpp>
#include <rejoinder/net/hub.hpp>
#include <rejoinder/net/listener.hpp>

#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace relay_example {

class backend {
public:
    backend(asio::io_context& io, timeline& log, pace speed, const rejoinder::journal& kept)
        : io_(io), timeline_(log), pace_(speed), retry_(retries(speed)), hub_(io.get_executor(), options(speed, kept)), changed_(io)
    {
        hub_.authenticate([](const rejoinder::handshake& greeting) -> std::optional<rejoinder::identity> {
            const auto* user = greeting.auth.is_object() ? greeting.auth.as_object().if_contains("user") : nullptr;
            if (user == nullptr || !user->is_string()) {
                return std::nullopt;
            }
            return rejoinder::identity{std::string{user->as_string()}};
        });
        hub_.on_event([this](const rejoinder::event& happened) { take_note(happened); });
        hub_.on_detach([this](const rejoinder::identity&) { return pause(pace_(50ms)); }); // stands for the removal of its listeners
        plugin_.on_unmatched([this](const rejoinder::peer&, const plugin_answer& answer) {
            timeline_.say("queue", "plugin_response", answer.request_id + ": nobody waits for it");
        });
        endpoint_ = rejoinder::listen(hub_, {asio::ip::address_v4::loopback(), 0}).local_endpoint();
    }

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return endpoint_; }
    [[nodiscard]] const std::vector<job>& jobs() const { return jobs_; }
    [[nodiscard]] const rejoinder::counters& counts() const { return hub_.counts(); }
    /// The plugin's log, as the tab fetched it after the last job.
    [[nodiscard]] const std::vector<execution>& executions() const { return executions_; }
    /// When the first answer to this attempt came.
    [[nodiscard]] std::optional<rejoinder::instant> answered_at(const std::string& request_id) const
    {
        const auto found = answers_.find(request_id);
        return found == answers_.end() ? std::nullopt : std::optional{found->second};
    }

    /// Does the jobs of the day, then lets the tab go.
    asio::awaitable<void> run()
    {
        co_await until([this] { return here_; });
        auto& silent = jobs_[jobs_.size() - 2];
        asio::co_spawn(io_, settle(silent), asio::detached); // beside the queue: a question without an answer holds nobody up
        asio::co_spawn(io_, settle(jobs_.back()), asio::detached);
        for (std::size_t i = 0; i != jobs_.size() - 2; ++i) {
            if (jobs_[i].name == "publish-08") {
                co_await until([&] { return silent.settled; });
                co_await send_away("reload"); // the next question waits for the new page
            }
            co_await settle(jobs_[i]);
        }
        co_await until([this] { return std::all_of(jobs_.begin(), jobs_.end(), [](const job& one) { return one.settled; }); });
        const auto log = co_await hub_.async_request(rejoinder::user{"42"}, "plugin_log", json{}, patient(60s), asio::use_awaitable);
        executions_ = log.as<std::vector<execution>>();
        co_await send_away("close");
        co_await until([this] { return gone_; });
    }

private:
    static rejoinder::hub_options<> options(const pace& speed, const rejoinder::journal& kept)
    {
        rejoinder::hub_options<> all;
        all.journal = kept;
        all.grace = speed(5s);
        all.session.timeout = speed(60s);
        all.session.heartbeat = watchful(speed);
        return all;
    }

    // A call to a user who may be reloading the page: it waits for the next one.
    [[nodiscard]] rejoinder::call_options patient(std::chrono::milliseconds timeout) const
    {
        return {.timeout = pace_(timeout), .when_absent = rejoinder::absent::wait};
    }

    // One job, tried as often as the policy says.
    asio::awaitable<void> settle(job& one)
    {
        for (unsigned made = 1;; ++made) {
            const auto request_id = one.name + '.' + std::to_string(made);
            one.attempts.push_back({request_id});
            timeline_.say("queue", "asked", request_id + ": " + one.action + " of user " + one.user);
            const auto said = co_await ask(one, request_id);
            one.attempts.back().answered = said.answered;
            if (said.answered) {
                answers_.emplace(request_id, std::chrono::steady_clock::now());
            }
            if (said.failed_at == level::none) {
                timeline_.say("queue", "job_done", one.name);
                break;
            }
            timeline_.say("queue", "attempt_failed", request_id + ": " + name_of(said.failed_at) + ": " + said.text);
            const auto rest = retry_.next(made, said.error, rejoinder::duration::max(), dice_);
            if (!rest) {
                const bool gave_up = retry_.retryable(said.error) && said.answered;
                one.failed_at = gave_up ? level::job : said.failed_at;
                timeline_.say("queue", "job_failed", one.name + (gave_up ? ": job: gave up after the last try: " : ": ") + said.text);
                break;
            }
            co_await pause(*rest);
        }
        one.settled = true;
        changed_.cancel();
    }

    asio::awaitable<verdict> ask(const job& one, std::string request_id)
    {
        const plugin_command command{request_id, one.action, one.payload};
        if (one.way == answered_by::delivery) {
            co_return co_await ask_by_message(one, command);
        }
        auto how = patient(one.timeout);
        if (one.user != "42") {
            how.when_absent = rejoinder::absent::fail;
        }
        const auto show = [this, request_id](const std::string& word) { timeline_.say("queue", "progress", request_id + ": " + word); };
        std::error_code ec;
        const auto answer = co_await hub_.async_request(rejoinder::user{one.user}, "plugin_command", command, how, show,
                                                        asio::redirect_error(asio::use_awaitable, ec));
        co_return ec ? failed_session(ec) : judge(answer.as<plugin_answer>());
    }

    // The answer is a message of its own, found by its key. One that says no is an answer, too.
    asio::awaitable<verdict> ask_by_message(const job& one, const plugin_command& command)
    {
        std::error_code ec;
        const auto answer = co_await plugin_.async_request(rejoinder::user{one.user}, command, patient(one.timeout),
                                                           asio::redirect_error(asio::use_awaitable, ec));
        const bool answered = !ec || ec == rejoinder::errc::remote_error;
        timeline_.say("queue", "plugin_response", command.request_id + (answered ? "" : ": " + ec.message()));
        co_return answered ? judge(answer) : failed_session(ec);
    }

    // The policy of these jobs: a question that may have been executed is not asked again.
    static verdict failed_session(const std::error_code& ec)
    {
        verdict said;
        said.failed_at = level::session;
        said.error = rejoinder::certainty_of(ec) == rejoinder::certainty::maybe_executed ? make_error_code(rejoinder::errc::session_lost) : ec;
        said.text = ec.message();
        return said;
    }

    // Tells the page to go, and waits until its link is gone.
    asio::awaitable<void> send_away(std::string how)
    {
        away_ = gone_ = false;
        const auto told = [](std::error_code, const rejoinder::reply&) {}; // the page may be gone before its acknowledgement is through
        hub_.async_deliver(rejoinder::user{"42"}, "page", how, patient(60s), told);
        co_await until([this] { return away_; });
    }

    void take_note(const rejoinder::event& happened)
    {
        timeline_.say("backend", happened);
        here_ = here_ || happened.name == "ws_connect";
        away_ = away_ || happened.name == "user_detach_delay_start";
        gone_ = gone_ || happened.name == "ws_cleanup_complete";
        changed_.cancel();
    }

    template <class Condition>
    asio::awaitable<void> until(Condition holds)
    {
        while (!holds()) {
            std::error_code woken;
            changed_.expires_after(std::chrono::hours{1});
            co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
        }
    }

    asio::io_context& io_;
    timeline& timeline_;
    pace pace_;
    rejoinder::standard_retry retry_;
    rejoinder::random_source dice_{42};
    rejoinder::hub<> hub_;
    rejoinder::correlation<plugin_call> plugin_{hub_};
    asio::ip::tcp::endpoint endpoint_;
    asio::steady_timer changed_;
    std::vector<job> jobs_ = jobs_of_the_day();
    std::map<std::string, rejoinder::instant> answers_;
    std::vector<execution> executions_;
    bool here_ = false;
    bool away_ = false;
    bool gone_ = false;
};

} // namespace relay_example

#endif
