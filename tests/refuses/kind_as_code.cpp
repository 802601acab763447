// A kind of error says nothing of certainty, so it is no code until make_error_code gives it one.
// expects: (conversion|convert|viable)
// expects: errc
#include <rejoinder/core/error.hpp>

std::error_code code()
{
#ifdef REFUSED
    return rejoinder::errc::timed_out;
#else
    return make_error_code(rejoinder::errc::timed_out);
#endif
}
