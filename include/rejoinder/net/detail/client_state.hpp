// What a client is behind its handle: the session, the link, and the dialling.
#ifndef REJOINDER_NET_DETAIL_CLIENT_STATE_HPP
#define REJOINDER_NET_DETAIL_CLIENT_STATE_HPP

#include <rejoinder/core/client_status.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/heartbeat_terms.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/policies.hpp>
#include <rejoinder/core/reconnector.hpp>
#include <rejoinder/core/snapshot.hpp>
#include <rejoinder/net/client_options.hpp>
#include <rejoinder/net/connection.hpp>
#include <rejoinder/net/detail/client_news.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/context_end.hpp>
#include <rejoinder/net/detail/dialler.hpp>
#include <rejoinder/net/detail/fallback.hpp>
#include <rejoinder/net/detail/host.hpp>
#include <rejoinder/net/detail/link.hpp>
#include <rejoinder/net/detail/measuring.hpp>
#include <rejoinder/net/detail/notify_now.hpp>
#include <rejoinder/net/detail/os_random.hpp>
#include <rejoinder/net/detail/outbox_keeper.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/net/detail/outlook.hpp>
#include <rejoinder/net/detail/pending_call.hpp>
#include <rejoinder/net/peer.hpp>
#include <rejoinder/net/poller.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/error.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Shared by the client's handle and by what is under way.
template <class Policies>
class client_state final : public link_owner,
                           public host_owner<Policies>,
                           public lives_on_context,
                           public std::enable_shared_from_this<client_state<Policies>> {
public:
    client_state(const asio::any_io_executor& executor, client_options<Policies> options)
        : lives_on_context(executor), options_(std::move(options)),
          setting_(std::make_shared<session_setting<Policies>>(executor, options_.session)),
          news_(setting_, options_.metadata), clock_(executor),
          reconnector_(options_.backoff, options_.connect_timeout, random_seed()), incarnation_(random_name())
    {
        check_auth(options_.auth);
    }

    /// Called once it is held by shared pointer.
    void begin(std::unique_ptr<dialler> by)
    {
        host_ = std::make_shared<host<Policies>>(side::client, setting_, this->weak_from_this(), peer{}, random_seed());
        dialler_ = std::move(by);
        reconnector_.ways(dialler_->ways());
        outbox_ = std::make_shared<outbox_keeper<Policies>>(options_.journal.thread(), setting_);
        outbox_->on_deadline([this] { rearm(); }); // which it does only as long as this has not stopped
        open_outbox();
    }

    [[nodiscard]] auto& news() noexcept { return news_; }
    [[nodiscard]] bool stopped() const noexcept { return stopped_; }

    [[nodiscard]] session_setting<Policies>& setting() noexcept { return *setting_; }
    [[nodiscard]] const client_options<Policies>& options() const noexcept { return options_; }
    [[nodiscard]] link_state link_stands() const noexcept { return reconnector_.state(); }
    [[nodiscard]] std::error_code last_error() const noexcept { return reconnector_.last_error(); }
    [[nodiscard]] std::size_t pending() const noexcept { return host_->core().pending(); }
    [[nodiscard]] outbox_keeper<Policies>& outbox() const noexcept { return *outbox_; }

    [[nodiscard]] rejoinder::snapshot snapshot()
    {
        measuring all{news_.look()};
        all.add(link_ == nullptr ? 0 : 1, {});
        all.add(*host_);
        return all.finish();
    }

    [[nodiscard]] client_status status() const { return status_of(reconnector_, fallback_, news_); }

    // The handle's commands

    void connect()
    {
        told_what_to_do_ = true;
        asleep_ = false;
        if (!outbox_->is_open()) {
            connect_when_open_ = true;
            open_outbox();
            return;
        }
        reconnector_.start(now());
        step();
    }

    void disconnect()
    {
        told_what_to_do_ = true;
        connect_when_open_ = false;
        asleep_ = false;
        part();
        tell();
    }

    void reconnect()
    {
        part();
        connect();
    }

    void poll_with(poller by)
    {
        fallback_.use(std::move(by), [weak = this->weak_from_this()](const std::error_code& ec) {
            if (const auto self = weak.lock(); self != nullptr && !self->stopped_) {
                self->polled(ec);
            }
        });
        tell();
    }

    void stop()
    {
        if (std::exchange(stopped_, true)) {
            return;
        }
        clock_.stop();
        fallback_.drop();
        reconnector_.stop(now());
        leave(close_reason::going_away);
        outbox_->end();
        host_->end(errc::closed);
        setting_->end();
    }

    void open(message_kind kind, outgoing words, pending_call waiting)
    {
        if (stopped_ || link_stands() == link_state::failed) {
            const auto why = stopped_ ? std::error_code{asio::error::operation_aborted}
                                      : make_error_code(verdict(), certainty::never_sent);
            const auto text = stopped_ ? std::string{} : news_.last_words(last_error());
            waiting.done.post(why, reply{{}, {}, text, certainty::never_sent});
            return;
        }
        if (kind == message_kind::delivery && outbox_->exists()) {
            outbox_->deliver(std::move(words), std::move(waiting.done));
        } else {
            host_->open(kind, words.name(), words.payload(), words.how(), std::move(waiting), now());
        }
        wake_up();
    }

    void enqueue(outgoing words, enqueue_completion caller)
    {
        outbox_->enqueue(std::move(words), std::move(caller));
        wake_up();
    }

    bool notify(const outgoing& words, congested when = congested::wait)
    {
        wake_up();
        return notify_now(*host_, words, when, *setting_->counts, now());
    }

    /// A deadline has come.
    void tick()
    {
        host_->advance(now());
        outbox_->advance(now());
        step();
    }

    // What the link says

    void on_hello(link& from, hello&&) override { lose(from, make_error_code(errc::bad_message), std::nullopt); }

    void on_welcome(link& from, welcome&& answer) override
    {
        if (&from != link_.get() || link_stands() != link_state::connecting || (answer.resumed && token_.empty())) {
            lose(from, make_error_code(errc::bad_message), std::nullopt);
            return;
        }
        const auto& own = setting_->options.heartbeat;
        const heartbeat_terms said{answer.ping_interval, answer.dead_after};
        if (const auto conflict = conflict_of(terms_of(own), said); !conflict.empty() && from.features().probe) {
            return lose(from, make_error_code(errc::incompatible), std::nullopt, conflict);
        }
        const auto at = now();
        const auto peer = outbox_->welcomed(answer);
        news_.connected(answer, reconnector_.since());
        if (!answer.resumed) {
            host_->core().begin(answer.capacity, peer);
        }
        if (!answer.resumed || !answer.token.empty()) {
            token_ = std::move(answer.token);
        }
        reconnector_.connected(at);
        host_->attach(link_, agreed(own, said), at);
        host_->settle_up();
        outbox_->attach(host_);
        tell();
        step();
    }

    void on_refusal(link& from, errc why, std::string_view text, std::optional<duration> retry_after) override
    {
        lose(from, make_error_code(why), retry_after, text);
    }

    void on_end(link& ended, const std::error_code& why) override
    {
        if (&ended == link_.get()) {
            tell_end(reason_of_end(why), why);
            let_go(); // it sees to its own end
            // What is too big or unreadable comes from somebody who speaks something else, or keeps no bound; this side's own hello it is not.
            const bool stranger = why == errc::too_big;
            gone(stranger ? make_error_code(errc::bad_message) : why, std::nullopt);
        }
    }

    // What the session says

    void on_deadline(host<Policies>& of) override { clock_.arm(of.next_deadline(), this->weak_from_this()); }

    void on_hang_up(host<Policies>&, close_reason why) override
    {
        tell_end(why);
        end(why);
        parted(why, error_of_hang_up(why), std::nullopt);
    }

    void on_farewell(host<Policies>&, const farewell& words) override
    {
        // Who leaves says so to all of its clients at once: they must not be back at once.
        const auto error = error_of_farewell(words.reason);
        const bool leaves = error == errc::peer_went_away;
        news_.heard(words.reason == close_reason::normal ? std::string_view{} : name_of(words.reason));
        tell_end(words.reason, error);
        end(close_reason::normal);
        parted(words.reason, error, words.retry_after || !leaves ? words.retry_after : duration::zero());
    }

    void on_orphan(pending_call&& orphan, const std::error_code& why) override
    {
        orphan.done.post(why, reply{{}, {}, {}, certainty_of(why)});
    }

private:
    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    void context_ended() override
    {
        const auto self = this->shared_from_this();
        stopped_ = true;
        fallback_.drop();
        drop_link();
        outbox_->drop();
        host_->drop();
        setting_->end();
    }

    // What is kept is read before anything is said, as the hello names it. Then the client connects: later than its construction in any case,
    // so that the program can set its handlers first.
    void open_outbox()
    {
        outbox_->open([weak = this->weak_from_this()](const std::error_code& failure) {
            const auto self = weak.lock();
            if (self == nullptr || self->stopped_) {
                return;
            }
            if (failure) {
                self->connect_when_open_ = false;
                self->news_.outbox_failed(failure);
                self->reconnector_.fail(failure, now());
                self->step();
            } else if (!self->told_what_to_do_ || std::exchange(self->connect_when_open_, false)) {
                self->connect();
            }
        });
    }

    void rearm()
    {
        clock_.arm(std::min({reconnector_.next_deadline(), host_->next_deadline(), outbox_->next_deadline()}),
                   this->weak_from_this());
    }

    // The session is given up here: another start ends it at the hub, too (rule 2).
    void give_up()
    {
        incarnation_ = random_name();
        setting_->last_words = news_.last_words(last_error());
        outbox_->give_up(verdict());
        host_->give_up(verdict());
        setting_->last_words.clear();
        tell();
    }

    // A link that was closed because nobody used it stays away: to come back at once would keep every idle link up.
    void parted(close_reason why, const std::error_code& error, std::optional<duration> retry_after)
    {
        if (why != close_reason::idle || host_->core().pending() != 0) {
            gone(error, retry_after);
            return;
        }
        reconnector_.stop(now());
        asleep_ = true;
        tell();
    }

    // Whoever has something to say opens it again.
    void wake_up()
    {
        if (asleep_ && !stopped_) {
            connect();
        }
    }

    // What a client that gave up says to its calls.
    [[nodiscard]] errc verdict() const noexcept { return kind_of(last_error()).value_or(errc::not_connected); }

    // Does what the reconnector says, until it only waits.
    void step()
    {
        while (!stopped_) {
            switch (reconnector_.advance(now())) {
            case dialling::nothing: rearm(); return;
            case dialling::dial: dial(); break;
            case dialling::abandon:
                news_.ended(link_state::connecting, now() - options_.connect_timeout, close_reason::silent,
                            last_error());
                dialler_->cancel();
                drop_link();
                tell();
                break;
            case dialling::fail: give_up(); break;
            }
        }
    }

    void dial()
    {
        drop_link();
        news_.dialling(reconnector_.attempt());
        tell();
        dialler_->choose(reconnector_.way());
        const auto number = reconnector_.attempt();
        dialler_->dial(number, setting_->executor, *this,
                       [weak = this->weak_from_this(), number](std::error_code ec, std::shared_ptr<link> made) {
                           if (const auto self = weak.lock()) {
                               self->dialled(number, ec, std::move(made));
                           } else if (made != nullptr) {
                               made->abort();
                           }
                       });
    }

    void dialled(std::uint64_t number, const std::error_code& ec, std::shared_ptr<link> made)
    {
        if (stopped_ || number != reconnector_.attempt() || link_stands() != link_state::connecting) {
            if (made != nullptr) {
                made->abort(); // an attempt that was given up (rule 5)
            }
            return;
        }
        if (ec) {
            tell_end(close_reason::link_lost, ec);
            gone(ec, dialler_->retry_after());
            return;
        }
        link_ = std::move(made);
        link_->start();
        if (!link_->say(greeting())) {
            lose(*link_, make_error_code(errc::too_big), std::nullopt);
        }
    }

    [[nodiscard]] hello greeting() const
    {
        auto words = hello_of(options_, reconnector_.attempt());
        words.incarnation = incarnation_;
        words.token = token_;
        words.mark = host_->core().mark();
        words.metadata = news_.fields().text();
        words.outbox = outbox_->notice();
        return words;
    }

    // The link ended, or is of no use; `said` is more about that, for people.
    void lose(link& from, const std::error_code& why, std::optional<duration> retry_after, std::string_view said = {})
    {
        if (&from != link_.get()) {
            from.abort();
            return;
        }
        news_.heard(said);
        tell_end(reason_of_end(why), why);
        drop_link();
        gone(why, retry_after);
    }

    void tell_end(close_reason why, const std::error_code& error = {})
    {
        news_.ended(link_stands(), reconnector_.since(), why, error);
    }

    void gone(const std::error_code& why, std::optional<duration> retry_after)
    {
        reconnector_.lost(why, verdict_on_attempt(why), retry_after, now());
        tell();
        step();
    }

    // Lets go of the link without a word.
    void drop_link() { end(close_reason::silent); }

    std::shared_ptr<link> let_go()
    {
        host_->detach(now());
        outbox_->detach();
        return std::exchange(link_, nullptr);
    }

    void end(close_reason why)
    {
        if (const auto left = let_go()) {
            why == close_reason::silent ? left->abort() : left->close(why);
        }
    }

    // The program wants the link to end.
    void part()
    {
        if (link_stands() == link_state::connected) {
            tell_end(close_reason::normal);
        }
        reconnector_.stop(now());
        leave(close_reason::normal);
    }

    void leave(close_reason why)
    {
        dialler_->cancel();
        end(why);
    }

    // The poller's news: a poll failed, or a status was the last one.
    void polled(const std::error_code& failure)
    {
        news_.polled(failure);
        if (!failure) {
            fallback_.finish();
            tell();
        }
    }

    void tell()
    {
        fallback_.follow(link_stands(), reconnector_.failures(), now());
        if (news_.wanted()) {
            news_.stands(this->weak_from_this(), link_stands(), status());
        }
    }

    client_options<Policies> options_;
    std::shared_ptr<session_setting<Policies>> setting_;
    client_news<session_setting<Policies>> news_;
    clockwork clock_;
    reconnector<typename Policies::backoff> reconnector_;
    std::string incarnation_;
    std::string token_;
    std::unique_ptr<dialler> dialler_;
    fallback fallback_;
    std::shared_ptr<host<Policies>> host_;
    std::shared_ptr<outbox_keeper<Policies>> outbox_;
    std::shared_ptr<link> link_;     // dialled; carries the session once it is welcome
    bool told_what_to_do_ = false;   // by the program: it connects by itself otherwise
    bool asleep_ = false;            // away because nobody used the link
    bool connect_when_open_ = false; // told to before the outbox was open
    bool stopped_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
