// A message has one payload.
// expects: a handler takes one payload
#include <rejoinder/net/handler.hpp>

#ifdef REFUSED
const auto two_payloads_handler = rejoinder::detail::make_handler([](int, int) {});
#else
const auto two_payloads_handler = rejoinder::detail::make_handler([](rejoinder::peer, int) {});
#endif
