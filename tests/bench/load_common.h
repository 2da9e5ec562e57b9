/* What the load programs share: the clock, faults, connections to 127.0.0.1, and the measurement. Each has one
 * request of its own kind in flight on every connection.
 *
 * Who includes this defines PROGRAM, its name for messages. Linux only (epoll).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512 };

struct connection;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, PROGRAM ": %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Returns a blocking connection. */
static int dial(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void watch(int epoll, int fd, struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl");
}

/* Answers what comes, for so long, and prints how many whole answers came and the seconds they took. `receive`
 * returns 1 when an answer is whole; `ask` sends the next request. The last answers are awaited.
 */
static void measure(int epoll, int connections, double warm_up_s, double seconds,
                    int (*receive)(struct connection *), void (*ask)(struct connection *))
{
    struct epoll_event events[BATCH];
    double start = now_s() + warm_up_s, end = start + seconds, now = 0;
    int in_flight = connections;
    long answered = 0;

    while (in_flight > 0) {
        int count = epoll_wait(epoll, events, BATCH, 5000);
        if (count == 0 || (count < 0 && errno != EINTR))
            fail("the server is silent");
        now = now_s();
        for (int i = 0; i < count; i++) {
            if (!receive(events[i].data.ptr))
                continue;
            answered += now >= start && now < end;
            if (now < end)
                ask(events[i].data.ptr);
            else
                in_flight--;
        }
    }
    printf("%ld %f\n", answered, seconds);
}
