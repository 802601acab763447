// What an exception says.
#ifndef REJOINDER_NET_DETAIL_EXCEPTION_TEXT_HPP
#define REJOINDER_NET_DETAIL_EXCEPTION_TEXT_HPP

#include <exception>
#include <string>

namespace rejoinder::inline v0::detail {

/// Precondition: there is one.
inline std::string text_of(const std::exception_ptr& thrown)
{
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& what) {
        return what.what();
    } catch (...) {
        return "an exception of no known type";
    }
}

} // namespace rejoinder::inline v0::detail

#endif
