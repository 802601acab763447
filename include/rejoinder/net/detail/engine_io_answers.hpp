// What an Engine.IO server answers to HTTP requests.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_ANSWERS_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_ANSWERS_HPP

#include <rejoinder/net/engine_io_server_options.hpp>
#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/engine_io_handshake.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/origin_policy.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

inline constexpr std::string_view engine_io_text = "text/plain; charset=UTF-8";

/// An answer that pages of the allowed origins may read.
inline http_response engine_io_answer(const http_request& asked, const origin_policy& origins, int status,
                                      std::string body, std::string_view type)
{
    auto made = http_text(status, std::move(body), type);
    made.headers.add("Cache-Control", "no-store");
    origins.open_to(asked, made);
    return made;
}

inline http_response engine_io_refusal(const http_request& asked, const origin_policy& origins, engine_io_error why)
{
    std::string body;
    append_engine_io_error(body, why);
    return engine_io_answer(asked, origins, static_cast<int>(http_status_of(why)), std::move(body), "application/json");
}

/// The first answer of a session that polling opens.
inline http_response engine_io_opening(const http_request& asked, const engine_io_server_options& options,
                                       const std::string& sid)
{
    const bool both = options.transports == engine_io_transports::both;
    std::string body{"0"};
    append_engine_io_handshake(body,
                               {sid, both ? engine_io_upgrades::websocket : engine_io_upgrades::none, options.terms});
    auto made = engine_io_answer(asked, options.origins, 200, std::move(body), engine_io_text);
    if (!options.cookie.empty()) {
        made.headers.add("Set-Cookie", options.cookie + '=' + sid + "; Path=/; HttpOnly; SameSite=Lax");
    }
    return made;
}

} // namespace rejoinder::inline v0::detail

#endif
