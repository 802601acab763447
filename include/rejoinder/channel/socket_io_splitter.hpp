// Splits what comes on one Engine.IO session by namespace, and joins what the namespaces say.
// Not behind the door: it stands behind web.hpp.
#ifndef REJOINDER_CHANNEL_SOCKET_IO_SPLITTER_HPP
#define REJOINDER_CHANNEL_SOCKET_IO_SPLITTER_HPP

#include <rejoinder/channel/channel.hpp>
#include <rejoinder/channel/detail/socket_io_line.hpp>
#include <rejoinder/channel/frame_batch.hpp>
#include <rejoinder/channel/socket_io_namespace.hpp>
#include <rejoinder/core/close_reason.hpp>
#include <rejoinder/core/error.hpp>
#include <rejoinder/core/instant.hpp>
#include <rejoinder/core/message.hpp>
#include <rejoinder/wire/socket_io_codec.hpp>
#include <rejoinder/wire/socket_io_packet.hpp>

#include <asio/error.hpp>
#include <asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// Who takes the namespaces that the peer of a transport asks for.
class socket_io_doorman {
public:
    /// Why nobody gets into a namespace now, as the client is told.
    struct answer {
        std::string_view message{};    ///< empty: who asks gets in
        std::optional<errc> code = {}; ///< for the client's program; none: it is for good
    };

    virtual ~socket_io_doorman() = default;
    /// Without a message `take` follows.
    virtual answer refuses(std::string_view name) = 0;
    virtual void take(const std::string& name, socket_io_namespace channel) = 0;
};

/// What is done when a namespace's user is done with its peer.
enum class socket_io_leaving : std::uint8_t {
    name_space, ///< it leaves the namespace alone
    transport,  ///< it closes the transport, too
};

/// The bounds of one transport.
struct socket_io_bounds {
    std::size_t namespaces = 16; ///< joined at once; as many more may be on their way out
    duration connect_timeout =
        std::chrono::seconds{45};              ///< without any namespace joined, after which the transport is closed
    duration linger = std::chrono::seconds{1}; ///< how long a closing transport may take to say so
    std::size_t unread_bytes = std::size_t{256} << 10; ///< of what no namespace has taken yet; above, nothing is read
    socket_io_leaving leaving = socket_io_leaving::name_space;
};

/// One transport and its namespaces. It lives as long as something of it is under way; `start` begins it.
///
/// What isn't for a namespace that the peer has joined ends the transport, as the protocol wants; so do attachments that nobody has
/// announced. What comes for a namespace that this side has just left is dropped, for the peer could not know; who was refused, or
/// told DISCONNECT, may ask again at once. Packets are otherwise judged by the codec of their namespace.
template <channel Channel>
class socket_io_splitter final : public detail::socket_io_trunk,
                                 public std::enable_shared_from_this<socket_io_splitter<Channel>> {
public:
    socket_io_splitter(Channel carrier, std::shared_ptr<socket_io_doorman> door, const socket_io_bounds& bounds = {})
        : carrier_(std::move(carrier)), door_(std::move(door)), bounds_(bounds), clock_(carrier_.get_executor())
    {}

    void start()
    {
        wait_for_namespace();
        read();
    }

    /// Ends the transport, telling the peer why.
    void end(close_reason why)
    {
        if (ending_) {
            return;
        }
        const auto self = this->shared_from_this();
        ending_ = true;
        why_ = why;
        end_lines(asio::error::eof, {});
        clock_.expires_after(bounds_.linger);
        clock_.async_wait([weak = this->weak_from_this()](std::error_code ec) {
            if (const auto one = weak.lock(); one != nullptr && !ec) {
                one->carrier_.close();
            }
        });
        if (!flushing_) {
            shut_down();
        }
        if (!reading_) {
            read();
        }
    }

private:
    using line = detail::socket_io_line;

    // What a packet's text begins with.
    struct head {
        socket_io_type type = socket_io_type::event;
        std::size_t attachments = 0;
        std::string_view name = "/";
        bool bare = false; // nothing stands behind it
    };

    static constexpr std::size_t name_max = 256;
    static constexpr std::size_t attachments_max = 1U << 16; // the codec has a bound of its own

    // Reading

    void read()
    {
        reading_ = true;
        carrier_.async_receive(
            [self = this->shared_from_this()](std::error_code ec, frame_batch batch) { self->have_read(ec, batch); });
    }

    void have_read(std::error_code ec, frame_batch batch)
    {
        reading_ = false;
        if (ec) {
            over(ec);
            return;
        }
        try {
            frame_view frame;
            while (!ending_ && batch.next(frame)) {
                if (!(frame.form == encoding::binary ? attachment(frame) : packet(frame))) {
                    end(close_reason::bad_messages);
                }
            }
            read_on();
        } catch (...) { // out of memory: without its loop the transport is of no use
            over(std::make_error_code(std::errc::not_enough_memory));
            throw;
        }
    }

    // What is not taken is not read: so a peer holds that much memory, and no more.
    void read_on()
    {
        if (!reading_ && !over_ && (ending_ || (carrier_.pending() <= bounds_.unread_bytes && has_room()))) {
            read();
        }
    }
    [[nodiscard]] bool has_room() const noexcept
    {
        return std::all_of(lines_.begin(), lines_.end(),
                           [this](const auto& one) { return one->untaken() <= bounds_.unread_bytes; });
    }

    bool attachment(const frame_view& frame)
    {
        if (due_ == 0) {
            return false;
        }
        --due_;
        if (const auto to = due_for_.lock()) {
            to->came(frame);
        }
        return true;
    }

    bool packet(const frame_view& frame)
    {
        head of;
        if (due_ != 0 || !read_head(frame.bytes, of)) {
            return false;
        }
        if (of.type == socket_io_type::connect) {
            return connect(of.name, frame);
        }
        due_ = of.attachments;
        due_for_.reset();
        const auto found = find(of.name);
        if (found == lines_.end() || (*found)->is_refused()) {
            return std::find(left_.begin(), left_.end(), of.name) != left_.end();
        }
        const auto to = *found;
        due_for_ = to;
        to->came(frame);
        if (of.type == socket_io_type::disconnect && of.bare) {
            remove(found);
            to->ended(asio::error::eof);
        }
        return true;
    }

    bool connect(std::string_view name, const frame_view& frame)
    {
        if (const auto found = find(name); found != lines_.end()) {
            const auto before = *found;
            if (!before->is_over()) {
                return false;
            }
            remove(found);
            before->ended(asio::error::eof);
        }
        std::erase(left_, name);
        const auto why =
            is_full() ? socket_io_doorman::answer{"Too many namespaces", errc::busy} : door_->refuses(name);
        if (!why.message.empty()) {
            refuse(name, why);
            return true;
        }
        const auto made = std::make_shared<line>(carrier_.get_executor(), this->shared_from_this(), name);
        lines_.push_back(made);
        made->came(frame);
        door_->take(made->name(), socket_io_namespace{made});
        return true;
    }

    // Who joins and leaves without end would else have a connection for each time, until their users hear of it.
    [[nodiscard]] bool is_full()
    {
        std::erase_if(gone_, [](const auto& one) { return one.expired(); });
        return lines_.size() >= bounds_.namespaces || gone_.size() > bounds_.namespaces;
    }

    void refuse(std::string_view name, const socket_io_doorman::answer& why)
    {
        message out;
        out.kind = message_kind::refusal;
        out.name = why.code ? name_of(*why.code) : std::string_view{};
        out.text = why.message;
        socket_io_codec{std::string{name}}.encode(out, carrier_.begin());
        if (carrier_.commit(encoding::text)) {
            release();
        }
    }

    static bool read_head(std::string_view text, head& out) noexcept
    {
        if (text.empty() || text[0] < '0' || text[0] > '6') {
            return false;
        }
        const int digit = text[0] - '0';
        out.type = static_cast<socket_io_type>(digit > 4 ? digit - 3 : digit);
        text.remove_prefix(1);
        if (digit > 4 && !read_attachments(text, out.attachments)) {
            return false;
        }
        if (text.starts_with('/')) {
            out.name = text.substr(0, text.find(','));
            text.remove_prefix(std::min(out.name.size() + 1, text.size()));
        }
        out.bare = text.empty();
        return out.name.size() <= name_max;
    }

    static bool read_attachments(std::string_view& text, std::size_t& out) noexcept
    {
        while (!text.empty() && text[0] >= '0' && text[0] <= '9' && out <= attachments_max) {
            out = out * 10 + static_cast<std::size_t>(text[0] - '0');
            text.remove_prefix(1);
        }
        if (!text.starts_with('-') || out > attachments_max) {
            return false;
        }
        text.remove_prefix(1);
        return true;
    }

    // Writing: what the lines ask for

    std::string& begin() override { return carrier_.begin(); }
    bool commit(encoding form) override { return carrier_.commit(form); }
    bool has_ended() const noexcept override
    {
        if constexpr (requires { carrier_.has_ended(); }) {
            return carrier_.has_ended();
        } else {
            return false;
        }
    }
    bool takes_more() const noexcept override
    {
        if constexpr (requires { carrier_.has_room(); }) {
            return carrier_.has_room();
        } else {
            return true;
        }
    }
    bool carries(encoding form) const override { return carrier_.carries(form); }
    std::size_t waiting() const noexcept override { return carrier_.pending(); }
    std::uint64_t flushed() const noexcept override { return done_; }
    void taken() override { read_on(); }

    std::uint64_t release() override
    {
        if (flushing_ || ending_) {
            again_ = true;
            return begun_ + 1;
        }
        flush();
        return begun_;
    }

    void flush()
    {
        flushing_ = true;
        again_ = false;
        ++begun_;
        for (const auto& one : lines_) {
            one->flush_begins();
        }
        carrier_.async_flush([self = this->shared_from_this()](std::error_code ec) { self->have_flushed(ec); });
    }

    void have_flushed(std::error_code ec)
    {
        flushing_ = false;
        done_ = begun_;
        if (ec) {
            over(ec);
            return;
        }
        for (const auto& one : lines_) {
            one->flush_ends();
        }
        if (ending_) {
            shut_down();
            return;
        }
        if (again_) {
            flush();
        }
        read_on();
    }

    void shut_down()
    {
        flushing_ = true;
        carrier_.async_shutdown(why_, [self = this->shared_from_this()](std::error_code ec) {
            if (ec) {
                self->over(ec);
            }
        });
    }

    // The end of a line, and of all

    void shut(line& one, close_reason why) override
    {
        const bool done = socket_io_codec::leaves_namespace(why);
        if ((done && bounds_.leaving == socket_io_leaving::name_space) || why == close_reason::refused) {
            const auto found = find(one.name());
            if (found == lines_.end() || found->get() != &one) {
                return;
            }
            const auto kept = *found;
            remove(found);
            if (why != close_reason::refused && left_.size() < bounds_.namespaces) {
                left_.push_back(one.name());
            }
            kept->ended(asio::error::eof);
            read_on();
        } else {
            end(why);
        }
    }

    void closed(line& one) override
    {
        const auto found = find(one.name());
        if (found != lines_.end() && found->get() == &one) {
            const auto self = this->shared_from_this();
            remove(found);
            ending_ = true;
            over(asio::error::operation_aborted);
        }
    }

    using lines = std::vector<std::shared_ptr<line>>;

    [[nodiscard]] typename lines::iterator find(std::string_view name)
    {
        return std::find_if(lines_.begin(), lines_.end(), [name](const auto& one) { return one->name() == name; });
    }

    void remove(typename lines::iterator found)
    {
        const bool joined = (*found)->is_joined();
        gone_.push_back(*found);
        lines_.erase(found);
        if (joined && !has_joined()) {
            wait_for_namespace();
        }
    }

    [[nodiscard]] bool has_joined() const noexcept
    {
        return std::any_of(lines_.begin(), lines_.end(), [](const auto& one) { return one->is_joined(); });
    }

    void wait_for_namespace()
    {
        if (ending_) {
            return;
        }
        clock_.expires_after(bounds_.connect_timeout);
        clock_.async_wait([weak = this->weak_from_this()](std::error_code ec) {
            if (const auto one = weak.lock(); one != nullptr && !ec && !one->ending_ && !one->has_joined()) {
                one->end(close_reason::idle);
            }
        });
    }

    void end_lines(std::error_code why, std::error_code unwritten)
    {
        for (const auto& one : std::exchange(lines_, {})) {
            one->ended(why, unwritten);
        }
    }

    // The transport is of no use any more.
    void over(std::error_code why)
    {
        ending_ = true;
        if (std::exchange(over_, true)) {
            return;
        }
        clock_.cancel();
        end_lines(why, why);
        carrier_.close();
    }

    Channel carrier_;
    std::shared_ptr<socket_io_doorman> door_;
    socket_io_bounds bounds_;
    asio::steady_timer clock_; // until a namespace is joined, then of lingering
    lines lines_;
    std::vector<std::weak_ptr<line>> gone_; // lines that were removed, as long as somebody has their channel
    std::vector<std::string> left_; // namespaces that this side has left, and of whose end the peer need not know yet
    std::size_t due_ = 0;           // attachments
    std::weak_ptr<line> due_for_;
    std::uint64_t begun_ = 0; // flushes
    std::uint64_t done_ = 0;
    bool reading_ = false;
    bool flushing_ = false;
    bool again_ = false; // something was released while a flush was under way
    bool ending_ = false;
    bool over_ = false;
    close_reason why_ = close_reason::normal;
};

} // namespace rejoinder::inline v0

#endif
