// Where deliveries are kept with --store.
#ifndef EXAMPLES_RELAY_KEEP_HPP
#define EXAMPLES_RELAY_KEEP_HPP

#include <rejoinder/net/journal.hpp>

#if __has_include(<sqlite3.h>)
#include <rejoinder/store/sqlite.hpp>
#endif

#include <stdexcept>
#include <string>

namespace relay_example {

/// A journal in this file; none if it has no name.
inline rejoinder::journal keep_in(const std::string& file)
{
    if (file.empty()) {
        return {};
    }
#if __has_include(<sqlite3.h>)
    return rejoinder::journal{rejoinder::sqlite_store{file}};
#else
    throw std::runtime_error{"--store: built without SQLite (Debian: libsqlite3-dev)"};
#endif
}

} // namespace relay_example

#endif
