// ZeroMQ: a DEALER that keeps so many messages in flight, a ROUTER that sends them back. Nothing correlates them.
// zeromq_echo --role server; zeromq_echo --role client --port PORT
#include "bench/support/measurement.hpp"
#include "bench/support/payload.hpp"
#include "bench/support/settings.hpp"

#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

// Moves one message on, with its parts.
void send_back(void* socket)
{
    zmq_msg_t part;
    int more = 1;
    while (more != 0) {
        zmq_msg_init(&part);
        if (zmq_msg_recv(&part, socket, 0) < 0) {
            std::exit(0);
        }
        more = zmq_msg_more(&part);
        zmq_msg_send(&part, socket, more != 0 ? ZMQ_SNDMORE : 0);
    }
}

int answer(void* context)
{
    void* const socket = zmq_socket(context, ZMQ_ROUTER);
    zmq_bind(socket, "tcp://127.0.0.1:*");
    char where[64];
    std::size_t size = sizeof where;
    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, where, &size);
    const std::string name{where};
    bench::say_port(static_cast<std::uint16_t>(std::stoul(name.substr(name.rfind(':') + 1))));
    for (;;) {
        send_back(socket);
    }
}

int ask(void* context, const bench::settings& how)
{
    void* const socket = zmq_socket(context, ZMQ_DEALER);
    zmq_connect(socket, ("tcp://127.0.0.1:" + std::to_string(how.port())).c_str());
    const auto request = bench::payload(how.bytes());
    bench::measurement into{how};
    for (std::size_t i = 0; i != how.in_flight(); ++i) {
        zmq_send(socket, request.data(), request.size(), 0);
    }
    zmq_msg_t reply;
    zmq_msg_init(&reply);
    while (zmq_msg_recv(&reply, socket, 0) >= 0 && into.add()) {
        zmq_send(socket, request.data(), request.size(), 0);
    }
    into.print();
    std::exit(0); // what is still in flight is nobody's
}

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    void* const context = zmq_ctx_new();
    return how.text("role", "server") == "client" ? ask(context, how) : answer(context);
}
