// There is one answer: what is returned, or what the responder says.
// expects: a handler that takes a rejoinder::responder returns void
#include <rejoinder/net/handler.hpp>

#ifdef REFUSED
const auto responder_and_result_handler = rejoinder::detail::make_handler([](int, rejoinder::responder later) { later.answer(1); return 2; });
#else
const auto responder_and_result_handler = rejoinder::detail::make_handler([](int, rejoinder::responder later) { later.answer(1); });
#endif
