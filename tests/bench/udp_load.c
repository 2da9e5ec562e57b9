/* UDP echo load: `udp_load PORT PEERS WARM_UP_S SECONDS` prints the round trips made and the seconds they took.
 *
 * Each peer is a socket of its own, connected to 127.0.0.1, with one datagram of 64 bytes in flight; what comes
 * back must be what was sent. On loopback nothing is lost as long as the server's buffer holds them all, so one
 * that stays out is a fault. Linux only (epoll).
 */
#define PROGRAM "udp_load"
#include "load_common.h"

enum { SIZE = 64 };

struct connection {
    int fd;
    char message[SIZE];
};

static void open_peer(struct connection *c, int port, int number, int epoll)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0)
        fail("connect");
    memset(c->message, 'A' + number % 26, SIZE);
    watch(epoll, c->fd, c);
}

static void send_message(struct connection *c)
{
    if (send(c->fd, c->message, SIZE, 0) != SIZE)
        fail("send");
}

static int receive(struct connection *c)
{
    char data[SIZE + 1];
    ssize_t n = recv(c->fd, data, sizeof data, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n != SIZE || memcmp(data, c->message, SIZE) != 0)
        fail(n < 0 ? "recv" : "a wrong answer");
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return 2;
    int port = atoi(argv[1]), peers = atoi(argv[2]);
    double warm_up_s = atof(argv[3]), seconds = atof(argv[4]);
    struct connection *all = calloc(peers, sizeof *all);
    int epoll = epoll_create1(0);

    for (int i = 0; i < peers; i++)
        open_peer(&all[i], port, i, epoll);
    for (int i = 0; i < peers; i++)
        send_message(&all[i]);

    measure(epoll, peers, warm_up_s, seconds, receive, send_message);
    return 0;
}
