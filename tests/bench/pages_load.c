/* Page load: `pages_load PORT CONNECTIONS WARM_UP_S SECONDS` prints the requests answered and the seconds they took.
 *
 * Each connection to 127.0.0.1 is kept alive and has one GET of /page.lsp in flight; an answer must have status 200
 * and a Content-Length, or come in chunks. When the time is over the last answers are awaited. Linux only (epoll).
 */
#define PROGRAM "pages_load"
#include "load_common.h"

enum { ROOM = 8192 };

static const char REQUEST[] =
    "GET /page.lsp HTTP/1.1\r\nHost: localhost\r\nUser-Agent: load\r\nAccept: text/html\r\n"
    "Accept-Encoding: identity\r\n\r\n";

struct connection {
    int fd;
    int received;
    char answer[ROOM + 1];
};

static void open_connection(struct connection *c, int port, int epoll)
{
    c->fd = dial(port);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(epoll, c->fd, c);
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
    char *chunks = strcasestr(c->answer, "\ntransfer-encoding: chunked");
    if (length && length < end) {
        if (c->received < end + 4 - c->answer + atoi(length + 16))
            return 0;
    } else if (chunks && chunks < end) {
        /* A body of text, so nothing else looks like the last chunk. */
        if (strcmp(c->answer + c->received - 7, "\r\n0\r\n\r\n") != 0)
            return 0;
    } else {
        fail("an answer without a length");
    }
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
        open_connection(&all[i], port, epoll);
    for (int i = 0; i < connections; i++)
        send_request(&all[i]);

    measure(epoll, connections, warm_up_s, seconds, receive, send_request);
    return 0;
}
