// A generic handler says nothing of its payload's type, so it is told to.
// expects: whose parameters have types .not auto.
#include <rejoinder/net/handler.hpp>

#ifdef REFUSED
const auto generic_handler = rejoinder::detail::make_handler([](auto number) { return number; });
#else
const auto generic_handler = rejoinder::detail::make_handler([](int number) { return number; });
#endif
