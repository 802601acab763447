// Clients of a server: client --does asking|idling|storm --wire tcp|websocket|socket-io --port PORT
#include "bench/subjects/asking.hpp"
#include "bench/subjects/idling.hpp"
#include "bench/subjects/storm.hpp"
#include "bench/support/settings.hpp"

int main(int count, char** words)
{
    const bench::settings how{count, words};
    const auto does = how.text("does", "asking");
    if (does == "idling") {
        return bench::idling{how}.run();
    }
    return does == "storm" ? bench::storm{how}.run() : bench::asking{how}.run();
}
