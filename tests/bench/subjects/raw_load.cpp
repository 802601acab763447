// A load that costs little itself, to see a server alone: raw_load --wire websocket|socket-io --port PORT
#include "bench/support/gathered_load.hpp"
#include "bench/support/settings.hpp"
#include "bench/support/socket_io_wire.hpp"
#include "bench/support/websocket_wire.hpp"

int main(int count, char** words)
{
    const bench::settings how{count, words};
    if (how.text("wire", "websocket") == "socket-io") {
        return bench::load<bench::socket_io_wire>(how);
    }
    return bench::load<bench::websocket_wire>(how);
}
