// What a handler writes its effect with, in an SQLite file.
#ifndef REJOINDER_STORE_SQLITE_TRANSACTION_HPP
#define REJOINDER_STORE_SQLITE_TRANSACTION_HPP

#include <rejoinder/store/detail/sqlite_category.hpp>

#include <sqlite3.h>

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace rejoinder::inline v0 {

/// What a handler writes its effect with, in the transaction that records that it ran.
class sqlite_transaction {
public:
    using is_store_transaction = void;

    explicit sqlite_transaction(::sqlite3* file) noexcept : file_(file) {}
    sqlite_transaction(const sqlite_transaction&) = delete;
    sqlite_transaction& operator=(const sqlite_transaction&) = delete;

    /// The connection, for statements of one's own. It is in a transaction: leave it there.
    [[nodiscard]] ::sqlite3* native_handle() const noexcept { return file_; }

    /// Runs SQL text without results. Throws `std::system_error` of `sqlite_category`, with SQLite's sentence.
    void execute(const std::string& sql) const
    {
        if (const auto code = ::sqlite3_exec(file_, sql.c_str(), nullptr, nullptr, nullptr); code != SQLITE_OK) {
            throw std::system_error{::sqlite3_extended_errcode(file_), sqlite_category(), ::sqlite3_errmsg(file_)};
        }
    }

    /// Runs one statement with values for its `?`, in order: integers, doubles, text. Throws as `execute(sql)`.
    template <class... Values>
        requires(sizeof...(Values) != 0)
    void execute(std::string_view sql, const Values&... values) const
    {
        ::sqlite3_stmt* made = nullptr;
        auto code = ::sqlite3_prepare_v2(file_, sql.data(), static_cast<int>(sql.size()), &made, nullptr);
        const std::unique_ptr<::sqlite3_stmt, int (*)(::sqlite3_stmt*)> statement{made, ::sqlite3_finalize};
        int place = 0;
        if (code == SQLITE_OK) {
            static_cast<void>((((code = bind(made, ++place, values)) == SQLITE_OK) && ...));
        }
        while (code == SQLITE_OK || code == SQLITE_ROW) {
            code = ::sqlite3_step(made);
        }
        if (code != SQLITE_DONE) {
            throw std::system_error{::sqlite3_extended_errcode(file_), sqlite_category(), ::sqlite3_errmsg(file_)};
        }
    }

private:
    template <std::integral T>
    static int bind(::sqlite3_stmt* to, int place, T value)
    {
        return ::sqlite3_bind_int64(to, place, static_cast<sqlite3_int64>(value));
    }
    static int bind(::sqlite3_stmt* to, int place, double value) { return ::sqlite3_bind_double(to, place, value); }
    static int bind(::sqlite3_stmt* to, int place, std::string_view value)
    {
        return ::sqlite3_bind_text64(to, place, value.empty() ? "" : value.data(), value.size(), SQLITE_TRANSIENT,
                                     SQLITE_UTF8);
    }

    ::sqlite3* file_;
};

} // namespace rejoinder::inline v0

#endif
