// What a project sees of the library's TLS.
#include <rejoinder/channel/tls_websocket_connector.hpp>
#include <rejoinder/version.hpp>

#include <cstdio>

int main()
{
    const rejoinder::tls_websocket_connector connector{"wss://shop.example/ws?token=secret"};
    std::printf("tls %s %s\n", REJOINDER_VERSION_STRING, connector.description().c_str());
}
