/* Echo load: `load PORT CONNECTIONS WARM_UP_S SECONDS` prints the round trips made and the seconds they took.
 *
 * Each connection to 127.0.0.1 has one message of 64 bytes in flight; what comes back must be what was sent.
 * When the time is over the last answers are awaited, so that the server sees every connection end in order.
 * Linux only (epoll): polling 500 sockets would cost more than the servers under test do.
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

enum { SIZE = 64, BATCH = 512 };

struct connection {
    int fd;
    int received;
    char message[SIZE];
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void open_connection(struct connection *c, int port, int number, int epoll)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    memset(c->message, 'A' + number % 26, SIZE);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        fail("epoll_ctl");
}

static void send_message(struct connection *c)
{
    /* The send buffer is empty, so 64 bytes always fit. */
    if (send(c->fd, c->message, SIZE, MSG_NOSIGNAL) != SIZE)
        fail("send");
}

/* Returns 1 when the whole answer is there. */
static int receive(struct connection *c)
{
    char data[SIZE];
    ssize_t n = recv(c->fd, data, SIZE - c->received, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0 || memcmp(data, c->message, n) != 0)
        fail(n == 0 ? "closed by the server" : n < 0 ? "recv" : "a wrong answer");
    c->received += n;
    if (c->received < SIZE)
        return 0;
    c->received = 0;
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int port = atoi(argv[1]), connections = atoi(argv[2]), in_flight = connections;
    double warm_up_s = atof(argv[3]), seconds = atof(argv[4]);
    struct connection *all = calloc(connections, sizeof *all);
    struct epoll_event events[BATCH];
    int epoll = epoll_create1(0);

    for (int i = 0; i < connections; i++)
        open_connection(&all[i], port, i, epoll);
    for (int i = 0; i < connections; i++)
        send_message(&all[i]);

    double start = now_s() + warm_up_s, end = start + seconds, now = 0;
    long round_trips = 0;
    while (in_flight > 0) {
        int count = epoll_wait(epoll, events, BATCH, 5000);
        if (count == 0 || (count < 0 && errno != EINTR))
            fail("the server is silent");
        now = now_s();
        for (int i = 0; i < count; i++) {
            if (!receive(events[i].data.ptr))
                continue;
            round_trips += now >= start && now < end;
            if (now < end)
                send_message(events[i].data.ptr);
            else
                in_flight--;
        }
    }
    printf("%ld %f\n", round_trips, seconds);
    return 0;
}
