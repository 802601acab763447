// What a client tells of its link: to the program's observers, and as events.
#ifndef REJOINDER_NET_DETAIL_CLIENT_NEWS_HPP
#define REJOINDER_NET_DETAIL_CLIENT_NEWS_HPP

#include <rejoinder/core/client_status.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/link_verdict.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/net/detail/label.hpp>
#include <rejoinder/net/detail/spoken.hpp>
#include <rejoinder/net/event.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Part of a client's state, whose life it shares. The observers are called on the client's executor while the client lives: later, as they
/// may do anything, even destroy it. The sink is called at once.
template <class Setting>
class client_news {
public:
    /// `fields`: the client's metadata.
    client_news(std::shared_ptr<Setting> setting, std::string_view fields)
        : setting_(std::move(setting)), label_(fields)
    {}

    std::function<void(link_state, std::error_code)> of_link;
    std::function<void(const client_status&)> of_status;

    /// The metadata of the newest attempt, its connection's id among them.
    [[nodiscard]] const label& fields() const noexcept { return label_; }
    [[nodiscard]] bool wanted() const noexcept { return of_link || of_status || setting_->events; }

    void dialling(std::uint64_t attempt)
    {
        attempt_ = attempt;
        label_.renew();
    }

    void poll_failed(const std::error_code& why) const { report("poll_failed", {}, why.message()); }
    void poll_finished() const { report("poll_finished", {}, {}); }

    /// The client stands so now. `said`: the sentence of who refused it, which its error then says.
    template <class Client>
    void stands(const std::weak_ptr<Client>& client, link_state link, const client_status& all, const std::string& said)
    {
        const bool other_link = std::exchange(link_, link) != link;
        const bool other_state = std::exchange(state_, all.state) != all.state;
        if (other_link && of_link) {
            post(client, [observer = of_link, link, why = all.last_error, said] {
                const spoken_scope scope{why, said};
                observer(link, why);
            });
        }
        if ((other_link || other_state) && of_status) {
            post(client, [observer = of_status, all, said] {
                const spoken_scope scope{all.last_error, said};
                observer(all);
            });
        }
        if (other_state) {
            report("client_state", name_of(all.state), all.last_error ? all.last_error.message() : std::string{});
        }
    }

private:
    template <class Client, class F>
    void post(const std::weak_ptr<Client>& client, F what) const
    {
        asio::post(setting_->executor, [client, what = std::move(what)] {
            if (const auto alive = client.lock(); alive != nullptr && !alive->stopped()) {
                what();
            }
        });
    }

    void report(std::string_view name, std::string_view reason, std::string_view text) const
    {
        setting_->report(
            {.name = name, .connection = attempt_, .reason = reason, .text = text, .metadata = label_.text()});
    }

    std::shared_ptr<Setting> setting_;
    label label_;
    std::uint64_t attempt_ = 0;
    link_state link_ = link_state::disconnected;
    standing state_ = standing::disconnected;
};

} // namespace rejoinder::inline v0::detail

#endif
