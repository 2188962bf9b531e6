#include "tests/protocol/http/wire.h"

#include "common/base/clock.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char last_head[8192];

static int connect_unix(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0, "%s: %s", path, strerror(errno));
    return fd;
}

static int connect_tcp(const char *address)
{
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    bool is6 = address[0] == '[';
    to4.sin_port = to6.sin6_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
    int fd = socket(is6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int rc = is6 ? connect(fd, (struct sockaddr *)&to6, sizeof to6) : connect(fd, (struct sockaddr *)&to4, sizeof to4);
    cr_assert_eq(rc, 0, "%s: %s", address, strerror(errno));
    return fd;
}

struct wire *wire_open(const char *address)
{
    struct wire *w = calloc(1, sizeof *w);
    cr_assert(w);
    w->fd = strncmp(address, "unix:", 5) == 0 ? connect_unix(address + 5) : connect_tcp(address);
    return w;
}

void wire_close(struct wire *w)
{
    if (w)
        close(w->fd);
    free(w);
}

bool wire_send_bytes(struct wire *w, const void *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(w->fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes = (const char *)bytes + sent;
        len -= (size_t)sent;
    }
    return true;
}

bool wire_send(struct wire *w, const char *text)
{
    return wire_send_bytes(w, text, strlen(text));
}

/* Waits for more bytes; false at the end of the connection or of the time. */
static bool receive(struct wire *w, int64_t until_ms)
{
    int64_t left = until_ms - clock_steady_ms();
    struct pollfd wait = {.fd = w->fd, .events = POLLIN};
    if (w->ended || left <= 0 || poll(&wait, 1, (int)left) <= 0)
        return false;
    ssize_t got = recv(w->fd, w->in + w->len, WIRE_ROOM - 1 - w->len, 0);
    w->ended = got <= 0;
    w->len += got > 0 ? (size_t)got : 0;
    w->in[w->len] = 0;
    return got > 0;
}

static size_t content_length(const char *head)
{
    const char *line = strcasestr(head, "\r\ncontent-length:");
    cr_assert(line, "no length: %s", head);
    return strtoul(line + 17, NULL, 10);
}

/* Length of the first answer in the buffer, 0 while it is not complete. */
static size_t answer_length(const struct wire *w)
{
    const char *end = strstr(w->in, "\r\n\r\n");
    if (!end)
        return 0;
    size_t head = (size_t)(end - w->in) + 4;
    snprintf(last_head, sizeof last_head, "%.*s", (int)head, w->in);
    if (strncmp(w->in, "HTTP/1.1 100", 12) == 0)
        return head;
    return w->len >= head + content_length(last_head) ? head + content_length(last_head) : 0;
}

int wire_answer(struct wire *w, char *body, size_t body_size)
{
    int64_t until = clock_steady_ms() + WIRE_MS;
    size_t len;
    while ((len = answer_length(w)) == 0)
        if (!receive(w, until))
            return w->ended ? 0 : -1;
    int code = (int)strtol(w->in + strlen("HTTP/1.1 "), NULL, 10);
    size_t head = strlen(last_head);
    if (body)
        snprintf(body, body_size, "%.*s", (int)(len - head), w->in + head);
    memmove(w->in, w->in + len, w->len - len + 1);
    w->len -= len;
    return code;
}

const char *wire_head(void)
{
    return last_head;
}

bool wire_wait_end(struct wire *w, int ms)
{
    int64_t until = clock_steady_ms() + ms;
    while (receive(w, until))
        ;
    return w->ended;
}

int wire_ask(const char *address, const char *request, char *body, size_t body_size)
{
    struct wire *w = wire_open(address);
    (void)wire_send(w, request); /* the server may answer and close before it has all of it */
    int code = wire_answer(w, body, body_size);
    wire_close(w);
    return code;
}
