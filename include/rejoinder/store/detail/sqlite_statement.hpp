// One prepared statement of SQLite.
#ifndef REJOINDER_STORE_DETAIL_SQLITE_STATEMENT_HPP
#define REJOINDER_STORE_DETAIL_SQLITE_STATEMENT_HPP

#include <rejoinder/store/detail/sqlite_category.hpp>

#include <sqlite3.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

namespace detail {

/// One prepared statement. Values are bound and read in order.
class sqlite_statement {
public:
    std::error_code prepare(::sqlite3* file, std::string_view sql)
    {
        ::sqlite3_stmt* made = nullptr;
        const auto code = ::sqlite3_prepare_v3(file, sql.data(), static_cast<int>(sql.size()),
                                               SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        made_.reset(made);
        return code_of(code);
    }

    template <class... Values>
    sqlite_statement& with(const Values&... values)
    {
        ::sqlite3_reset(made_.get());
        int place = 0;
        (bind(++place, values), ...);
        return *this;
    }

    /// Takes the next row. `there`: whether there is one; after the last the statement is as new.
    std::error_code row(bool& there)
    {
        const auto code = ::sqlite3_step(made_.get());
        there = code == SQLITE_ROW;
        column_ = 0;
        if (there) {
            return {};
        }
        ::sqlite3_reset(made_.get());
        return code == SQLITE_DONE ? std::error_code{} : code_of(code);
    }

    /// Runs a statement without rows, or of which none is wanted.
    std::error_code run()
    {
        bool there = false;
        const auto ec = row(there);
        ::sqlite3_reset(made_.get());
        return ec;
    }

    std::int64_t number() noexcept { return ::sqlite3_column_int64(made_.get(), column_++); }
    std::uint64_t whole() noexcept { return static_cast<std::uint64_t>(number()); }
    std::string bytes()
    {
        const auto* const data = static_cast<const char*>(::sqlite3_column_blob(made_.get(), column_));
        const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(made_.get(), column_++));
        return data == nullptr ? std::string{} : std::string{data, size};
    }
    void reset() noexcept { ::sqlite3_reset(made_.get()); }

    static std::error_code code_of(int code) noexcept
    {
        return code == SQLITE_OK ? std::error_code{} : std::error_code{code, sqlite_category()};
    }

private:
    struct finalize {
        void operator()(::sqlite3_stmt* one) const noexcept { ::sqlite3_finalize(one); }
    };

    template <std::integral T>
    void bind(int place, T value) noexcept
    {
        ::sqlite3_bind_int64(made_.get(), place, static_cast<sqlite3_int64>(value));
    }
    void bind(int place, std::string_view value) noexcept
    {
        static constexpr char nothing[] = "";
        ::sqlite3_bind_blob64(made_.get(), place, value.empty() ? nothing : value.data(), value.size(), SQLITE_STATIC);
    }

    std::unique_ptr<::sqlite3_stmt, finalize> made_;
    int column_ = 0;
};

} // namespace detail

} // namespace rejoinder::inline v0

#endif
