// The store that lasts as long as its process.
#include <rejoinder/core/memory_store.hpp>

#include "support/store_conformance.hpp"

using rejoinder::memory_store;

TEST_CASE("a store in memory does what every store does")
{
    store_conformance::check([] { return memory_store{"this one"}; }, [](memory_store ended) { return memory_store{ended.state()}; });
}
