// A connection as hub and client hold it, whatever its channel and codec: the one virtual interface between carrying and holding.
#ifndef REJOINDER_NET_DETAIL_LINK_HPP
#define REJOINDER_NET_DETAIL_LINK_HPP

#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/codec.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0::detail {

/// A session as its connection sees it.
class session_port {
public:
    /// A message came. Everything that it causes on this side happens before this returns.
    virtual void receive(const message& came, instant now) = 0;
    /// A frame came that is not the wire's grammar.
    virtual void receive_bad(instant now) = 0;
    /// A message that was emitted was not written: it does not fit into a frame, or the wire does not say it.
    virtual void undeliverable(const message& out, errc why) = 0;
    /// The next message to write, if there is one.
    virtual bool emit(message& out, instant now) = 0;
    /// The connection is of no use any more, for this reason.
    virtual void hang_up(close_reason why) = 0;
    /// The connection has handled all that one read brought.
    virtual void turn_over() = 0;

protected:
    ~session_port() = default;
};

class link;

/// Hub or client, as their connections see them. Called from the link's own handlers, never from inside a call to the link.
class link_owner {
public:
    virtual void on_hello(link& from, hello&& greeting) = 0;
    virtual void on_welcome(link& from, welcome&& answer) = 0;
    virtual void on_refusal(link& from, errc why, std::string_view text, std::optional<duration> retry_after) = 0;
    /// The link is over, without this side having closed it.
    virtual void on_end(link& ended, const std::error_code& why) = 0;

protected:
    ~link_owner() = default;
};

/// One connection. It keeps itself alive while it has work; whoever holds it holds it by shared pointer.
class link {
public:
    virtual ~link() = default;

    /// Its owner's number for it.
    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// What its codec and channel can carry together.
    [[nodiscard]] virtual capabilities features() const = 0;
    /// Bytes that were written and that the channel has not got rid of.
    [[nodiscard]] virtual std::size_t queued() const noexcept = 0;
    /// Whether it takes no more messages, until enough of what was written has gone.
    [[nodiscard]] virtual bool congested() const noexcept { return false; }
    /// Where it leads, for logs.
    [[nodiscard]] virtual std::string description() const = 0;

    /// Whether bytes moved since the last call or the last whole frame, as far as its channel can tell: of a frame that has not come
    /// whole yet, or of what was written and is still on its way.
    [[nodiscard]] virtual bool stirs() noexcept { return false; }

    /// Begins to read.
    virtual void start() = 0;
    /// Says hello, or welcome. False: it is too large for a frame, and not said.
    virtual bool say(const hello& greeting) = 0;
    virtual bool say(const welcome& answer) = 0;
    /// Says that there is no session, and ends. `data`: JSON for the program at the other end, where the wire has room for it.
    virtual void refuse(errc why, std::string_view text, std::optional<duration> retry_after,
                        std::string_view data) = 0;
    /// From now on it carries this session; null: none.
    virtual void carry(session_port* session) = 0;
    /// The session has messages to write.
    virtual void wake() = 0;
    /// Ends it: tells the peer why, if the link still takes a message, then closes. Nothing it reads from now on reaches anybody (rule 5).
    /// `retry_after`: when the peer may come back.
    virtual void close(close_reason reason, std::optional<duration> retry_after = std::nullopt) = 0;
    /// Keeps something for as long as it lives, its closing included.
    virtual void keep(std::shared_ptr<void> something) = 0;
    /// Ends it now, without a word.
    virtual void abort() = 0;

protected:
    explicit link(std::uint64_t number) noexcept : number_(number) {}

private:
    std::uint64_t number_;
};

} // namespace rejoinder::inline v0::detail

#endif
