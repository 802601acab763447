// A connector that opens memory channels to whoever takes the other end, and does as it is told.
#ifndef REJOINDER_TESTS_SUPPORT_MEMORY_CONNECTOR_HPP
#define REJOINDER_TESTS_SUPPORT_MEMORY_CONNECTOR_HPP

#include <rejoinder/channel/completion.hpp>
#include <rejoinder/channel/memory.hpp>

#include <asio/any_io_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/error.hpp>

#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

/// What its connector does; shared, so that a test can change it.
struct memory_switchboard {
    using done = rejoinder::completion<void(std::error_code, rejoinder::memory)>;

    std::function<bool(rejoinder::memory)> take; ///< gets the other end
    std::shared_ptr<rejoinder::memory> ready; ///< what the next attempt gets, if there is one
    int attempts = 0;
    bool hold = false;            ///< attempts do not complete until they are cancelled
    std::error_code failing;      ///< attempts end with this
    done held;
};

class memory_connector {
public:
    using channel_type = rejoinder::memory;

    explicit memory_connector(std::function<bool(rejoinder::memory)> take) : board_(std::make_shared<memory_switchboard>())
    {
        board_->take = std::move(take);
    }
    explicit memory_connector(std::shared_ptr<memory_switchboard> board) : board_(std::move(board)) {}

    /// To a hub on the same thread.
    template <class Hub>
        requires requires(Hub& hub, rejoinder::memory channel) { hub.serve(std::move(channel)); }
    explicit memory_connector(Hub& hub) : memory_connector([&hub](rejoinder::memory other) { return hub.serve(std::move(other)); })
    {
    }

    [[nodiscard]] std::string description() const { return "memory:"; }
    [[nodiscard]] const std::shared_ptr<memory_switchboard>& board() const noexcept { return board_; }

    template <class Token>
    auto async_connect(const asio::any_io_executor& executor, Token&& token) const
    {
        return asio::async_initiate<Token, void(std::error_code, rejoinder::memory)>(
            [executor, board = board_](auto&& handler) {
                connect(*board, executor, memory_switchboard::done{std::forward<decltype(handler)>(handler), executor});
                if (board->held) {
                    if (auto slot = board->held.slot(); slot.is_connected()) {
                        slot.assign([weak = std::weak_ptr{board}](asio::cancellation_type) {
                            const auto alive = weak.lock();
                            if (alive != nullptr && alive->held) {
                                alive->held.post(asio::error::operation_aborted, rejoinder::memory{});
                            }
                        });
                    }
                }
            },
            token);
    }

private:
    static void connect(memory_switchboard& board, const asio::any_io_executor& executor, memory_switchboard::done done)
    {
        ++board.attempts;
        if (board.hold) {
            board.held = std::move(done);
            return;
        }
        if (board.failing) {
            done.post(board.failing, rejoinder::memory{});
            return;
        }
        if (const auto one = std::exchange(board.ready, nullptr)) {
            done.post({}, std::move(*one));
            return;
        }
        auto [mine, other] = rejoinder::memory_pair(executor, executor);
        board.take(std::move(other));
        done.post({}, std::move(mine));
    }

    std::shared_ptr<memory_switchboard> board_;
};

#endif
