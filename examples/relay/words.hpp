// What backend, tab and plugin say to each other.
#ifndef EXAMPLES_RELAY_WORDS_HPP
#define EXAMPLES_RELAY_WORDS_HPP

#include <rejoinder/net/correlated.hpp>
#include <rejoinder/wire/json_value.hpp>

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace relay_example {

using rejoinder::json;

/// "plugin_command": what the plugin is to do. Asked as a request it is answered by the reply; sent as a delivery, by a "plugin_response".
struct plugin_command {
    std::string request_id; ///< names one attempt: no two of them are equal
    std::string action;
    json payload;
};
BOOST_DESCRIBE_STRUCT(plugin_command, (), (request_id, action, payload))

/// The plugin's own word. That it fails is an answer like any other: the session has done its part.
struct plugin_answer {
    std::string request_id;
    bool success = false;
    json data;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(plugin_answer, (), (request_id, success, data, error))

/// The command that is answered by a message of its own.
struct plugin_call : rejoinder::correlated<plugin_command, plugin_answer> {
    static constexpr std::string_view name = "plugin_command";
    static constexpr std::string_view answer_name = "plugin_response";
};

/// One line of the plugin's log: a command that it began to execute.
struct execution {
    std::string request_id;
    std::string state = "running"; ///< then "finished" or "cancelled"
};
BOOST_DESCRIBE_STRUCT(execution, (), (request_id, state))

} // namespace relay_example

#endif
