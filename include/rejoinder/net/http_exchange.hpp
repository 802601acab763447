// One HTTP request that waits for its answer, which may come later.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_NET_HTTP_EXCHANGE_HPP
#define REJOINDER_NET_HTTP_EXCHANGE_HPP

#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace rejoinder::inline v0 {

namespace detail {

class exchange_site;

/// Shared by the connection and the program's handle.
struct exchange_state {
    std::shared_ptr<const http_request> request;
    std::string from;
    std::weak_ptr<exchange_site> site;
    std::function<void()> abandoned{};
    bool open = true;
};

/// The connection, as an exchange sees it.
class exchange_site {
public:
    virtual void answer(http_response&& answer) = 0;
    /// There will be no answer: ends the connection.
    virtual void drop() = 0;

protected:
    ~exchange_site() = default;
};

} // namespace detail

/// A request and the duty to answer it, once. Destroyed without an answer, it answers 500, or closes the connection if there is no memory for
/// that. Used from the listener's executor; it may outlive the listener, and then answers nobody.
class http_exchange {
public:
    explicit http_exchange(std::shared_ptr<detail::exchange_state> state) : state_(std::move(state)) {}
    http_exchange(http_exchange&&) noexcept = default;
    http_exchange& operator=(http_exchange&& other)
    {
        http_exchange old{std::move(*this)};
        state_ = std::move(other.state_);
        return *this;
    }
    ~http_exchange()
    {
        if (state_ != nullptr) {
            state_->abandoned = nullptr;
            respond_or_drop();
        }
    }

    [[nodiscard]] const http_request& request() const noexcept { return *state_->request; }
    /// The request, for who keeps it longer than this.
    [[nodiscard]] std::shared_ptr<const http_request> shared_request() const noexcept { return state_->request; }
    /// The address that it came from.
    [[nodiscard]] const std::string& from() const noexcept { return state_->from; }
    /// Whether somebody still waits for the answer.
    [[nodiscard]] bool is_open() const noexcept { return state_->open && !state_->site.expired(); }

    /// Answers. Only the first answer counts, and none counts when the client has gone.
    void respond(http_response answer)
    {
        if (!std::exchange(state_->open, false)) {
            return;
        }
        state_->abandoned = nullptr;
        if (const auto site = state_->site.lock()) {
            site->answer(std::move(answer));
        }
    }

    /// `told` is called, once, if the client goes, or the listener closes, before the answer; it may destroy this.
    void on_abandoned(std::function<void()> told) { state_->abandoned = std::move(told); }

private:
    // A destructor may not throw: out of memory, the client sees its connection close.
    void respond_or_drop() noexcept
    {
        try {
            respond(http_text(500, "No answer was given.\n"));
        } catch (const std::exception&) {
            const auto site = state_->site.lock();
            if (std::exchange(state_->open, false) && site != nullptr) {
                site->drop();
            }
        }
    }

    std::shared_ptr<detail::exchange_state> state_;
};

} // namespace rejoinder::inline v0

#endif
