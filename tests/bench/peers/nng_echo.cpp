// NNG: requests and replies by contexts, one for each request in flight.
// nng_echo --role server; nng_echo --role client --port PORT
#include "bench/support/measurement.hpp"
#include "bench/support/payload.hpp"
#include "bench/support/settings.hpp"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <unistd.h>

namespace {

void check(int error)
{
    if (error != 0) {
        std::fprintf(stderr, "%s\n", nng_strerror(error));
        std::exit(1);
    }
}

// Sends what it received, for ever: a server receives first, a client sends first.
struct conversation {
    nng_ctx context{};
    nng_aio* operation = nullptr;
    bool sends = false; // the operation under way
    bench::measurement* into = nullptr; // a client's
    std::mutex* guard = nullptr;
};

void go_on(void* argument)
{
    auto& one = *static_cast<conversation*>(argument);
    check(nng_aio_result(one.operation));
    if (one.sends) {
        one.sends = false;
        nng_ctx_recv(one.context, one.operation);
        return;
    }
    if (one.into != nullptr) {
        const std::lock_guard held{*one.guard};
        if (!one.into->add()) {
            one.into->print();
            std::_Exit(0);
        }
    }
    one.sends = true;
    nng_ctx_send(one.context, one.operation); // the message that was received
}

conversation& begin(nng_socket socket)
{
    auto& one = *new conversation; // as long as the process
    check(nng_ctx_open(&one.context, socket));
    check(nng_aio_alloc(&one.operation, go_on, &one));
    return one;
}

int answer()
{
    constexpr int at_once = 256;
    nng_socket socket;
    nng_listener listener;
    check(nng_rep0_open(&socket));
    check(nng_listen(socket, "tcp://127.0.0.1:0", &listener, 0));
    for (int i = 0; i != at_once; ++i) {
        auto& one = begin(socket);
        nng_ctx_recv(one.context, one.operation);
    }
    int port = 0;
    check(nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port));
    bench::say_port(static_cast<std::uint16_t>(port));
    for (;;) {
        pause();
    }
}

int ask(const bench::settings& how)
{
    const auto request = bench::payload(how.bytes());
    bench::measurement into{how};
    std::mutex guard;
    nng_socket socket;
    check(nng_req0_open(&socket));
    check(nng_dial(socket, ("tcp://127.0.0.1:" + std::to_string(how.port())).c_str(), nullptr, 0));
    for (std::size_t i = 0; i != how.in_flight(); ++i) {
        auto& one = begin(socket);
        one.into = &into;
        one.guard = &guard;
        nng_msg* message = nullptr;
        check(nng_msg_alloc(&message, 0));
        check(nng_msg_append(message, request.data(), request.size()));
        nng_aio_set_msg(one.operation, message);
        one.sends = true;
        nng_ctx_send(one.context, one.operation);
    }
    for (;;) {
        pause();
    }
}

} // namespace

int main(int count, char** words)
{
    const bench::settings how{count, words};
    return how.text("role", "server") == "client" ? ask(how) : answer();
}
