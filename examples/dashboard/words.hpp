// What backend and page say to each other.
#ifndef EXAMPLES_DASHBOARD_WORDS_HPP
#define EXAMPLES_DASHBOARD_WORDS_HPP

#include <rejoinder/net/correlated.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <boost/describe/class.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dashboard {

using rejoinder::json;

/// "generate": the page orders a job. A repeat has the same id, and orders nothing.
struct order {
    std::string request_id;
    std::string title;
    std::string kind;
};
BOOST_DESCRIBE_STRUCT(order, (), (request_id, title, kind))

/// A job as the page sees it; "status_change" says all of it.
struct job {
    std::string id;
    std::string title;
    std::string kind;
    std::string status; ///< queued, generating, encoding, publishing, completed, failed
    int clips = 1;
    int clip = 0;    ///< that are done
    int percent = 0; ///< of the clip that is not
    int encoded = 0;
    int asked = 0;   ///< how often a backend was told to have the plugin publish it
    int answers = 0; ///< how often an answer of the plugin was handled; the first one counts
    std::string message;
};
BOOST_DESCRIBE_STRUCT(job, (), (id, title, kind, status, clips, clip, percent, encoded, asked, answers, message))

/// The answer to "jobs".
struct job_list {
    std::vector<job> jobs;
};
BOOST_DESCRIBE_STRUCT(job_list, (), (jobs))

/// "plugin_command": what the plugin in the user's tab is to do. The tab's ack says that it has it.
struct plugin_command {
    std::string request_id;
    std::string action;
    json payload;
};
BOOST_DESCRIBE_STRUCT(plugin_command, (), (request_id, action, payload))

/// "plugin_response": what became of it, in an event of its own, sent until it is acknowledged.
struct plugin_response {
    std::string request_id;
    bool success = false;
    json data;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(plugin_response, (), (request_id, success, data, error))

/// The two together: one question. The plugin runs a command once, and says its answer again when it is asked again.
struct plugin_call : rejoinder::correlated<plugin_command, plugin_response> {
    static constexpr std::string_view name = "plugin_command";
    static constexpr std::string_view answer_name = "plugin_response";
    static constexpr auto timeout = std::chrono::minutes{10};
    static constexpr auto repeat_after = std::chrono::seconds{5};
};

} // namespace dashboard

#endif
