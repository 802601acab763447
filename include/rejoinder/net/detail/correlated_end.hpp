// What a question ends with whose answer is a message of its own, and how its caller is told.
#ifndef REJOINDER_NET_DETAIL_CORRELATED_END_HPP
#define REJOINDER_NET_DETAIL_CORRELATED_END_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/net/detail/spoken.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/associator.hpp>

#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

template <class Answer>
struct correlated_end {
    Answer answer{};
    std::string text{}; ///< of an error: what the other side said of it

    /// An error of the question's own acknowledgement.
    static correlated_end of(const std::error_code& ec, const reply& said)
    {
        correlated_end end;
        end.text = kind_of(ec) == errc::remote_error ? said.code() : std::string_view{};
        end.text.append(end.text.empty() || said.text().empty() ? "" : ": ").append(said.text());
        return end;
    }
};

/// Calls `handler(ec, Answer)`; meanwhile `ec.message()` ends with what the other side said. All that Asio associates with the handler stays.
template <class Answer, class Handler>
class correlated_handler {
public:
    explicit correlated_handler(Handler handler) : handler_(std::move(handler)) {}

    void operator()(std::error_code ec, correlated_end<Answer> end)
    {
        const spoken_scope scope{end.text.empty() ? std::error_code{} : ec, end.text};
        std::move(handler_)(ec, std::move(end.answer));
    }

    [[nodiscard]] const Handler& inner() const noexcept { return handler_; }

private:
    Handler handler_;
};

} // namespace rejoinder::inline v0::detail

template <template <class, class> class Associator, class Answer, class Handler, class Default>
struct asio::associator<Associator, rejoinder::detail::correlated_handler<Answer, Handler>, Default>
    : Associator<Handler, Default> {
    static auto get(const rejoinder::detail::correlated_handler<Answer, Handler>& handler) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner());
    }
    static auto get(const rejoinder::detail::correlated_handler<Answer, Handler>& handler,
                    const Default& otherwise) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner(), otherwise);
    }
};

#endif
