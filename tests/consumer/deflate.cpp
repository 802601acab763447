// What a project sees of the compression of WebSockets.
#include <rejoinder/version.hpp>
#include <rejoinder/wire/websocket_deflate.hpp>

#include <cstdio>
#include <string>

int main()
{
    std::string message(1000, 'x');
    rejoinder::websocket_deflater deflater{rejoinder::websocket_role::client, {}};
    rejoinder::websocket_inflater inflater{rejoinder::websocket_role::server, {}};
    std::string back;
    if (deflater.deflate(message, 0) && inflater.inflate(message, back, 1000) == rejoinder::websocket_code::none) {
        std::printf("deflate %s of %zu bytes\n", REJOINDER_VERSION_STRING, back.size());
    }
}
