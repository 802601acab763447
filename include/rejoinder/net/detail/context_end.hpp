// Tells who holds completions that their execution context is being destroyed, so that they are destroyed with it.
#ifndef REJOINDER_NET_DETAIL_CONTEXT_END_HPP
#define REJOINDER_NET_DETAIL_CONTEXT_END_HPP

#include <asio/any_io_executor.hpp>
#include <asio/execution/context.hpp>
#include <asio/execution_context.hpp>
#include <asio/query.hpp>

#include <algorithm>
#include <mutex>
#include <vector>

namespace rejoinder::inline v0::detail {

class context_watch;

/// Lives on an execution context and holds what belongs to it.
///
/// A coroutine that owns a client and awaits its answer is owned by the client's pending call: only the context's end can part them, as it does
/// for Asio's own operations.
class lives_on_context {
public:
    lives_on_context(const lives_on_context&) = delete;
    lives_on_context& operator=(const lives_on_context&) = delete;

protected:
    explicit lives_on_context(const asio::any_io_executor& executor);
    ~lives_on_context();

private:
    friend class context_watch;

    /// The context is being destroyed: nothing can be called any more. Destroying what is held may destroy this, unless it keeps itself.
    virtual void context_ended() = 0;

    context_watch* watch_; // null once the context has ended
};

/// One for each execution context. The contexts' objects may be used from several threads, hence the mutex; it is never held over a call.
class context_watch final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;

    explicit context_watch(asio::execution_context& context) : service(context) {}

    void add(lives_on_context& one)
    {
        const std::lock_guard lock{mutex_};
        all_.push_back(&one);
    }

    void remove(lives_on_context& one)
    {
        const std::lock_guard lock{mutex_};
        if (const auto found = std::find(all_.rbegin(), all_.rend(), &one); found != all_.rend()) {
            *found = all_.back();
            all_.pop_back();
        }
    }

private:
    void shutdown() override
    {
        while (!all_.empty()) {
            auto* const one = all_.back();
            all_.pop_back();
            one->watch_ = nullptr;
            one->context_ended();
        }
    }

    std::mutex mutex_;
    std::vector<lives_on_context*> all_;
};

inline lives_on_context::lives_on_context(const asio::any_io_executor& executor)
    : watch_(&asio::use_service<context_watch>(asio::query(executor, asio::execution::context)))
{
    watch_->add(*this);
}

inline lives_on_context::~lives_on_context()
{
    if (watch_ != nullptr) {
        watch_->remove(*this);
    }
}

} // namespace rejoinder::inline v0::detail

#endif
