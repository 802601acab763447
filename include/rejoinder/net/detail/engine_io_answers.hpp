// What an Engine.IO server answers to HTTP requests.
#ifndef REJOINDER_NET_DETAIL_ENGINE_IO_ANSWERS_HPP
#define REJOINDER_NET_DETAIL_ENGINE_IO_ANSWERS_HPP

#include <rejoinder/wire/engine_io_error.hpp>
#include <rejoinder/wire/http_request.hpp>
#include <rejoinder/wire/http_response.hpp>
#include <rejoinder/wire/origin_policy.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0::detail {

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

} // namespace rejoinder::inline v0::detail

#endif
