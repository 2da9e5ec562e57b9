/* Page load: `pages_load PORT CONNECTIONS WARM_UP_S SECONDS` prints the requests answered and the seconds they took.
 *
 * Each connection to 127.0.0.1 is kept alive and has one GET of /page.lsp in flight; an answer must have status 200
 * and a Content-Length. When the time is over the last answers are awaited. Linux only (epoll).
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

enum { ROOM = 8192, BATCH = 512 };

static const char REQUEST[] =
    "GET /page.lsp HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: text/html\r\n"
    "Accept-Encoding: identity\r\n\r\n";

struct connection {
    int fd;
    int received;
    char answer[ROOM + 1];
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "pages_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void open_connection(struct connection *c, int port, int epoll)
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
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        fail("epoll_ctl");
}

static void send_request(struct connection *c)
{
    /* The send buffer is empty, so a request always fits. */
    if (send(c->fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL) != sizeof REQUEST - 1)
        fail("send");
}

/* Returns 1 when the whole answer is there. */
static int receive(struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->received, ROOM - c->received, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0)
        fail(n == 0 ? "closed by the server" : "recv");
    c->received += n;
    c->answer[c->received] = 0;
    char *end = strstr(c->answer, "\r\n\r\n");
    if (!end)
        return 0;
    if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0)
        fail("another status than 200");
    char *length = strcasestr(c->answer, "\ncontent-length:");
    if (!length || length > end)
        fail("an answer without a length");
    if (c->received < end + 4 - c->answer + atoi(length + 16))
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
        open_connection(&all[i], port, epoll);
    for (int i = 0; i < connections; i++)
        send_request(&all[i]);

    double start = now_s() + warm_up_s, end = start + seconds, now = 0;
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
                send_request(events[i].data.ptr);
            else
                in_flight--;
        }
    }
    printf("%ld %f\n", answered, seconds);
    return 0;
}
