// What a project sees of the library's store in an SQLite file.
#include <rejoinder/store/sqlite.hpp>
#include <rejoinder/version.hpp>

#include <cstdio>

int main()
{
    rejoinder::sqlite_store store{":memory:"};
    store.begin();
    store.write(rejoinder::record_owner{"me", "outbox"}, 1, rejoinder::stored_record{});
    store.commit();
    std::printf("sqlite %s opened\n", REJOINDER_VERSION_STRING);
}
