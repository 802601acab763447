// SQLite's result codes as errors.
#ifndef REJOINDER_STORE_DETAIL_SQLITE_CATEGORY_HPP
#define REJOINDER_STORE_DETAIL_SQLITE_CATEGORY_HPP

#include <rejoinder/core/error.hpp>

#include <sqlite3.h>

#include <string>
#include <system_error>

namespace rejoinder::inline v0 {

/// SQLite's result codes as errors; each of them is `errc::store_failed`, too.
inline const std::error_category& sqlite_category() noexcept
{
    static const class : public std::error_category {
        [[nodiscard]] const char* name() const noexcept override { return "sqlite"; }
        [[nodiscard]] std::string message(int code) const override { return ::sqlite3_errstr(code); }
        [[nodiscard]] std::error_condition default_error_condition(int) const noexcept override
        {
            return make_error_condition(errc::store_failed);
        }
    } category;
    return category;
}

} // namespace rejoinder::inline v0

#endif
