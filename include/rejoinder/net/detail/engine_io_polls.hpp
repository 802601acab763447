// The HTTP requests of an Engine.IO session that are not answered yet: at most one poll and one POST.
// Not behind the door: the web listener that they come by is not.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_POLLS_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_POLLS_HPP

#include <rejoinder/net/detail/engine_io_answers.hpp>
#include <rejoinder/net/engine_io_server_options.hpp>
#include <rejoinder/net/http_exchange.hpp>
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

class engine_io_polls {
public:
    explicit engine_io_polls(std::shared_ptr<const engine_io_server_options> options) : options_(std::move(options)) {}

    /// Whether a poll waits for its answer.
    [[nodiscard]] bool is_waited() const noexcept { return poll_.has_value(); }
    /// Whether a POST does.
    [[nodiscard]] bool is_held() const noexcept { return post_.has_value(); }
    /// Whether a POST does, or one is on its way.
    [[nodiscard]] bool is_posted() const noexcept { return is_held() || !arriving_.expired(); }

    /// A request whose body is not whole: refuses a second one of its kind.
    std::optional<http_response> begin(const http_request& head, std::weak_ptr<const void> arriving)
    {
        const bool posts = head.method == "POST";
        if (posts ? is_posted() : is_waited()) {
            return refusal(head);
        }
        if (posts) {
            arriving_ = std::move(arriving);
        }
        return std::nullopt;
    }

    /// `lost` is called if the client gives the poll up.
    template <class Lost>
    void wait(http_exchange by, Lost lost)
    {
        poll_.emplace(std::move(by)).on_abandoned(std::move(lost));
    }
    template <class Lost>
    void hold(http_exchange by, Lost lost)
    {
        post_.emplace(std::move(by)).on_abandoned(std::move(lost));
    }

    /// Answers the poll, if one waits.
    void answer(std::string body)
    {
        if (auto waiting = std::exchange(poll_, std::nullopt)) {
            respond(*waiting, 200, std::move(body));
        }
    }
    /// Answers the POST, if one is held.
    void accept()
    {
        if (auto held = std::exchange(post_, std::nullopt)) {
            respond(*held, 200, "ok");
        }
    }

    void respond(http_exchange& by, int status, std::string body) const
    {
        by.respond(engine_io_answer(by.request(), options_->origins, status, std::move(body), engine_io_text));
    }
    void refuse(http_exchange& by) const { by.respond(refusal(by.request())); }
    [[nodiscard]] http_response refusal(const http_request& of) const
    {
        return engine_io_refusal(of, options_->origins, engine_io_error::bad_request);
    }

private:
    std::shared_ptr<const engine_io_server_options> options_;
    std::optional<http_exchange> poll_;
    std::optional<http_exchange> post_;  // answered when what it brought is received
    std::weak_ptr<const void> arriving_; // of a POST: its body is not whole
};

} // namespace rejoinder::inline v0::detail

#endif
