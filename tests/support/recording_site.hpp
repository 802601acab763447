// A session in the eyes of handlers, which writes down what they answer.
#ifndef REJOINDER_TESTS_SUPPORT_RECORDING_SITE_HPP
#define REJOINDER_TESTS_SUPPORT_RECORDING_SITE_HPP

#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/net/detail/call_site.hpp>
#include <rejoinder/net/handler.hpp>
#include <rejoinder/net/peer.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/dispatch.hpp>
#include <asio/io_context.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the site heard of one run.
struct heard_word {
    rejoinder::message_id run = 0;
    std::string payload;
    std::string code;
    std::string text;
    rejoinder::encoding form = rejoinder::encoding::text;
};

// Keeps runs as a session does: until they finish.
class recording_site final : public rejoinder::detail::call_site, public std::enable_shared_from_this<recording_site> {
public:
    explicit recording_site(asio::io_context& io) : io_(io) {}

    asio::any_io_executor get_executor() const override { return io_.get_executor(); }

    void finish(rejoinder::invocation which, const rejoinder::outcome& how) override
    {
        ended.push_back({which.number, std::string{how.payload.bytes}, std::string{how.code}, std::string{how.text}, how.payload.form});
        runs.erase(which.number);
    }

    void progress(rejoinder::invocation which, const rejoinder::payload_view& payload) override
    {
        words.push_back({which.number, std::string{payload.bytes}, {}, {}, payload.form});
    }

    // Calls a handler on the executor, as a session would. The payload's bytes are gone afterwards, as a session's are.
    rejoinder::message_id call(rejoinder::detail::handler& to, rejoinder::payload_view payload, std::string_view name = "ask",
                               rejoinder::instant deadline = rejoinder::never, std::string_view key = {})
    {
        const auto number = ++last_;
        asio::dispatch(io_, [&] {
            std::string lent{payload.bytes};
            const rejoinder::invoke asked{
                {number}, 0, rejoinder::message_kind::request, name, {lent, payload.form}, key, 0, deadline};
            auto run = to.call(asked, shared_from_this(), from);
            lent.assign(lent.size(), '#');
            if (run != nullptr) {
                runs.emplace(number, std::move(run));
            }
        });
        io_.restart();
        io_.poll();
        return number;
    }
    rejoinder::message_id call(rejoinder::detail::handler& to, std::string_view text) { return call(to, rejoinder::payload_view{text}); }

    void stop(rejoinder::message_id number)
    {
        if (const auto found = runs.find(number); found != runs.end()) {
            const auto run = found->second;
            run->stop();
        }
        io_.restart();
        io_.poll();
    }

    std::vector<heard_word> ended;
    std::vector<heard_word> words;
    std::map<rejoinder::message_id, std::shared_ptr<rejoinder::detail::running>> runs;
    rejoinder::peer from{rejoinder::identity{"42"}, 7};

private:
    asio::io_context& io_;
    rejoinder::message_id last_ = 0;
};

#endif
