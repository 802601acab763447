// Reads HTTP/1.1 requests and responses out of bytes, by Boost.Beast's parser.
// Not behind the door: it reads HTTP by Boost.Beast's parser, which includes Boost.Asio: a second of compilation.
#ifndef REJOINDER_WIRE_HTTP_READER_HPP
#define REJOINDER_WIRE_HTTP_READER_HPP

#include <rejoinder/wire/detail/http_text.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

/// How much of one message is taken.
struct http_limits {
    std::size_t head_max = std::size_t{16} << 10; ///< bytes of the first line and the headers
    std::size_t body_max = std::size_t{1} << 20;  ///< bytes of the body, chunks put together
};

/// How far a message has come.
enum class http_progress : std::uint8_t {
    more,  ///< more bytes are needed
    head,  ///< the head is whole, the body is not
    whole, ///< all of it is there
    bad,   ///< it is refused; nothing after it can be read
};

namespace detail {

/// What reading both kinds has in common. Stricter than the parser: no folded lines, no bare line feeds, no message whose length could be
/// read in two ways (RFC 9112 §6.3, §11.2).
template <bool IsRequest>
class http_reader {
    using parser_type = boost::beast::http::parser<IsRequest, boost::beast::http::string_body>;

public:
    explicit http_reader(http_limits limits = {}) : limits_(limits) {}

    /// Reads on. `bytes` begins where the last call stopped: what it used is gone, what it did not use stands here again, with more behind
    /// it. Returns how many bytes it used, none of them behind the end of the message.
    std::size_t read(std::string_view bytes)
    {
        std::size_t used = 0;
        if (progress_ == http_progress::more) {
            used = read_head(bytes);
        }
        if (progress_ == http_progress::head) {
            used += feed(bytes.substr(used));
        }
        return used;
    }

    [[nodiscard]] http_progress progress() const noexcept { return progress_; }
    /// Why it is refused: the status that a server answers with (400, 413, 431, 501, 505).
    [[nodiscard]] int refusal() const noexcept { return refusal_; }
    /// Bytes of the message that are kept here: those of its head and its body. What else came with chunks is not.
    [[nodiscard]] std::size_t kept() const noexcept
    {
        return parser_ == nullptr ? 0 : head_size_ + parser_->get().body().size();
    }

protected:
    ~http_reader() = default;
    http_reader(http_reader&&) noexcept = default;
    http_reader& operator=(http_reader&&) noexcept = default;

    /// Only with a head.
    [[nodiscard]] auto& message() noexcept { return parser_->get(); }
    [[nodiscard]] const parser_type& parser() const noexcept { return *parser_; }

    void refuse(int status)
    {
        progress_ = http_progress::bad;
        refusal_ = status;
    }

    void begin_again()
    {
        parser_.reset();
        searched_ = 0;
        progress_ = http_progress::more;
    }

    [[nodiscard]] http_headers headers()
    {
        http_headers all;
        for (const auto& one : message()) {
            all.add({one.name_string().data(), one.name_string().size()}, {one.value().data(), one.value().size()});
        }
        return all;
    }

    virtual void head_done() = 0;

private:
    // What a chunk's first line, or the lines after the last chunk, may be long.
    static constexpr std::size_t chunk_head_max = 4096;

    std::size_t read_head(std::string_view bytes)
    {
        const auto end = bytes.find("\r\n\r\n", searched_);
        const auto size = end == std::string_view::npos ? bytes.size() : end + 4;
        if (size > limits_.head_max) {
            refuse(431);
            return 0;
        }
        if (!is_clean(bytes.substr(searched_, size - searched_))) {
            refuse(400); // at once, whatever would come after it
            return 0;
        }
        if (end == std::string_view::npos) {
            searched_ = bytes.size() - std::min<std::size_t>(bytes.size(), 3);
            return 0;
        }
        parser_ = std::make_unique<parser_type>();
        head_size_ = size;
        parser_->eager(false);
        parser_->header_limit(static_cast<std::uint32_t>(std::max<std::size_t>(limits_.head_max, 64) + 1));
        parser_->body_limit(limits_.body_max);
        boost::system::error_code ec;
        parser_->put({bytes.data(), size}, ec);
        if (ec || !parser_->is_header_done()) {
            refuse(status_of(ec));
            return 0;
        }
        if (const int wrong = wrong_with_length(); wrong != 0) {
            refuse(wrong);
            return 0;
        }
        progress_ = parser_->is_done() ? http_progress::whole : http_progress::head;
        parser_->eager(true);
        head_done();
        return size;
    }

    // No line feed without its carriage return, or the reverse, no folded line, no zero byte. A pair that is cut by the end is seen whole
    // the next time.
    static bool is_clean(std::string_view head) noexcept
    {
        for (std::size_t i = 0; i != head.size(); ++i) {
            const char c = head[i];
            const bool last = i + 1 == head.size();
            if (c == '\0' || (c == '\r' && !last && head[i + 1] != '\n')) {
                return false;
            }
            if (c == '\n' && ((i != 0 && head[i - 1] != '\r') || (!last && is_blank(head[i + 1])))) {
                return false;
            }
        }
        return true;
    }

    std::size_t feed(std::string_view bytes)
    {
        if (bytes.empty()) {
            return 0;
        }
        boost::system::error_code ec;
        const auto used = parser_->put({bytes.data(), bytes.size()}, ec);
        if (ec == boost::beast::http::error::need_more) {
            ec = {};
            if (bytes.size() - used > chunk_head_max) {
                refuse(400);
                return used;
            }
        }
        if (ec) {
            refuse(status_of(ec));
        } else if (parser_->is_done()) {
            progress_ = http_progress::whole;
        }
        return used;
    }

    // Of two lengths, a proxy in front may have read the other one.
    int wrong_with_length()
    {
        using boost::beast::http::field;
        const auto& head = message();
        const auto lengths = head.count(field::content_length);
        const auto codings = head.count(field::transfer_encoding);
        if (lengths > 1 || codings > 1 || (lengths != 0 && codings != 0)) {
            return 400;
        }
        if (lengths == 1) {
            const auto digits = head[field::content_length];
            const bool plain = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
            return plain && !digits.empty() ? 0 : 400;
        }
        if (codings == 1) {
            const auto coding = head[field::transfer_encoding];
            if (head.version() < 11) {
                return 400;
            }
            return same_but_case{}({coding.data(), coding.size()}, "chunked") ? 0 : 501;
        }
        return 0;
    }

    static int status_of(const boost::system::error_code& ec)
    {
        using boost::beast::http::error;
        return ec == error::body_limit ? 413 : ec == error::header_limit ? 431 : ec == error::bad_version ? 505 : 400;
    }

    http_limits limits_;
    std::unique_ptr<parser_type> parser_; // its object is large and cannot move while it reads
    std::size_t searched_ = 0;
    std::size_t head_size_ = 0;
    http_progress progress_ = http_progress::more;
    int refusal_ = 0;
};

} // namespace detail

/// Reads the requests of one connection, one after the other. Distinct objects are independent.
class http_request_reader final : public detail::http_reader<true> {
public:
    using http_reader::http_reader;

    /// The request, without its body until that is whole. Precondition: its head is.
    [[nodiscard]] const http_request& request() const noexcept { return request_; }

    /// Takes the request, and begins with the next one. Precondition: it is whole.
    http_request take()
    {
        request_.body = std::move(message().body());
        begin_again();
        return std::exchange(request_, {});
    }

private:
    void head_done() override
    {
        const auto& head = message();
        request_.method = {head.method_string().data(), head.method_string().size()};
        request_.target = {head.target().data(), head.target().size()};
        request_.headers = headers();
        request_.version = static_cast<int>(head.version());
        request_.keeps_alive = parser().keep_alive();
        const auto hosts = request_.headers.count("Host");
        if (hosts > 1 || (hosts == 0 && head.version() >= 11) || !detail::interpret(request_)) {
            refuse(400);
        }
    }

    http_request request_;
};

/// Reads one response. A body that ends with its connection is never whole. Distinct objects are independent.
class http_response_reader final : public detail::http_reader<false> {
public:
    using http_reader::http_reader;

    /// The response, with its body if that is whole. Precondition: its head is.
    http_response take()
    {
        http_response made{static_cast<int>(message().result_int()), headers(), {}};
        if (progress() == http_progress::whole) {
            made.body = std::move(message().body());
        }
        return made;
    }

private:
    void head_done() override {}
};

} // namespace rejoinder::inline v0

#endif
