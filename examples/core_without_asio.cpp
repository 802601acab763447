// Two sessions over a socketpair and poll(2): the core decides, the loop is yours. Neither Asio nor threads.
#include <rejoinder/core.hpp>
#include <rejoinder/wire/json_codec.hpp>

#include <algorithm>
#include <iostream>
#include <poll.h>
#include <sys/socket.h>

using namespace rejoinder;
static instant now() { return std::chrono::steady_clock::now(); }

struct end {
    end(side which, int fd) : socket{fd}, mind{which, options, routes, counts, 1} { mind.attach(codec.features(), {}, now()); }
    void turn() // lets time pass and frames come in, does what the session wants done, and writes what it has to say
    {
        char frame[4096];
        message word;
        mind.advance(now());
        for (long size = 0; (size = ::recv(socket, frame, sizeof frame, MSG_DONTWAIT)) > 0; obey()) {
            const auto how = codec.decode({{frame, static_cast<std::size_t>(size)}}, word);
            how == decoded::message ? mind.receive(word, now()) : mind.bad(now());
        }
        obey();
        for (std::string text; mind.emit(word, now()); text.clear()) {
            codec.encode(word, text);
            ::send(socket, text.data(), text.size(), 0);
        }
    }
    void obey()
    {
        for (output<std::string> next; mind.next(next);) {
            if (const auto* asked = std::get_if<invoke>(&next)) {
                mind.finish(asked->call, {{"42"}, {}, {}}); // the only handler
            } else if (const auto* over = std::get_if<settled<std::string>>(&next)) {
                std::cout << over->completion << " = " << over->payload.bytes << '\n';
            }
        }
    }
    int socket;
    session_options<> options;
    route_table routes;
    counters counts;
    json_codec codec;
    session<std::string> mind;
};

int main()
{
    int pair[2] = {-1, -1};
    ::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair); // it keeps frames apart: no framing is needed
    end asker{side::client, pair[0]}, answerer{side::hub, pair[1]};
    answerer.routes.set("six_times_seven", {1, handling::overlapping});
    asker.mind.request("six_times_seven", {"[6,7]"}, {}, "6 * 7", now());
    for (asker.turn(); asker.mind.pending() != 0; answerer.turn(), asker.turn()) {
        const auto left = std::min(asker.mind.next_deadline(), answerer.mind.next_deadline()) - now();
        pollfd both[] = {{pair[0], POLLIN, 0}, {pair[1], POLLIN, 0}};
        ::poll(both, 2, static_cast<int>(std::max<long>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0)));
    }
}
