// A store in an SQLite file, beside whatever tables the program keeps there itself.
#ifndef REJOINDER_STORE_SQLITE_HPP
#define REJOINDER_STORE_SQLITE_HPP

#include <rejoinder/core/error.hpp>
#include <rejoinder/core/store.hpp>
#include <rejoinder/store/detail/sqlite_statement.hpp>
#include <rejoinder/store/sqlite_transaction.hpp>

#include <sqlite3.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace rejoinder::inline v0 {

/// How an SQLite file is opened.
struct sqlite_options {
    std::chrono::milliseconds busy_wait{5000}; ///< for whoever else writes to the file
    enum class syncing : std::uint8_t {
        full,   ///< what is committed survives the loss of power
        normal, ///< it survives the end of the process; the last commits may not survive the loss of power
    } sync = syncing::full;
    int size_max_pages = 0; ///< of the file; 0: SQLite's own limit. A full file is `SQLITE_FULL`
};

/// Models `store` over the system's SQLite: a file in WAL mode, whose tables are named `rejoinder_...`, so that a handler may keep its own
/// beside them. One process opens its outbox at a time: the file's name with `-outbox` added holds the lock, which ends with the process; a
/// store in memory (`:memory:`) has none. Each call may block for the disk. Used by one thread at a time.
class sqlite_store {
public:
    using transaction_type = sqlite_transaction;

    /// Opens or makes the file. Throws `std::system_error`: SQLite's code with its sentence, or `errc::incompatible` for a file whose tables
    /// another version of this library wrote.
    explicit sqlite_store(const std::string& path, const sqlite_options& options = {})
    {
        std::string words;
        if (const auto ec = open(path, options, words)) {
            throw std::system_error{ec, "rejoinder: " + path + (words.empty() ? "" : ": " + words)};
        }
    }
    sqlite_store(sqlite_store&&) noexcept = default;
    sqlite_store& operator=(sqlite_store&&) noexcept = default;

    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    [[nodiscard]] transaction_type& transaction() noexcept { return *transaction_; }

    // Transactions

    std::error_code begin() { return execute("BEGIN IMMEDIATE"); }
    std::error_code commit() { return execute("COMMIT"); }
    std::error_code rollback()
    {
        // A full disk may have ended it already.
        return ::sqlite3_get_autocommit(file_.get()) != 0 ? std::error_code{} : execute("ROLLBACK");
    }
    std::error_code mark()
    {
        if (std::exchange(marked_, true) && ::sqlite3_get_autocommit(file_.get()) == 0) {
            static_cast<void>(execute("RELEASE rejoinder_mark"));
        }
        return execute("SAVEPOINT rejoinder_mark");
    }
    std::error_code undo() { return execute("ROLLBACK TO rejoinder_mark"); }

    // The outbox

    std::error_code open_outbox(const stored_outbox& fresh, stored_outbox& out)
    {
        if (const auto ec = lock_outbox()) {
            return ec;
        }
        auto ec = run(
            "INSERT OR IGNORE INTO rejoinder_outbox(one, name, secret, epoch, next, peer) VALUES (1, ?, ?, 0, 1, '')",
            fresh.name, fresh.secret);
        ec = ec ? ec : run("UPDATE rejoinder_outbox SET epoch = epoch + 1");
        if (ec) {
            return ec;
        }
        detail::sqlite_statement head;
        bool there = false;
        ec = head.prepare(file_.get(), "SELECT name, secret, epoch, next, peer FROM rejoinder_outbox");
        ec = ec ? ec : head.row(there);
        if (ec || !there) {
            return ec ? ec : detail::sqlite_statement::code_of(SQLITE_CORRUPT);
        }
        out.name = head.bytes();
        out.secret = head.bytes();
        out.epoch = head.whole();
        out.next = head.whole();
        out.peer = head.bytes();
        return read_messages(out.messages);
    }

    std::error_code put(const stored_message& message)
    {
        if (const auto ec = within()) {
            return ec;
        }
        const auto ec = put_.with(message.sequence, std::string_view{message.name}, std::string_view{message.payload},
                                  message.form == encoding::binary, message.expires)
                            .run();
        return ec ? ec : next_.with(message.sequence + 1).run();
    }
    std::error_code remove(std::uint64_t sequence)
    {
        const auto ec = within();
        return ec ? ec : remove_.with(sequence).run();
    }
    std::error_code set_peer(std::string_view name) { return run("UPDATE rejoinder_outbox SET peer = ?", name); }

    // Records

    std::error_code find(const record_owner& owner, known_outbox& out, bool& found)
    {
        const auto ec = find_known_.with(std::string_view{owner.identity}, std::string_view{owner.outbox}).row(found);
        if (!ec && found) {
            out.secret_digest = find_known_.bytes();
            out.epoch = find_known_.whole();
            out.floor = find_known_.whole();
            out.seen = find_known_.number();
            find_known_.reset();
        }
        return ec;
    }
    std::error_code write(const record_owner& owner, const known_outbox& known)
    {
        if (const auto ec = within()) {
            return ec;
        }
        return write_known_
            .with(std::string_view{owner.identity}, std::string_view{owner.outbox},
                  std::string_view{known.secret_digest}, known.epoch, known.floor, known.seen)
            .run();
    }
    std::error_code outboxes(std::string_view identity, std::size_t& own, std::size_t& all)
    {
        const auto ec = count(all, "SELECT count(*) FROM rejoinder_known");
        return ec ? ec : count(own, "SELECT count(*) FROM rejoinder_known WHERE identity = ?", identity);
    }
    std::error_code forget(wall_time seen_before)
    {
        const auto ec =
            run("DELETE FROM rejoinder_record WHERE EXISTS (SELECT 1 FROM rejoinder_known AS k WHERE k.identity = "
                "rejoinder_record.identity AND k.outbox = rejoinder_record.outbox AND k.seen < ?)",
                seen_before);
        return ec ? ec : run("DELETE FROM rejoinder_known WHERE seen < ?", seen_before);
    }
    std::error_code find(const record_owner& owner, std::uint64_t sequence, stored_record& out, bool& found)
    {
        const auto ec =
            find_record_.with(std::string_view{owner.identity}, std::string_view{owner.outbox}, sequence).row(found);
        if (!ec && found) {
            out.state = static_cast<record_state>(find_record_.number());
            out.attempt = static_cast<std::uint32_t>(find_record_.number());
            out.fingerprint = find_record_.whole();
            out.code = find_record_.bytes();
            out.text = find_record_.bytes();
            out.payload = find_record_.bytes();
            out.form = find_record_.number() != 0 ? encoding::binary : encoding::text;
            find_record_.reset();
        }
        return ec;
    }
    std::error_code write(const record_owner& owner, std::uint64_t sequence, const stored_record& record)
    {
        if (const auto ec = within()) {
            return ec;
        }
        return write_record_
            .with(std::string_view{owner.identity}, std::string_view{owner.outbox}, sequence,
                  static_cast<int>(record.state), record.attempt, record.fingerprint, std::string_view{record.code},
                  std::string_view{record.text}, std::string_view{record.payload}, record.form == encoding::binary)
            .run();
    }
    std::error_code drop(const record_owner& owner, std::uint64_t sequence)
    {
        return run("DELETE FROM rejoinder_record WHERE identity = ? AND outbox = ? AND sequence = ?",
                   std::string_view{owner.identity}, std::string_view{owner.outbox}, sequence);
    }
    std::error_code drop_below(const record_owner& owner, std::uint64_t sequence)
    {
        return drop_below_.with(std::string_view{owner.identity}, std::string_view{owner.outbox}, clamped(sequence))
            .run();
    }
    std::error_code sequences(const record_owner& owner, std::vector<std::uint64_t>& out)
    {
        out.clear();
        detail::sqlite_statement all;
        auto ec = all.prepare(
            file_.get(), "SELECT sequence FROM rejoinder_record WHERE identity = ? AND outbox = ? ORDER BY sequence");
        if (ec) {
            return ec;
        }
        all.with(std::string_view{owner.identity}, std::string_view{owner.outbox});
        bool there = false;
        while (!(ec = all.row(there)) && there) {
            out.push_back(all.whole());
        }
        return ec;
    }

private:
    static constexpr std::int64_t layout = 1;

    struct close_file {
        void operator()(::sqlite3* file) const noexcept { ::sqlite3_close_v2(file); }
    };
    using file_handle = std::unique_ptr<::sqlite3, close_file>;

    static std::uint64_t clamped(std::uint64_t sequence) noexcept
    {
        constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        return sequence < most ? sequence : most;
    }

    template <class... Values>
    std::error_code count(std::size_t& out, const char* text, const Values&... values)
    {
        detail::sqlite_statement counting;
        bool there = false;
        auto ec = counting.prepare(file_.get(), text);
        if (!ec) {
            ec = counting.with(values...).row(there);
        }
        out = !ec && there ? static_cast<std::size_t>(counting.whole()) : 0;
        return ec;
    }

    // A full disk, or a handler's statement, may have ended the transaction: then nothing of it may be written by itself.
    std::error_code within() const
    {
        return detail::sqlite_statement::code_of(::sqlite3_get_autocommit(file_.get()) != 0 ? SQLITE_ABORT_ROLLBACK
                                                                                            : SQLITE_OK);
    }

    static std::error_code open_file(const std::string& path, file_handle& out)
    {
        ::sqlite3* made = nullptr;
        const auto code = ::sqlite3_open_v2(path.c_str(), &made,
                                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
        out.reset(made);
        return detail::sqlite_statement::code_of(code);
    }

    std::error_code open(const std::string& path, const sqlite_options& options, std::string& words)
    {
        path_ = path;
        auto ec = open_file(path, file_);
        if (!ec) {
            ::sqlite3_busy_timeout(file_.get(), static_cast<int>(options.busy_wait.count()));
            transaction_ = std::make_unique<sqlite_transaction>(file_.get());
            ec = set_up(options);
        }
        if (ec && file_ != nullptr && ec.category() == sqlite_category() &&
            ::sqlite3_errmsg(file_.get()) != ec.message()) {
            words = ::sqlite3_errmsg(file_.get());
        }
        return ec;
    }

    std::error_code set_up(const sqlite_options& options)
    {
        auto ec = execute("PRAGMA journal_mode = WAL");
        ec = ec ? ec
                : execute(options.sync == sqlite_options::syncing::full ? "PRAGMA synchronous = FULL"
                                                                        : "PRAGMA synchronous = NORMAL");
        if (!ec && options.size_max_pages > 0) {
            ec = execute(("PRAGMA max_page_count = " + std::to_string(options.size_max_pages)).c_str());
        }
        ec = ec ? ec : begin();
        if (ec) {
            return ec;
        }
        ec = make_tables();
        ec = ec ? ec : commit();
        if (ec) {
            static_cast<void>(rollback());
        }
        return ec ? ec : prepare();
    }

    std::error_code make_tables()
    {
        auto ec = execute(
            "CREATE TABLE IF NOT EXISTS rejoinder_store(one INTEGER PRIMARY KEY CHECK (one = 1), layout INTEGER NOT NULL,"
            " name BLOB NOT NULL);"
            "INSERT OR IGNORE INTO rejoinder_store VALUES (1, 1, lower(hex(randomblob(16))));");
        detail::sqlite_statement head;
        bool there = false;
        ec = ec ? ec : head.prepare(file_.get(), "SELECT layout, name FROM rejoinder_store");
        ec = ec ? ec : head.row(there);
        if (ec) {
            return ec;
        }
        if (!there || head.number() != layout) {
            return make_error_code(errc::incompatible);
        }
        name_ = head.bytes();
        head.reset();
        return execute(
            "CREATE TABLE IF NOT EXISTS rejoinder_outbox(one INTEGER PRIMARY KEY CHECK (one = 1), name BLOB NOT NULL,"
            " secret BLOB NOT NULL, epoch INTEGER NOT NULL, next INTEGER NOT NULL, peer BLOB NOT NULL);"
            "CREATE TABLE IF NOT EXISTS rejoinder_message(sequence INTEGER PRIMARY KEY, name BLOB NOT NULL, payload BLOB NOT NULL,"
            " form INTEGER NOT NULL, expires INTEGER NOT NULL);"
            "CREATE TABLE IF NOT EXISTS rejoinder_known(identity BLOB NOT NULL, outbox BLOB NOT NULL, secret_digest BLOB NOT NULL,"
            " epoch INTEGER NOT NULL, floor INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (identity, outbox)) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS rejoinder_record(identity BLOB NOT NULL, outbox BLOB NOT NULL, sequence INTEGER NOT NULL,"
            " state INTEGER NOT NULL, attempt INTEGER NOT NULL, fingerprint INTEGER NOT NULL, code BLOB NOT NULL, text BLOB NOT NULL,"
            " payload BLOB NOT NULL, form INTEGER NOT NULL, PRIMARY KEY (identity, outbox, sequence)) WITHOUT ROWID;");
    }

    std::error_code prepare()
    {
        const std::pair<detail::sqlite_statement*, std::string_view> all[] = {
            {&put_, "INSERT INTO rejoinder_message VALUES (?, ?, ?, ?, ?)"},
            {&next_, "UPDATE rejoinder_outbox SET next = ?"},
            {&remove_, "DELETE FROM rejoinder_message WHERE sequence = ?"},
            {&find_known_,
             "SELECT secret_digest, epoch, floor, seen FROM rejoinder_known WHERE identity = ? AND outbox = ?"},
            {&write_known_, "INSERT OR REPLACE INTO rejoinder_known VALUES (?, ?, ?, ?, ?, ?)"},
            {&find_record_, "SELECT state, attempt, fingerprint, code, text, payload, form FROM rejoinder_record"
                            " WHERE identity = ? AND outbox = ? AND sequence = ?"},
            {&write_record_, "INSERT OR REPLACE INTO rejoinder_record VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
            {&drop_below_, "DELETE FROM rejoinder_record WHERE identity = ? AND outbox = ? AND sequence < ?"},
        };
        for (const auto& [statement, sql] : all) {
            if (const auto ec = statement->prepare(file_.get(), sql)) {
                return ec;
            }
        }
        return {};
    }

    // Held until this object, or its process, is gone. A file of its own, so that others may read the one with the messages.
    std::error_code lock_outbox()
    {
        if (lock_ != nullptr || path_.empty() ||
            path_ == ":memory:") { // the latter are no files: nobody else opens them
            return {};
        }
        file_handle lock;
        auto ec = open_file(path_ + "-outbox", lock);
        for (const auto* sql : {"PRAGMA journal_mode = DELETE", "PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"}) {
            ec =
                ec ? ec : detail::sqlite_statement::code_of(::sqlite3_exec(lock.get(), sql, nullptr, nullptr, nullptr));
        }
        if (!ec) {
            lock_ = std::move(lock);
        }
        return ec;
    }

    std::error_code read_messages(std::vector<stored_message>& out)
    {
        detail::sqlite_statement all;
        auto ec = all.prepare(file_.get(),
                              "SELECT sequence, name, payload, form, expires FROM rejoinder_message ORDER BY sequence");
        bool there = false;
        while (!ec && !(ec = all.row(there)) && there) {
            stored_message one;
            one.sequence = all.whole();
            one.name = all.bytes();
            one.payload = all.bytes();
            one.form = all.number() != 0 ? encoding::binary : encoding::text;
            one.expires = all.number();
            out.push_back(std::move(one));
        }
        return ec;
    }

    std::error_code execute(const char* sql)
    {
        return detail::sqlite_statement::code_of(::sqlite3_exec(file_.get(), sql, nullptr, nullptr, nullptr));
    }

    template <class... Values>
    std::error_code run(std::string_view sql, const Values&... values)
    {
        detail::sqlite_statement once;
        const auto ec = once.prepare(file_.get(), sql);
        return ec ? ec : once.with(values...).run();
    }

    // The file goes last: what is prepared on it goes first.
    std::string path_;
    std::string name_;
    file_handle file_;
    file_handle lock_;
    std::unique_ptr<sqlite_transaction> transaction_;
    bool marked_ = false;
    detail::sqlite_statement put_, next_, remove_, find_known_, write_known_, find_record_, write_record_, drop_below_;
};

static_assert(store<sqlite_store>);

} // namespace rejoinder::inline v0

#endif
