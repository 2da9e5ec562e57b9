/* WebSocket echo load: `websocket_load PORT CONNECTIONS BYTES WARM_UP_S SECONDS` prints the round trips made and
 * the seconds they took.
 *
 * Each connection to 127.0.0.1 has one binary message in flight, a masked frame; what comes back must be the same
 * message in one unmasked frame. Frames are made once: a load that masks each message would measure itself.
 * Linux only (epoll), like load.c.
 */
#define PROGRAM "websocket_load"
#include "load_common.h"

enum { HEAD = 16, LONGEST = 65535 };

static const char REQUEST[] =
    "GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/* A masked close frame with 1000: the end in order, which no server reports. */
static const char GOODBYE[] = "\x88\x82\1\2\3\4\x02\xea";

struct connection {
    int fd;
    int received;
};

static unsigned char question[HEAD + LONGEST], answer[HEAD + LONGEST];
static int question_bytes, answer_bytes;

/* Writes a final binary frame's header; returns its length. */
static int header(unsigned char *frame, int size, int mask)
{
    frame[0] = 0x82;
    if (size < 126) {
        frame[1] = mask | size;
        return 2;
    }
    frame[1] = mask | 126;
    frame[2] = size >> 8;
    frame[3] = size & 0xff;
    return 4;
}

static void make_frames(int size)
{
    int at = header(question, size, 0x80), other = header(answer, size, 0);

    for (int i = 0; i < 4; i++)
        question[at + i] = i + 1;
    for (int i = 0; i < size; i++) {
        answer[other + i] = i % 251;
        question[at + 4 + i] = (i % 251) ^ (i % 4 + 1);
    }
    question_bytes = at + 4 + size;
    answer_bytes = other + size;
}

static void send_all(int fd, const void *data, int size)
{
    /* The server reads all of a message before it answers, so waiting here cannot be for ever. */
    for (int sent = 0; sent < size;) {
        ssize_t n = send(fd, (const char *)data + sent, size - sent, MSG_NOSIGNAL);
        if (n <= 0)
            fail("send");
        sent += n;
    }
}

static void send_question(struct connection *c)
{
    send_all(c->fd, question, question_bytes);
}

static void open_connection(struct connection *c, int port, int epoll)
{
    struct timeval patience = {.tv_sec = 5};
    char head[1024];
    int n = 0;

    c->fd = dial(port);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    send_all(c->fd, REQUEST, sizeof REQUEST - 1);
    do { /* byte by byte: it is short, and what follows it is not ours */
        if (n == sizeof head - 1 || recv(c->fd, head + n, 1, 0) != 1)
            fail("no answer to the upgrade");
        head[++n] = 0;
    } while (n < 4 || strcmp(head + n - 4, "\r\n\r\n") != 0);
    if (strncmp(head, "HTTP/1.1 101", 12) != 0)
        fail("no upgrade");
    watch(epoll, c->fd, c);
}

/* Returns 1 when the whole answer is there. */
static int receive(struct connection *c)
{
    static unsigned char data[HEAD + LONGEST];
    ssize_t n = recv(c->fd, data, answer_bytes - c->received, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0 || memcmp(data, answer + c->received, n) != 0)
        fail(n == 0 ? "closed by the server" : n < 0 ? "recv" : "a wrong answer");
    c->received += n;
    if (c->received < answer_bytes)
        return 0;
    c->received = 0;
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 6 || atoi(argv[3]) > LONGEST)
        return 2;
    int port = atoi(argv[1]), connections = atoi(argv[2]);
    double warm_up_s = atof(argv[4]), seconds = atof(argv[5]);
    struct connection *all = calloc(connections, sizeof *all);
    int epoll = epoll_create1(0);

    make_frames(atoi(argv[3]));
    for (int i = 0; i < connections; i++)
        open_connection(&all[i], port, epoll);
    for (int i = 0; i < connections; i++)
        send_question(&all[i]);

    measure(epoll, connections, warm_up_s, seconds, receive, send_question);
    for (int i = 0; i < connections; i++)
        send_all(all[i].fd, GOODBYE, sizeof GOODBYE - 1);
    return 0;
}
