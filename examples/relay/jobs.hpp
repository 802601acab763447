// The jobs of the example, and the ledger of what became of them.
#ifndef EXAMPLES_RELAY_JOBS_HPP
#define EXAMPLES_RELAY_JOBS_HPP

#include "pace.hpp"
#include "words.hpp"

#include <rejoinder/core/retry_policy.hpp>

#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace relay_example {

/// Who says that a job failed: the session (the question found no answer), the plugin (its answer is no), or the job itself (it gave up).
enum class level { none, session, plugin, job };

inline const char* name_of(level which)
{
    constexpr const char* names[] = {"", "session", "plugin", "job"};
    return names[static_cast<int>(which)];
}

/// What one attempt came to.
struct verdict {
    level failed_at = level::none;
    std::error_code error{}; ///< for the retry policy
    std::string text{};      ///< for people
    bool answered = false;   ///< the plugin's word has come
};

struct attempt {
    std::string request_id;
    bool answered = false;
};

/// Whether a job's answer comes as the reply to a request, or as a delivery of its own later.
enum class answered_by { reply, delivery };

struct job {
    std::string name;
    std::string user;
    std::string action;
    json payload;
    std::chrono::milliseconds timeout{};
    level expected = level::none; ///< where it is to fail
    answered_by way = answered_by::reply;
    bool settled = false;
    level failed_at = level::none;
    std::vector<attempt> attempts{};
};

/// All jobs, in the order of user 42's queue; the last two stand beside it.
inline std::vector<job> jobs_of_the_day()
{
    std::vector<job> all;
    const auto publish = [&](int number, level expected = level::none) {
        const auto digits = std::to_string(number);
        const json call = {{"method", "POST"}, {"path", "/items/" + digits}, {"payload", {{"title", "product " + digits}}}};
        all.push_back({(number < 10 ? "publish-0" : "publish-") + digits, "42", "HTTP", call, 60s, expected});
    };
    for (const int number : {1, 2, 3, 4, 5}) {
        publish(number);
    }
    all.push_back({"orders", "42", "ORDERS", json{{"shop_id", 123}}, 180s, level::none, answered_by::delivery});
    publish(6);
    publish(7, level::plugin);
    all.push_back({"sync", "42", "SYNC", json{{"shop_id", 123}}, 300s});
    publish(8);
    publish(9, level::job);
    publish(10);
    all.push_back({"silent", "42", "WAIT_FOREVER", json{{"shop_id", 123}}, 2s, level::session});
    all.push_back({"stranger", "999", "SYNC", json{{"shop_id", 7}}, 300s, level::session});
    return all;
}

/// What is tried again: what may pass, three times in all. A call that may have run is not: it could run twice.
inline rejoinder::standard_retry retries(const pace& speed)
{
    rejoinder::standard_retry policy;
    policy.backoff.first = speed(1s);
    policy.backoff.cap = speed(5s);
    return policy;
}

/// The plugin's answer as an attempt's verdict: a server that fails (5xx) may do better next time, what it refuses (4xx) is refused for good.
inline verdict judge(const plugin_answer& answer)
{
    verdict said;
    said.answered = true;
    if (answer.success) {
        return said;
    }
    said.failed_at = level::plugin;
    said.text = answer.error.value_or("the plugin does not say why");
    const auto* status = answer.data.is_object() ? answer.data.as_object().if_contains("status") : nullptr;
    const bool may_pass = status != nullptr && status->as_int64() >= 500;
    said.error = make_error_code(may_pass ? rejoinder::errc::handler_error : rejoinder::errc::remote_error);
    return said;
}

} // namespace relay_example

#endif
