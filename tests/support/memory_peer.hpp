// A peer without a library at the end of a memory channel: it writes frames, and keeps those that come.
#ifndef REJOINDER_TESTS_SUPPORT_MEMORY_PEER_HPP
#define REJOINDER_TESTS_SUPPORT_MEMORY_PEER_HPP

#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/memory.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/message.hpp>

#include "support/driven.hpp"

#include <asio/io_context.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

class memory_peer {
public:
    memory_peer(asio::io_context& io, rejoinder::memory end) : shared_(std::make_shared<shared>(io, std::move(end))) { read(shared_); }

    /// Connected to whoever serves channels.
    template <class Hub>
        requires requires(Hub& hub, rejoinder::memory channel) { hub.serve(std::move(channel)); }
    memory_peer(asio::io_context& io, Hub& hub) : memory_peer(io, connected_to(io, hub))
    {
    }

    /// Writes a text frame, and lets everybody do what it leads to.
    void say(std::string_view words)
    {
        say_only(words);
        driven::settle(shared_->io);
    }

    /// Writes a text frame, and lets nothing happen.
    void say_only(std::string_view words)
    {
        shared_->end.begin().append(words);
        shared_->end.commit(rejoinder::encoding::text);
        if (!std::exchange(shared_->flushing, true)) {
            shared_->end.async_flush([of = shared_](std::error_code) { of->flushing = false; });
        }
    }

    /// Says hello as this incarnation, and ready when it is welcome. Returns the welcome.
    std::string join(std::string_view incarnation, std::string_view auth = "42", std::string_view token = {})
    {
        say(std::string{R"(["hello",{"v":1,"incarnation":")"}.append(incarnation).append(R"(","auth":")").append(auth).append(R"(","token":")").append(token) + "\"}]");
        auto welcome = first(R"(["welcome")");
        if (!welcome.empty()) {
            say(R"(["ready"])");
        }
        return welcome;
    }

    /// The first frame so far that begins so; empty: there is none.
    [[nodiscard]] std::string first(std::string_view beginning) const
    {
        const auto found = std::find_if(shared_->heard.begin(), shared_->heard.end(), [&](const auto& one) { return one.starts_with(beginning); });
        return found == shared_->heard.end() ? std::string{} : *found;
    }

    [[nodiscard]] const std::vector<std::string>& heard() const noexcept { return shared_->heard; }
    /// Whether the other side ended the link.
    [[nodiscard]] bool ended() const noexcept { return shared_->ended; }

    void close()
    {
        shared_->end.close();
        driven::settle(shared_->io);
    }

private:
    struct shared {
        shared(asio::io_context& on, rejoinder::memory channel) : io(on), end(std::move(channel)) {}

        asio::io_context& io;
        rejoinder::memory end;
        std::vector<std::string> heard;
        bool flushing = false;
        bool ended = false;
    };

    template <class Hub>
    static rejoinder::memory connected_to(asio::io_context& io, Hub& hub)
    {
        auto [mine, other] = rejoinder::memory_pair(io.get_executor(), io.get_executor());
        hub.serve(std::move(other));
        return std::move(mine);
    }

    static void read(const std::shared_ptr<shared>& of)
    {
        of->end.async_receive([weak = std::weak_ptr{of}](std::error_code ec, rejoinder::frame_batch batch) {
            const auto self = weak.lock();
            if (self == nullptr) {
                return;
            }
            if (ec) {
                self->ended = true;
                return;
            }
            rejoinder::frame_view frame;
            while (batch.next(frame)) {
                self->heard.emplace_back(frame.bytes);
            }
            read(self);
        });
    }

    std::shared_ptr<shared> shared_;
};

/// What stands behind a name in a frame, as a string without its quotes or a number.
inline std::string word_after(const std::string& frame, std::string_view name)
{
    const auto found = frame.find('"' + std::string{name} + "\":");
    if (found == std::string::npos) {
        return {};
    }
    auto begin = found + name.size() + 3;
    begin += frame[begin] == '"' ? 1U : 0U;
    return frame.substr(begin, frame.find_first_of("\",}", begin) - begin);
}

#endif
