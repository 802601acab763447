// A view of a payload has nobody to own it.
// expects: take std::string or rejoinder::payload_view, not a view or pointer
#include <rejoinder/net/handler.hpp>

#include <string>
#include <string_view>

#ifdef REFUSED
const auto string_view_handler = rejoinder::detail::make_handler([](std::string_view text) { return text.size(); });
#else
const auto string_view_handler = rejoinder::detail::make_handler([](const std::string& text) { return text.size(); });
#endif
