// One connection of a web listener: its requests, one after the other, until it closes or becomes a WebSocket.
// Not behind the door: it reads HTTP by Boost.Beast's parser.
#ifndef REJOINDER_NET_DETAIL_WEB_CONNECTION_HPP
#define REJOINDER_NET_DETAIL_WEB_CONNECTION_HPP

#include <rejoinder/channel/websocket.hpp>
#include <rejoinder/net/came_from.hpp>
#include <rejoinder/net/detail/web_link.hpp>
#include <rejoinder/net/detail/web_site.hpp>
#include <rejoinder/net/http_exchange.hpp>
#include <rejoinder/net/web_handler.hpp>
#include <rejoinder/wire/http_reader.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/websocket_handshake.hpp>
#include <rejoinder/wire/websocket_role.hpp>

#include <asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Its site keeps it alive. What it starts holds it too, and finds it over when it has ended meanwhile.
template <class Layer>
class web_connection final : public web_visitor,
                             public exchange_site,
                             public std::enable_shared_from_this<web_connection<Layer>> {
public:
    using stream_type = typename Layer::stream_type;
    using channel_type = typename Layer::channel_type;
    using site_type = web_site<channel_type>;
    using handler_type = web_handler<channel_type>;

    web_connection(stream_type&& stream, std::string from, const std::shared_ptr<site_type>& site)
        : link_(std::move(stream)), reader_({site->options().head_max, site->options().body_max}),
          from_(std::move(from)), site_(site)
    {}

    void start(std::shared_ptr<site_type> site)
    {
        number_ = site->enter(this->shared_from_this());
        or_end([&] {
            within(site->options().head_timeout);
            Layer::open(link_.stream(), websocket_role::server, [self = this->shared_from_this()](std::error_code ec) {
                ec ? self->end() : self->or_end([&] { self->read(); });
            });
        });
    }

    void abort() override { end(); }

    void answer(http_response&& given) override
    {
        if (phase_ == phase::answering) {
            finish_exchange();
            or_end([&] { send(std::move(given), stays_ ? http_sending::then::keep : http_sending::then::close); });
        }
    }

private:
    enum class phase : std::uint8_t {
        asking,    // a request is on its way, or none yet
        answering, // the program has the request
        sending,   // the answer is on its way
        leaving,   // the last answer has gone: what still comes is dropped, until the client closes
        over,
    };

    // Bytes of a next request that are taken while one is being answered.
    static constexpr std::size_t early_max = std::size_t{16} << 10;
    // A client that still writes when the last answer comes would lose it with a reset; it gets that long to notice.
    static constexpr duration parting = std::chrono::seconds{2};

    // Out of memory: with nothing under way, and maybe no clock, nobody would end the connection.
    template <class Step>
    void or_end(Step step)
    {
        try {
            step();
        } catch (...) {
            end();
            throw;
        }
    }

    // Reading

    void read()
    {
        if (!link_.is_reading() && phase_ != phase::over) {
            link_.read(in_, [self = this->shared_from_this()](std::error_code ec, std::size_t) {
                self->or_end([&] { self->came(ec); });
            });
        }
    }

    void came(std::error_code ec)
    {
        if (phase_ == phase::over) {
            return;
        }
        if (ec && phase_ == phase::sending) { // it may have ended its half only, and still read
            stays_ = false;
            return;
        }
        if (ec) {
            end();
            return;
        }
        switch (phase_) {
        case phase::asking: take_in(); break;
        case phase::leaving:
            in_.clear();
            read();
            break;
        case phase::answering:
        case phase::sending:
            if (in_.size() < early_max) {
                read();
            }
            break;
        case phase::over: break;
        }
    }

    // What has been read and thrown away, such as a chunk's extensions, is in nobody's way. False: there is too much.
    [[nodiscard]] bool count_kept(site_type& site) noexcept
    {
        site.release(std::exchange(held_, in_.size() + reader_.kept()));
        return site.hold(held_);
    }

    void take_in()
    {
        const auto site = site_.lock();
        if (site == nullptr) {
            end();
            return;
        }
        if (!count_kept(*site)) {
            ++site->counts().turned_away;
            refuse(503);
            return;
        }
        const auto before = reader_.progress();
        in_.erase(0, reader_.read(in_));
        static_cast<void>(count_kept(*site)); // the reader keeps no more than it was given
        switch (reader_.progress()) {
        case http_progress::more:
            if (!begun_ && !in_.empty()) {
                begun_ = true;
                within(site->options().head_timeout);
            }
            read();
            break;
        case http_progress::head: before == http_progress::more ? head_came(*site) : read(); break;
        case http_progress::whole: request_came(site); break;
        case http_progress::bad:
            ++site->counts().bad;
            refuse(reader_.refusal());
            break;
        }
    }

    void head_came(site_type& site)
    {
        within(site.options().body_timeout);
        auto refused = head_refused(site);
        if (phase_ == phase::over) { // who was asked closed the listener, say
            return;
        }
        if (refused) {
            finish_exchange();
            send(std::move(*refused), http_sending::then::close);
            return;
        }
        if (in_.empty() && same_but_case{}(reader_.request().headers.value("Expect"), "100-continue")) {
            static const std::string go_on{"HTTP/1.1 100 Continue\r\n\r\n"};
            link_.write(go_on, {}, [self = this->shared_from_this()](std::error_code ec) {
                ec ? self->end() : self->or_end([&] { self->read(); });
            });
            return;
        }
        read();
    }

    // Asks who will have the request, before its body is read.
    std::optional<http_response> head_refused(site_type& site)
    {
        auto head = reader_.request(); // its route's parameters are found again when it is whole
        head.is_secure = Layer::is_secure;
        is_head_ = head.method == "HEAD";
        const auto to = asks_for_websocket(head) ? nullptr : site.find(head, route_kind::page);
        if (to == nullptr) {
            return std::nullopt;
        }
        const auto self = this->shared_from_this();
        arriving_ = std::make_shared<char>();
        try {
            return to->on_head(head, arriving_);
        } catch (const std::exception&) {
            return http_text(500, "The handler failed.\n");
        }
    }

    // Requests

    void request_came(const std::shared_ptr<site_type>& site)
    {
        link_.calm();
        arriving_.reset();
        ++site->counts().requests;
        auto request = reader_.take();
        request.is_secure = Layer::is_secure;
        is_head_ = request.method == "HEAD";
        const bool upgrades = asks_for_websocket(request);
        // HTTP/1.0 would have to be told; what follows a refused WebSocket may be its frames.
        stays_ = request.keeps_alive && request.version >= 11 && !upgrades;
        const auto to = site->find(request, upgrades ? route_kind::websocket : route_kind::page);
        phase_ = phase::answering;
        const auto shared = std::make_shared<const http_request>(std::move(request));
        if (to == nullptr) {
            answer(http_text(404, "There is nothing here.\n"));
        } else if (upgrades && link_.is_reading()) { // the stream could not be given away
            answer(http_text(400, "Ask for a WebSocket when nothing else is unanswered.\n"));
        } else if (upgrades) {
            upgrade(*site, to, shared);
        } else {
            hand_over(*to, shared);
        }
    }

    void hand_over(handler_type& to, const std::shared_ptr<const http_request>& request)
    {
        exchange_ = std::make_shared<exchange_state>(exchange_state{request, from_, this->weak_from_this()});
        try {
            to.on_request(http_exchange{exchange_});
        } catch (const std::exception&) { // the exchange has answered on its way out
        }
        if (phase_ == phase::answering && in_.size() < early_max) {
            read(); // to see the client go
        }
    }

    void upgrade(site_type& site, const std::shared_ptr<handler_type>& to,
                 const std::shared_ptr<const http_request>& request)
    {
        auto made = decide(*to, *request);
        if (!made.is_accepted()) {
            answer(std::move(made.response));
            return;
        }
        ++site.counts().upgrades;
        phase_ = phase::sending;
        append_response(out_, made.response);
        within(site.options().answer_timeout);
        link_.write(out_, {},
                    [self = this->shared_from_this(), to, request, agreed = made.agreement](std::error_code ec) {
                        ec ? self->end() : self->become_websocket(*to, request, agreed);
                    });
    }

    static websocket_upgrade decide(handler_type& to, const http_request& request)
    {
        try {
            if (auto refused = to.refuses(request)) {
                return {std::move(*refused)};
            }
            auto terms = to.terms();
            if (!Layer::compresses) {
                terms.deflate.reset();
            }
            return answer_websocket(request, terms);
        } catch (const std::exception&) {
            return {http_text(500, "The handler failed.\n")};
        }
    }

    void become_websocket(handler_type& to, const std::shared_ptr<const http_request>& request,
                          const websocket_agreement& agreed)
    {
        const auto site = site_.lock();
        if (phase_ == phase::over || site == nullptr) {
            return;
        }
        const auto self = this->shared_from_this();
        leave();
        try {
            auto options = to.channel_options();
            options.deflate = agreed.deflate;
            options.tcp = site->options().tcp;
            to.on_websocket(channel_type{std::move(link_.stream()), websocket_role::server, options, in_},
                            came_from{from_, request}, agreed);
        } catch (const std::exception&) { // the channel is closed with its scope, the stream with this
        }
    }

    // Answers

    void finish_exchange()
    {
        arriving_.reset();
        if (const auto one = std::exchange(exchange_, nullptr)) {
            one->open = false;
        }
    }

    void send(http_response&& given, http_sending::then after)
    {
        const auto site = site_.lock();
        if (site == nullptr) {
            end();
            return;
        }
        phase_ = phase::sending;
        stays_ = after == http_sending::then::keep;
        out_.clear();
        const http_sending how{is_head_ ? http_sending::what::head : http_sending::what::all, after, site->date()};
        append_response_head(out_, given, how);
        if (sends_body(given, how)) {
            shared_ = std::move(given.shared);
            out_.append(shared_ == nullptr ? std::string_view{given.body} : std::string_view{});
        }
        given = {};
        if (site->hold_answer(out_.size())) {
            answer_ = out_.size();
        } else {
            ++site->counts().turned_away;
            std::string{}.swap(out_);
            shared_.reset();
            auto busy = http_text(503, "There is no room for this answer now.\n");
            busy.headers.add("Retry-After", "5");
            append_response(out_, busy, how);
        }
        within(site->options().answer_timeout);
        const auto behind = shared_ == nullptr ? std::string_view{} : std::string_view{*shared_};
        link_.write(out_, behind, [self = this->shared_from_this()](std::error_code ec) {
            ec ? self->end() : self->or_end([&] { self->sent(); });
        });
    }

    void sent()
    {
        const auto site = site_.lock();
        if (phase_ == phase::over || site == nullptr) {
            end();
            return;
        }
        std::string{}.swap(out_);
        shared_.reset();
        site->release_answer(std::exchange(answer_, 0));
        site->release(std::exchange(held_, 0));
        if (!stays_) {
            phase_ = phase::leaving;
            in_.clear();
            link_.end_sending();
            within(parting);
            read();
            return;
        }
        phase_ = phase::asking;
        begun_ = false;
        is_head_ = false;
        within(site->options().idle_timeout);
        in_.empty() ? read() : take_in();
    }

    // The request cannot be read to its end, so nothing behind it can.
    void refuse(int status)
    {
        finish_exchange();
        send(http_text(status, std::string{reason_of(status)} + '\n'), http_sending::then::close);
    }

    void within(duration limit)
    {
        link_.expect_within(limit, [weak = this->weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->or_end([&] { self->late(); });
            }
        });
    }

    void late()
    {
        const auto site = site_.lock();
        const bool half_asked = phase_ == phase::asking && (begun_ || reader_.progress() != http_progress::more);
        if (!half_asked || link_.is_writing() || site == nullptr) { // it does not even take the word to go on
            end();
            return;
        }
        ++site->counts().bad;
        refuse(408);
    }

    // The end

    void drop() override { end(); }

    void leave()
    {
        phase_ = phase::over;
        arriving_.reset();
        link_.calm();
        if (const auto site = site_.lock()) {
            site->release_answer(std::exchange(answer_, 0));
            site->release(std::exchange(held_, 0));
            site->leave(number_);
        }
    }

    void end()
    {
        if (phase_ == phase::over) {
            return;
        }
        const auto self = this->shared_from_this();
        leave();
        link_.close();
        if (const auto one = std::exchange(exchange_, nullptr); one != nullptr && std::exchange(one->open, false)) {
            if (const auto told = std::exchange(one->abandoned, nullptr)) {
                told();
            }
        }
    }

    web_link<stream_type> link_;
    http_request_reader reader_;
    std::string from_;
    std::weak_ptr<site_type> site_;
    std::shared_ptr<exchange_state> exchange_;
    std::shared_ptr<const char> arriving_; // as long as a body is on its way
    std::string in_;
    std::string out_;
    std::shared_ptr<const std::string> shared_; // the body behind it, of an answer whose body is not its own
    std::uint64_t number_ = 0;
    std::size_t held_ = 0;   // bytes of this request, as the site counts them
    std::size_t answer_ = 0; // bytes of the answer on its way, as the site counts them
    phase phase_ = phase::asking;
    bool begun_ = false; // a request's first byte is there
    bool stays_ = false;
    bool is_head_ = false;
};

} // namespace rejoinder::inline v0::detail

#endif
