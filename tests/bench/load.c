/* Echo load: `load PORT CONNECTIONS WARM_UP_S SECONDS` prints the round trips made and the seconds they took.
 *
 * Each connection to 127.0.0.1 has one message of 64 bytes in flight; what comes back must be what was sent.
 * When the time is over the last answers are awaited, so that the server sees every connection end in order.
 * Linux only (epoll): polling 500 sockets would cost more than the servers under test do.
 */
#define PROGRAM "load"
#include "load_common.h"

enum { SIZE = 64 };

struct connection {
    int fd;
    int received;
    char message[SIZE];
};

static void open_connection(struct connection *c, int port, int number, int epoll)
{
    c->fd = dial(port);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    memset(c->message, 'A' + number % 26, SIZE);
    watch(epoll, c->fd, c);
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
    int port = atoi(argv[1]), connections = atoi(argv[2]);
    double warm_up_s = atof(argv[3]), seconds = atof(argv[4]);
    struct connection *all = calloc(connections, sizeof *all);
    int epoll = epoll_create1(0);

    for (int i = 0; i < connections; i++)
        open_connection(&all[i], port, i, epoll);
    for (int i = 0; i < connections; i++)
        send_message(&all[i]);

    measure(epoll, connections, warm_up_s, seconds, receive, send_message);
    return 0;
}
