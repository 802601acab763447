// A caller's completion handler, called with the peer's words within reach of the error code's message.
#ifndef REJOINDER_NET_DETAIL_SPEAKING_HPP
#define REJOINDER_NET_DETAIL_SPEAKING_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/net/detail/scratch.hpp>
#include <rejoinder/net/detail/spoken.hpp>
#include <rejoinder/net/reply.hpp>

#include <asio/associator.hpp>

#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace rejoinder::inline v0::detail {

/// Calls `handler(ec, reply)`; meanwhile `ec.message()` ends with what the peer said. All that Asio associates with the handler stays.
template <class Handler>
class speaking {
public:
    explicit speaking(Handler handler) : handler_(std::move(handler)) {}

    void operator()(std::error_code ec, reply answer)
    {
        // Our own kinds have their text in the message already; an error of the application is told apart by its name.
        const auto code = kind_of(ec) == errc::remote_error ? answer.code() : std::string_view{};
        if (code.empty() && answer.text().empty()) {
            std::move(handler_)(ec, std::move(answer));
            return;
        }
        scratch said; // a copy, because the handler takes the reply away
        said.text.append(code).append(code.empty() || answer.text().empty() ? "" : ": ").append(answer.text());
        const spoken_scope scope{ec, said.text};
        std::move(handler_)(ec, std::move(answer));
    }

    [[nodiscard]] const Handler& inner() const noexcept { return handler_; }

private:
    Handler handler_;
};

template <class Handler>
speaking<std::decay_t<Handler>> make_speaking(Handler&& handler)
{
    return speaking<std::decay_t<Handler>>{std::forward<Handler>(handler)};
}

} // namespace rejoinder::inline v0::detail

template <template <class, class> class Associator, class Handler, class Default>
struct asio::associator<Associator, rejoinder::detail::speaking<Handler>, Default> : Associator<Handler, Default> {
    static auto get(const rejoinder::detail::speaking<Handler>& handler) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner());
    }
    static auto get(const rejoinder::detail::speaking<Handler>& handler, const Default& otherwise) noexcept
    {
        return Associator<Handler, Default>::get(handler.inner(), otherwise);
    }
};

#endif
