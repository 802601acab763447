// A handler that takes a transaction is a plain function: it would hold the store's thread while it waits.
// expects: a handler that takes a transaction is a plain function
#include <rejoinder/core/memory_store.hpp>
#include <rejoinder/net/hub.hpp>

using within = rejoinder::memory_store::transaction_type;

void set(rejoinder::hub<>& hub)
{
#ifdef REFUSED
    hub.on("pay", [](within&, int amount) -> asio::awaitable<int> { co_return amount; });
#else
    hub.on("pay", [](within&, int amount) { return amount; });
#endif
}
