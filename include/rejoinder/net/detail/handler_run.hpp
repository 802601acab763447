// One run of a handler that may need more than its call: what was asked, and the way back to who asked.
#ifndef REJOINDER_NET_DETAIL_HANDLER_RUN_HPP
#define REJOINDER_NET_DETAIL_HANDLER_RUN_HPP

#include <rejoinder/channel/recycled_memory.hpp>
#include <rejoinder/channel/recycled_strings.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/inbox.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/output.hpp>
#include <rejoinder/net/detail/call_site.hpp>
#include <rejoinder/net/detail/scratch.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

/// What was asked, kept beyond the call of the handler.
class handler_run final : public running {
public:
    explicit handler_run(const invoke& asked)
        : name_size_(asked.name.size()), call_(asked.call), kind_(asked.kind), deadline_(asked.deadline)
    {
        const auto size = asked.name.size() + asked.key.size();
        if (size > words_.capacity()) {
            words_ = recycled_strings::take(size);
        }
        words_.append(asked.name).append(asked.key);
    }
    ~handler_run() override { recycled_strings::give(std::move(words_)); }

    [[nodiscard]] invocation which() const noexcept { return call_; }
    [[nodiscard]] message_kind kind() const noexcept { return kind_; }
    [[nodiscard]] instant deadline() const noexcept { return deadline_; }
    [[nodiscard]] std::string_view name() const noexcept { return std::string_view{words_}.substr(0, name_size_); }
    [[nodiscard]] std::string_view key() const noexcept { return std::string_view{words_}.substr(name_size_); }

    // A responder that is dropped while its handler is still being called may be dropped by an exception, which then is the answer.
    bool in_call = false;
    bool dropped_in_call = false;

private:
    std::string words_;
    std::size_t name_size_;
    invocation call_;
    message_kind kind_;
    instant deadline_;
};

/// The way back to the asker of a run that ends inside its call.
class short_way {
public:
    short_way(call_site& site, invocation which) noexcept : site_(&site), which_(which) {}

    [[nodiscard]] bool stopped() const noexcept { return false; }
    void finish(const outcome& how) const { site_->finish(which_, how); }

private:
    call_site* site_;
    invocation which_;
};

/// The way back to the asker of a run that may go on. Copies lead the same way; the first end counts.
class long_way {
public:
    long_way(const invoke& asked, std::shared_ptr<call_site> site)
        : site_(std::move(site)), run_(std::allocate_shared<handler_run>(recycled_allocator<handler_run>{}, asked))
    {}

    /// What runs. Precondition: not moved from.
    [[nodiscard]] const std::shared_ptr<handler_run>& run() const noexcept { return run_; }
    /// Whether an answer is still due, and this leads to where.
    [[nodiscard]] bool open() const noexcept { return site_ != nullptr && !run_->finished(); }
    [[nodiscard]] bool stopped() const noexcept { return run_->stopped(); }
    /// Where the session runs; none if this leads nowhere any more.
    [[nodiscard]] asio::any_io_executor get_executor() const
    {
        return site_ == nullptr ? asio::any_io_executor{} : site_->get_executor();
    }

    void progress(const payload_view& payload) const
    {
        if (open()) {
            site_->progress(run_->which(), payload);
        }
    }

    void finish(const outcome& how) const
    {
        const auto site = site_; // ending it may destroy who holds this
        const auto run = run_;
        if (site != nullptr && run->end()) {
            site->finish(run->which(), how);
        }
    }

    /// The same way, which this one leads no more: what is over holds no session.
    [[nodiscard]] long_way leave() noexcept
    {
        long_way same{std::move(site_), run_};
        site_.reset();
        return same;
    }

private:
    long_way(std::shared_ptr<call_site>&& site, const std::shared_ptr<handler_run>& run) noexcept
        : site_(std::move(site)), run_(run)
    {}

    std::shared_ptr<call_site> site_;
    std::shared_ptr<handler_run> run_;
};

template <class Way, class T>
void answer_with(const Way& way, const T& value)
{
    scratch spelled;
    const auto form = write_payload(value, spelled.text);
    way.finish({{spelled.text, form}, {}, {}});
}

template <class T>
void progress_with(const long_way& way, const T& value)
{
    scratch spelled;
    const auto form = write_payload(value, spelled.text);
    way.progress({spelled.text, form});
}

template <class Way>
void fail_with(const Way& way, errc why, std::string_view text)
{
    way.finish({{}, name_of(why), text});
}

// Whoever kept the responder has let it go.
inline void fail_unanswered(const long_way& way)
{
    fail_with(way, way.stopped() ? errc::cancelled : errc::handler_error, "the handler gave no answer");
}

} // namespace rejoinder::inline v0::detail

#endif
