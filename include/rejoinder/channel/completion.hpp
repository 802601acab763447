// A completion handler with its type erased: move-only, called once, in recycled memory, by the rules of Asio.
#ifndef REJOINDER_CHANNEL_COMPLETION_HPP
#define REJOINDER_CHANNEL_COMPLETION_HPP

#include <rejoinder/channel/detail/asio_features.hpp>
#include <rejoinder/channel/detail/bound.hpp>

#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/dispatch.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>

#include <cassert>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0 {

template <class Signature>
class completion;

/// Holds any Asio completion handler of one signature until the operation ends.
///
/// Keeps the handler's associated executor, with outstanding work on it, and allocates with the handler's associated
/// allocator, or recycled memory if it chose none: nothing is allocated at steady state. The memory is free again
/// before the handler is called, and the handler's cancellation slot is empty by then. Destroyed while it holds a
/// handler, it destroys the handler uncalled. Distinct objects are independent; one object is used from one thread at a
/// time.
template <class... Args>
class completion<void(std::error_code, Args...)> {
public:
    /// Holds nothing.
    completion() noexcept = default;

    /// Holds `handler`; `fallback` is where it runs if it has no associated executor.
    template <class Handler, class Executor>
    completion(Handler&& handler, const Executor& fallback)
        : node_(made<std::decay_t<Handler>, Executor>::make(std::forward<Handler>(handler), fallback))
    {}

    completion(completion&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}

    completion& operator=(completion&& other) noexcept
    {
        completion{std::move(other)}.swap(*this);
        return *this;
    }

    ~completion()
    {
        if (node_ != nullptr) {
            node_->drop();
        }
    }

    /// Whether it holds a handler.
    explicit operator bool() const noexcept { return node_ != nullptr; }

    /// The handler's cancellation slot, unconnected if it has none. What is put there must not touch its own captures
    /// after it has completed this: completing empties the slot. Precondition: holds a handler.
    asio::cancellation_slot slot() const noexcept
    {
        assert(node_ != nullptr);
        return node_->slot();
    }

    /// Calls the handler on its executor, at once if this thread runs that executor. Holds nothing afterwards.
    /// Precondition: holds a handler; not inside the operation's initiation.
    void complete(std::error_code ec, Args... args)
    {
        assert(node_ != nullptr);
        std::exchange(node_, nullptr)->complete(ec, std::move(args)...);
    }

    /// Calls the handler on its executor, later. Holds nothing afterwards. Precondition: holds a handler.
    void post(std::error_code ec, Args... args)
    {
        assert(node_ != nullptr);
        std::exchange(node_, nullptr)->post(ec, std::move(args)...);
    }

    void swap(completion& other) noexcept { std::swap(node_, other.node_); }

private:
    class node {
    public:
        virtual asio::cancellation_slot slot() const noexcept = 0;
        virtual void complete(std::error_code ec, Args... args) = 0;
        virtual void post(std::error_code ec, Args... args) = 0;
        virtual void drop() noexcept = 0;

    protected:
        node() = default;
        node(const node&) = delete;
        node& operator=(const node&) = delete;
        ~node() = default;
    };

    template <class Handler, class Fallback>
    class made final : public node {
        using executor = asio::associated_executor_t<Handler, Fallback>;
        using work = asio::executor_work_guard<executor>;
        using allocator =
            typename std::allocator_traits<detail::handler_allocator<Handler>>::template rebind_alloc<made>;
        using call = detail::bound<Handler, std::error_code, Args...>;

    public:
        template <class Given>
        static node* make(Given&& handler, const Fallback& fallback)
        {
            allocator memory{detail::allocator_of(handler)};
            made* const place = std::allocator_traits<allocator>::allocate(memory, 1);
            try {
                return ::new (static_cast<void*>(place)) made(std::forward<Given>(handler), fallback);
            } catch (...) {
                std::allocator_traits<allocator>::deallocate(memory, place, 1);
                throw;
            }
        }

        asio::cancellation_slot slot() const noexcept override
        {
            return asio::get_associated_cancellation_slot(handler_);
        }

        void complete(std::error_code ec, Args... args) override
        {
            const work kept = std::move(work_);
            asio::dispatch(kept.get_executor(), call{release(), ec, std::move(args)...});
        }

        void post(std::error_code ec, Args... args) override
        {
            const work kept = std::move(work_);
            asio::post(kept.get_executor(), call{release(), ec, std::move(args)...});
        }

        void drop() noexcept override
        {
            // The handler may own the last reference to whatever holds this memory's allocator: it goes last.
            const Handler last{std::move(handler_)};
            free_memory(last);
        }

    private:
        template <class Given>
        made(Given&& handler, const Fallback& fallback)
            : handler_(std::forward<Given>(handler)), work_(asio::get_associated_executor(handler_, fallback))
        {}

        Handler release()
        {
            if (auto connected = slot(); connected.is_connected()) {
                connected.clear();
            }
            Handler handler{std::move(handler_)};
            free_memory(handler);
            return handler;
        }

        void free_memory(const Handler& handler) noexcept
        {
            allocator memory{detail::allocator_of(handler)};
            this->~made();
            std::allocator_traits<allocator>::deallocate(memory, this, 1);
        }

        Handler handler_;
        work work_;
    };

    node* node_ = nullptr;
};

} // namespace rejoinder::inline v0

#endif
