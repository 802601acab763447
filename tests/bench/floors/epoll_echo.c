// The floor below the floor: an echo in C on epoll, which sends back what it reads. It knows no frames: its client is batch_echo's.
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static char bytes[65536];

static void add(int epoll, int descriptor)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.fd = descriptor}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

// Writes all of it, waiting for room where there is none.
static int send_back(int descriptor, size_t count)
{
    size_t sent = 0;
    while (sent < count) {
        const ssize_t now = send(descriptor, bytes + sent, count - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (now > 0) {
            sent += (size_t)now;
        } else if (errno == EAGAIN) {
            struct pollfd room = {.fd = descriptor, .events = POLLOUT};
            poll(&room, 1, -1);
        } else {
            return 0;
        }
    }
    return 1;
}

static int listen_on_a_free_port(void)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof here;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr*)&here, size) != 0 || listen(listener, SOMAXCONN) != 0) {
        perror("listen");
        exit(1);
    }
    getsockname(listener, (struct sockaddr*)&here, &size);
    printf("port %u\n", ntohs(here.sin_port));
    fflush(stdout);
    return listener;
}

int main(void)
{
    const int listener = listen_on_a_free_port();
    const int epoll = epoll_create1(0);
    const int yes = 1;
    add(epoll, listener);
    for (;;) {
        struct epoll_event events[64];
        const int count = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < count; ++i) {
            const int descriptor = events[i].data.fd;
            if (descriptor == listener) {
                const int accepted = accept(listener, NULL, NULL);
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                add(epoll, accepted);
                continue;
            }
            const ssize_t got = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
            if ((got < 0 && errno != EAGAIN) || got == 0 || (got > 0 && !send_back(descriptor, (size_t)got))) {
                close(descriptor);
            }
        }
    }
}
