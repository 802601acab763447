// The subscriptions of one connection: who hears of what, and what they have not heard yet.
#ifndef REJOINDER_NET_DETAIL_SUBSCRIPTION_DESK_HPP
#define REJOINDER_NET_DETAIL_SUBSCRIPTION_DESK_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/subscriber.hpp>
#include <rejoinder/net/event.hpp>

#include <asio/any_io_executor.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rejoinder::inline v0::detail {

/// Held by shared pointer: a subscriber that is called may do anything, even destroy whoever holds this.
class subscription_desk : public std::enable_shared_from_this<subscription_desk> {
public:
    explicit subscription_desk(const asio::any_io_executor& executor) : clock_(executor) {}
    subscription_desk(const subscription_desk&) = delete;
    subscription_desk& operator=(const subscription_desk&) = delete;
    virtual ~subscription_desk() = default;

    event_sink events;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// An empty name hears of nothing, and counts.
    void add(std::string_view name, std::shared_ptr<subscriber> who)
    {
        if (!name.empty()) {
            line_of(name)->all.push_back(std::move(who));
        }
        if (++size_ == 1) {
            first_came();
        }
    }

    void remove(std::string_view name, const std::shared_ptr<subscriber>& who)
    {
        if (std::exchange(who->over, true)) {
            return;
        }
        if (const auto found = lines_.find(std::string{name}); found != lines_.end()) {
            tidy(found->second);
        }
        count_down(1);
    }

    void remove_all(std::string_view name)
    {
        const auto found = lines_.find(std::string{name});
        if (found == lines_.end()) {
            return;
        }
        std::size_t ended = 0;
        for (const auto& one : found->second->all) {
            ended += std::exchange(one->over, true) ? 0U : 1U;
        }
        tidy(found->second);
        count_down(ended);
    }

    /// A deadline has come.
    void tick()
    {
        const auto self = shared_from_this();
        std::vector<std::shared_ptr<line>> all; // those that are called may change the table
        for (const auto& [name, each] : lines_) {
            all.push_back(each);
        }
        auto next = never;
        for (const auto& each : all) {
            for_each(each, [](subscriber& one) { one.advance(now()); });
            next = std::min(next, next_of(*each));
        }
        clock_.arm(next, weak_from_this());
    }

protected:
    /// All who want events of one name.
    struct line {
        std::string name;
        std::vector<std::shared_ptr<subscriber>> all;
        unsigned calls = 0; // that go through it at this moment
    };

    /// The first of a name subscribed, or the last one is gone.
    virtual void open(const std::shared_ptr<line>& which) = 0;
    virtual void close(const std::string& name) = 0;
    /// The first of all subscribed, or the last one is gone.
    virtual void first_came() = 0;
    virtual void last_went() = 0;

    void deliver(const std::shared_ptr<line>& to, const payload_view& payload)
    {
        const auto self = shared_from_this();
        const auto at = now();
        for_each(to, [&](subscriber& one) { one.take(payload, at); });
        clock_.arm(next_of(*to), weak_from_this());
    }

private:
    static instant now() noexcept { return std::chrono::steady_clock::now(); }

    std::shared_ptr<line> line_of(std::string_view name)
    {
        auto& found = lines_[std::string{name}];
        if (found == nullptr) {
            found = std::make_shared<line>(line{std::string{name}, {}, 0});
            open(found);
        }
        return found;
    }

    // One that throws harms no other. Those that come meanwhile are not called, those that go are not called any more.
    template <class F>
    void for_each(const std::shared_ptr<line>& in, F call)
    {
        const auto kept = in;
        ++kept->calls;
        const auto count = kept->all.size();
        for (std::size_t i = 0; i != count; ++i) {
            const auto one = kept->all[i];
            if (one->over) {
                continue;
            }
            try {
                call(*one);
            } catch (const std::exception& thrown) {
                report(kept->name, thrown.what());
            } catch (...) {
                report(kept->name, "an exception of no known type");
            }
        }
        if (--kept->calls == 0) {
            tidy(kept);
        }
    }

    void report(std::string_view name, std::string_view what) const
    {
        if (events) {
            events({.name = "subscriber_failed", .reason = name, .text = what});
        }
    }

    // Takes those out who are gone, unless somebody walks along the line: who does so tidies at the end.
    void tidy(const std::shared_ptr<line>& which)
    {
        const auto kept = which;
        if (kept->calls != 0) {
            return;
        }
        std::erase_if(kept->all, [](const auto& one) { return one->over; });
        const auto found = lines_.find(kept->name);
        if (kept->all.empty() && found != lines_.end() && found->second == kept) {
            lines_.erase(found);
            close(kept->name);
        }
    }

    void count_down(std::size_t by)
    {
        size_ -= by;
        if (by != 0 && size_ == 0) {
            last_went();
        }
    }

    static instant next_of(const line& which) noexcept
    {
        auto next = never;
        for (const auto& one : which.all) {
            next = one->over ? next : std::min(next, one->next_deadline());
        }
        return next;
    }

    clockwork clock_;
    std::unordered_map<std::string, std::shared_ptr<line>> lines_;
    std::size_t size_ = 0;
};

} // namespace rejoinder::inline v0::detail

#endif
