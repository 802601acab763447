// What a client tells of its link: to the program's observers, and as events.
#ifndef REJOINDER_NET_DETAIL_CLIENT_NEWS_HPP
#define REJOINDER_NET_DETAIL_CLIENT_NEWS_HPP

#include <rejoinder/core/client_status.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/link_verdict.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/net/detail/label.hpp>
#include <rejoinder/net/detail/link_watch.hpp>
#include <rejoinder/net/detail/outlook.hpp>
#include <rejoinder/net/detail/spoken.hpp>
#include <rejoinder/net/event.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/post.hpp>

#include <charconv>
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
    /// Whether the newest connection to carry a session found an earlier one.
    [[nodiscard]] bool resumed() const noexcept { return resumed_; }
    [[nodiscard]] bool wanted() const noexcept { return of_link || of_status || setting_->events; }

    /// Where the client stands when somebody begins to look on: what comes is held against that.
    void begin(link_state link, standing state) noexcept
    {
        if (!wanted()) {
            link_ = link;
            state_ = state;
        }
    }

    void dialling(std::uint64_t attempt)
    {
        attempt_ = attempt;
        said_.clear();
        label_.renew();
    }

    /// A connection that was dialled at `since` carries a session.
    void connected(const welcome& by, instant since)
    {
        std::from_chars(by.session.data(), by.session.data() + by.session.size(), session_);
        resumed_ = by.resumed;
        watch_.connected(*setting_, about(), by.resumed ? "resumed" : "new", since);
    }

    /// A link that stood so since then has ended: told before it stands otherwise.
    void ended(link_state stood, instant since, close_reason why, const std::error_code& error = {})
    {
        const spoken_scope scope{error, said_};
        if (stood == link_state::connected) {
            watch_.disconnected(*setting_, about(error), why, since);
        } else if (stood == link_state::connecting) {
            auto what = about(error);
            what.kind = name_of(verdict_on_attempt(error));
            watch_.unconnected(*setting_, what, since);
        }
    }

    /// What the other side said about why it has no use for the connection; empty: nothing. For people: it ends the error's message.
    void heard(std::string_view said) { said_ = said; }
    /// What calls hear of it that end with the client's attempts: that, or what exactly a foreign error was.
    [[nodiscard]] std::string last_words(const std::error_code& why) const
    {
        return said_.empty() && kind_of(why) && why.category() != rejoinder_category() ? why.message() : said_;
    }

    /// The outbox could not be opened.
    void outbox_failed(const std::error_code& why) const
    {
        report("outbox_failed", name_of(errc::store_failed), why.message());
    }

    [[nodiscard]] rejoinder::snapshot look() { return watch_.look(*setting_); }

    void polled(const std::error_code& failure) const
    {
        report(failure ? "poll_failed" : "poll_finished", {}, failure ? failure.message() : std::string{});
    }

    /// The client stands so now. Its error says what the other side said of it.
    template <class Client>
    void stands(const std::weak_ptr<Client>& client, link_state link, const client_status& all)
    {
        const bool other_link = std::exchange(link_, link) != link;
        const bool other_state = std::exchange(state_, all.state) != all.state;
        if (other_link && of_link) {
            post(client, [observer = of_link, link, why = all.last_error, said = said_] {
                const spoken_scope scope{why, said};
                observer(link, why);
            });
        }
        if (other_state && of_status) {
            post(client, [observer = of_status, all, said = said_] {
                const spoken_scope scope{all.last_error, said};
                observer(all);
            });
        }
        if (other_state) {
            const spoken_scope scope{all.last_error, said_};
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

    [[nodiscard]] event about(const std::error_code& error = {}) const
    {
        return {.session = session_,
                .connection = attempt_,
                .attempt = attempt_,
                .error = error,
                .metadata = label_.text()};
    }

    std::shared_ptr<Setting> setting_;
    label label_;
    link_watch watch_{{.users_max = 0}};
    std::string said_;          // by who refused the last link
    std::uint64_t session_ = 0; // the hub's number for it
    std::uint64_t attempt_ = 0;
    bool resumed_ = false;
    link_state link_ = link_state::disconnected;
    standing state_ = standing::disconnected;
};

} // namespace rejoinder::inline v0::detail

#endif
