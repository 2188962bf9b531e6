/*
 * Each connection goes through: connecting, (TLS handshake,) sending, reading; then the next request or a new connection. Rates are kept
 * by the number of requests that may have begun by now.
 */
#include "bench/load.h"

#include "bench/measure.h"
#include "common/base/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { HEAD_MAX = 512, ANSWER_MAX = 64 << 10, EVENTS = 64 };

struct connection {
    int fd; /* -1: none */
    SSL *ssl;
    enum { CONNECTING, SENDING, READING, RESTING } state;
    char head[HEAD_MAX];
    struct view body;
    size_t head_len, sent, got;
    char answer[ANSWER_MAX];
    double begun;
};

struct load {
    const struct load_plan *plan;
    struct load_result *result;
    struct sockaddr_in to;
    SSL_CTX *tls;
    int poll;
    size_t begun, ended;
    double start;
    double *times; /* ms of each good answer */
    struct connection *connections;
};

static bool begin_request(struct load *l, struct connection *c);

static void hang_up(struct connection *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

static void watch(struct load *l, struct connection *c, uint32_t events, int op)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    (void)epoll_ctl(l->poll, op, c->fd, &e);
}

static bool dial(struct load *l, struct connection *c)
{
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&l->to, sizeof l->to) != 0 && errno != EINPROGRESS)
        return false;
    if (l->tls) {
        c->ssl = SSL_new(l->tls);
        if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
            return false;
        SSL_set_connect_state(c->ssl);
    }
    watch(l, c, EPOLLOUT, EPOLL_CTL_ADD);
    return true;
}

/* Like write() and read(): -1 with EAGAIN when it must wait; TLS says itself for what. */
static ssize_t transfer(struct connection *c, void *data, size_t len, bool out, uint32_t *wait_for)
{
    *wait_for = out ? EPOLLOUT : EPOLLIN;
    if (!c->ssl)
        return out ? send(c->fd, data, len, MSG_NOSIGNAL) : recv(c->fd, data, len, 0);
    int n = out ? SSL_write(c->ssl, data, (int)len) : SSL_read(c->ssl, data, (int)len);
    if (n > 0)
        return n;
    int why = SSL_get_error(c->ssl, n);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        *wait_for = why == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
        errno = EAGAIN;
    } else {
        errno = why == SSL_ERROR_ZERO_RETURN ? 0 : ECONNRESET;
    }
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

static void end_request(struct load *l, struct connection *c, int code)
{
    struct load_result *r = l->result;
    if (code == 200)
        l->times[r->good++] = (measure_wall_s() - c->begun) * 1e3;
    else if (code)
        r->refused++;
    else
        r->broken++;
    l->ended++;
    if (!code || l->plan->new_connections || strcasestr(c->answer, "\r\nconnection: close"))
        hang_up(c);
    (void)begin_request(l, c);
}

/* Whole answer there? Then its status, else 0. */
static int answer_status(struct connection *c)
{
    char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = end ? strcasestr(c->answer, "\r\ncontent-length:") : NULL;
    if (!end || !length || length > end)
        return 0;
    size_t need = (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
    return c->got >= need ? atoi(c->answer + 9) : 0;
}

static void read_answer(struct load *l, struct connection *c)
{
    uint32_t wait_for;
    for (;;) {
        ssize_t n = transfer(c, c->answer + c->got, ANSWER_MAX - 1 - c->got, false, &wait_for);
        if (n < 0 && errno == EAGAIN) {
            watch(l, c, wait_for, EPOLL_CTL_MOD);
            return;
        }
        if (n <= 0) {
            end_request(l, c, 0);
            return;
        }
        c->got += (size_t)n;
        c->answer[c->got] = '\0';
        int code = answer_status(c);
        if (code) {
            end_request(l, c, code);
            return;
        }
    }
}

static void send_request(struct load *l, struct connection *c)
{
    uint32_t wait_for;
    c->state = SENDING;
    while (c->sent < c->head_len + c->body.len) {
        bool in_head = c->sent < c->head_len;
        const char *from = in_head ? c->head + c->sent : c->body.data + (c->sent - c->head_len);
        size_t left = in_head ? c->head_len - c->sent : c->body.len - (c->sent - c->head_len);
        ssize_t n = transfer(c, (void *)(uintptr_t)from, left, true, &wait_for);
        if (n < 0 && errno == EAGAIN) {
            watch(l, c, wait_for, EPOLL_CTL_MOD);
            return;
        }
        if (n <= 0) {
            end_request(l, c, 0);
            return;
        }
        c->sent += (size_t)n;
    }
    c->state = READING;
    watch(l, c, EPOLLIN, EPOLL_CTL_MOD);
    if (c->ssl)
        read_answer(l, c); /* what TLS has read already wakes nobody */
}

/* @return false: it rests, because all have begun or the rate says so */
static bool begin_request(struct load *l, struct connection *c)
{
    double now = measure_wall_s();
    c->state = RESTING;
    if (l->begun == l->plan->count || (l->plan->rate > 0 && (double)l->begun > (now - l->start) * l->plan->rate)) {
        if (c->fd >= 0)
            watch(l, c, 0, EPOLL_CTL_MOD);
        return false;
    }
    c->body = l->plan->bodies[l->begun++ % l->plan->body_count];
    c->head_len =
        (size_t)snprintf(c->head, sizeof c->head,
                         "POST /ocsinventory HTTP/1.1\r\nHost: bench\r\nUser-Agent: OCS-NG_WINDOWS_AGENT_v2.11.0.1\r\n"
                         "Content-Type: application/x-compress\r\nContent-Length: %zu\r\n\r\n",
                         c->body.len);
    c->sent = c->got = 0;
    c->answer[0] = '\0';
    c->begun = now;
    c->state = CONNECTING;
    if (c->fd < 0 && !dial(l, c)) {
        end_request(l, c, 0);
        return true;
    }
    watch(l, c, EPOLLOUT, EPOLL_CTL_MOD);
    return true;
}

static void wake(struct load *l)
{
    for (unsigned i = 0; l->plan->rate > 0 && i < l->plan->connections; i++)
        if (l->connections[i].state == RESTING && !begin_request(l, &l->connections[i]))
            return;
}

static void run(struct load *l)
{
    struct epoll_event events[EVENTS];
    for (unsigned i = 0; i < l->plan->connections; i++)
        (void)begin_request(l, &l->connections[i]);
    while (l->ended < l->plan->count) {
        int n = epoll_wait(l->poll, events, EVENTS, l->plan->rate > 0 ? 1 : 1000);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c->state == RESTING)
                hang_up(c); /* closed by the server meanwhile */
            else if (c->state == READING)
                read_answer(l, c);
            else
                send_request(l, c);
        }
        wake(l);
    }
}

static status address_of(const char *text, struct sockaddr_in *out)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return ST_INVALID;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    out->sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
    return inet_pton(AF_INET, host, &out->sin_addr) == 1 ? ST_OK : ST_INVALID;
}

static status prepare(struct load *l)
{
    status st = address_of(l->plan->address, &l->to);
    if (st != ST_OK)
        return st;
    l->times = calloc(l->plan->count, sizeof *l->times);
    l->connections = calloc(l->plan->connections, sizeof *l->connections);
    l->tls = l->plan->tls ? SSL_CTX_new(TLS_client_method()) : NULL;
    l->poll = epoll_create1(EPOLL_CLOEXEC);
    if (!l->times || !l->connections || (l->plan->tls && !l->tls) || l->poll < 0)
        return ST_NO_MEMORY;
    for (unsigned i = 0; i < l->plan->connections; i++)
        l->connections[i].fd = -1;
    return ST_OK;
}

static void clear(struct load *l)
{
    for (unsigned i = 0; l->connections && i < l->plan->connections; i++)
        hang_up(&l->connections[i]);
    free(l->connections);
    free(l->times);
    SSL_CTX_free(l->tls);
    if (l->poll >= 0)
        close(l->poll);
}

status load_run(const struct load_plan *plan, struct load_result *out)
{
    struct load l = {.plan = plan, .result = out, .poll = -1};
    *out = (struct load_result){0};
    status st = prepare(&l);
    if (st == ST_OK) {
        double cpu = measure_own_cpu_s();
        l.start = measure_wall_s();
        run(&l);
        out->seconds = measure_wall_s() - l.start;
        out->cpu_s = measure_own_cpu_s() - cpu;
        out->p50_ms = measure_percentile(l.times, out->good, 0.50);
        out->p99_ms = measure_percentile(l.times, out->good, 0.99);
        st = out->good ? ST_OK : ST_UNAVAILABLE;
    }
    clear(&l);
    return st;
}
