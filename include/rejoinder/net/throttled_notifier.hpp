// Notifications by name, so many a second each: for progress and the like, where the latest counts and the last must arrive.
#ifndef REJOINDER_NET_THROTTLED_NOTIFIER_HPP
#define REJOINDER_NET_THROTTLED_NOTIFIER_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/core/throttle.hpp>
#include <rejoinder/net/contract.hpp>
#include <rejoinder/net/detail/clockwork.hpp>
#include <rejoinder/net/detail/kept_payload.hpp>
#include <rejoinder/net/detail/outgoing.hpp>
#include <rejoinder/wire/json_payload.hpp>

#include <asio/any_io_executor.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// What a throttled notifier sends through: a client, or a hub with its target.
template <class Sender, class... Target>
concept notifies = requires(Sender& through, const Target&... to, const payload_view& payload) {
    through.notify(to..., std::string_view{}, payload);
    { through.get_executor() } -> std::convertible_to<asio::any_io_executor>;
};

/// Sends notifications at most `per_second` times a second for each name (10 unless told otherwise): a name's first one at once, of those that
/// follow too soon the latest when its time has come. So the last one always leaves, at most an interval late.
///
///     throttled_notifier progress{hub, user{"42"}};
///     progress.notify("progress", json{{"done", 17}});
///
/// What is sent while the link is down is lost, as notifications are. Destroying it drops what is held; `flush` sends that first. Bounds: those
/// of `throttle`. Distinct objects are independent; one is used from its executor.
class throttled_notifier {
public:
    using send_function = std::function<void(std::string_view, const payload_view&)>;

    /// `send(name, payload)` is called on `executor`, or from inside `notify` and `flush`.
    throttled_notifier(const asio::any_io_executor& executor, send_function send, const throttle_options& options = {})
        : run_(std::make_shared<run>(executor, std::move(send), options))
    {}

    /// Through a client, or a hub to a target. It must not outlive that, nor be used after that was moved.
    template <class Sender, class... Target>
        requires notifies<Sender, Target...>
    explicit throttled_notifier(Sender& through, Target... to)
        : throttled_notifier(asio::any_io_executor{through.get_executor()},
                             [&through, to...](std::string_view name, const payload_view& payload) {
                                 through.notify(to..., name, payload);
                             })
    {}

    template <writable_payload Payload>
    void notify(std::string_view name, const Payload& payload)
    {
        const detail::outgoing words{name, payload, {}};
        run_->offer(words.name(), words.payload());
    }
    /// By contract: an event is a contract without a reply.
    template <contract_type Contract>
    void notify(const typename Contract::request& event)
    {
        notify(Contract::name, event);
    }

    /// Sends what is held now.
    void flush() { run_->flush(); }

private:
    class run : public std::enable_shared_from_this<run> {
    public:
        run(const asio::any_io_executor& executor, send_function send, const throttle_options& options)
            : clock_(executor), send_(std::move(send)), gate_(options)
        {}

        void offer(std::string_view name, const payload_view& payload)
        {
            const auto self = shared_from_this();
            if (const auto passed = gate_.offer(name, detail::kept_payload{payload}, now())) {
                send_(name, passed->view());
            }
            clock_.arm(gate_.next_deadline(), weak_from_this());
        }

        void tick()
        {
            const auto self = shared_from_this();
            while (const auto held = gate_.release(now())) {
                send_(held->name, held->value.view());
            }
            clock_.arm(gate_.next_deadline(), weak_from_this());
        }

        void flush()
        {
            const auto self = shared_from_this();
            while (const auto held = gate_.flush()) {
                send_(held->name, held->value.view());
            }
        }

    private:
        static instant now() noexcept { return std::chrono::steady_clock::now(); }

        detail::clockwork clock_;
        send_function send_;
        throttle<detail::kept_payload> gate_;
    };

    std::shared_ptr<run> run_;
};

} // namespace rejoinder::inline v0

#endif
