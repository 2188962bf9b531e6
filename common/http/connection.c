#include "common/http/inner.h"

#include "common/base/clock.h"
#include "common/http/http_metrics.h"

#include <sys/socket.h>

enum {
    RATE_FREE_MS = 5000,    /* a request may take this long before its rate is looked at */
    SPARED_BODY = 64 << 10, /* when memory is short, bodies that hold less than this are let through */
    SHED_LOOK = 64,         /* open connections that are looked at for one that is idle */
    GRACE_MS = 1000,        /* at the end, or when room is short: for a request or an answer that is about to come */
};

static struct upload_address address_of_peer(h2o_socket_t *socket)
{
    struct upload_address out = {0};
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    if (getpeername(h2o_socket_get_fd(socket), (struct sockaddr *)&peer, &len) != 0)
        return out;
    if (peer.ss_family == AF_INET) {
        out.len = 4;
        memcpy(out.bytes, &((struct sockaddr_in *)&peer)->sin_addr, 4);
    } else if (peer.ss_family == AF_INET6) {
        out.len = 16;
        memcpy(out.bytes, &((struct sockaddr_in6 *)&peer)->sin6_addr, 16);
        address_unmap(&out);
    }
    return out;
}

/* What came and had no end that a handler saw: h2o has refused it (with more than a "100 Continue"), or the client has gone. The latter
 * is seen only of a request that has been looked at once, a quarter of a second after its first byte at most. */
static void note_end(const struct connection *c)
{
    enum { CONTINUE = sizeof "HTTP/1.1 100 Continue\r\n\r\n" - 1 };
    if (c->state != CONNECTION_OPEN || c->on_read)
        return;
    if (c->socket->bytes_written - c->given > CONTINUE) /* h2o frees a socket in the turn after its end */
        refusals_count(c->loop);
    else if (c->began_ms != 0)
        metric_add(&http_metrics.closed_short, 1);
    else if (c->acceptor->kind == LISTENER_HTTPS && !c->is_shaken && !c->is_refused)
        metric_add(&http_metrics.closed_handshake, 1);
}

static void on_close(void *data)
{
    struct connection *c = data;
    struct http_server *server = c->loop->server;
    note_end(c);
    connection_count_body(c, 0);
    h2o_linklist_unlink(&c->link);
    h2o_linklist_unlink(&c->turn);
    c->loop->count--;
    atomic_fetch_sub(&server->connections, 1);
    metric_add(&http_metrics.connections, -1);
    acceptors_resume(c->loop);
    free(c->header);
    free(c);
}

struct connection *connection_new(struct acceptor *acceptor, h2o_socket_t *socket)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = acceptor->loop;
    c->acceptor = acceptor;
    c->socket = socket;
    c->peer = address_of_peer(socket);
    socket->on_close.cb = on_close;
    socket->on_close.data = c;
    h2o_linklist_insert(&c->loop->turns, &c->turn);
    c->loop->count++;
    atomic_fetch_add(&c->loop->server->connections, 1);
    metric_add(&http_metrics.connections, 1);
    connection_enter(c, CONNECTION_OPEN);
    return c;
}

void connection_enter(struct connection *c, enum connection_state state)
{
    bool is_busy = state == CONNECTION_PENDING || state == CONNECTION_WRITING;
    if (h2o_linklist_is_linked(&c->link))
        h2o_linklist_unlink(&c->link);
    h2o_linklist_insert(is_busy ? &c->loop->busy : &c->loop->open, &c->link);
    c->state = state;
    c->since_ms = clock_steady_ms();
    c->began_ms = 0;
}

struct connection *connection_of(h2o_req_t *req)
{
    return req->conn->callbacks->get_socket(req->conn)->on_close.data;
}

void connection_count_body(struct connection *c, size_t len)
{
    /* Unsigned arithmetic wraps, so this also subtracts. */
    atomic_fetch_add(&c->loop->server->bodies, len - c->counted);
    c->counted = len;
}

/* h2o sees the end of the connection and closes it in its own time, so that no callback runs on freed memory. */
static void end(struct connection *c, int how)
{
    c->is_ended = true;
    (void)shutdown(h2o_socket_get_fd(c->socket), how); /* fails only when the peer has gone, which is what we want */
}

/* The same without waiting: what a peer does not take would stay in the kernel for minutes after the close. */
static void end_now(struct connection *c)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(h2o_socket_get_fd(c->socket), SOL_SOCKET, SO_LINGER, &none, sizeof none); /* only saves memory */
    end(c, SHUT_RDWR);
}

/* ---- limits ---- */

/* h2o's own timer runs from the last answer on, so a connection that was kept idle for most of it would leave the next
 * upload only the rest. It is set to be the last resort; the request's time is measured here. */
static void note_begin(struct connection *c, int64_t now)
{
    if (c->began_ms != 0)
        return;
    c->began_ms = now;
    c->read_before = c->socket->bytes_read - c->socket->input->size;
}

static bool is_slow(const struct connection *c, int64_t now)
{
    const struct http_settings *set = &c->loop->server->set;
    int64_t age_ms = now - c->began_ms;
    if (age_ms > set->request_ms)
        return true;
    size_t received = c->socket->bytes_read - c->read_before;
    return age_ms > RATE_FREE_MS && (int64_t)received < (age_ms - RATE_FREE_MS) * set->rate_min / 1000;
}

static void watch_receiving(struct connection *c, int64_t now)
{
    struct http_server *server = c->loop->server;
    note_begin(c, now);
    connection_count_body(c, c->socket->input->size);
    if (is_slow(c, now))
        connection_refuse(c, 408);
    else if (c->counted > SPARED_BODY && atomic_load(&server->bodies) > server->set.bodies_max)
        connection_refuse(c, 503);
}

/* The longest that a connection may be in a state, however it came to be stuck there; -1: for ever. */
static int64_t limit_ms(const struct connection *c)
{
    const struct http_settings *set = &c->loop->server->set;
    if (c->loop->is_cut && c->state != CONNECTION_PENDING)
        return GRACE_MS;
    switch (c->state) {
    case CONNECTION_PROXY: return set->handshake_ms;
    case CONNECTION_OPEN: return (int64_t)set->idle_ms + set->request_ms + set->handshake_ms;
    case CONNECTION_WRITING: return set->request_ms;
    case CONNECTION_PENDING: break;
    }
    return -1;
}

/* h2o takes a request's bytes out of the input only when its answer is written. */
static bool has_begun(const struct connection *c)
{
    return c->socket->input->size > 0;
}

static int64_t idle_limit_ms(const struct connection *c)
{
    return c->loop->is_draining ? GRACE_MS : c->loop->server->set.idle_ms;
}

static void watch(struct connection *c, int64_t now)
{
    int64_t limit = limit_ms(c), age = now - c->since_ms;
    if (limit >= 0 && age > limit) {
        if (c->state == CONNECTION_WRITING && !c->is_ended)
            metric_add(&http_metrics.closed_unread, 1);
        end_now(c);
    } else if (c->state == CONNECTION_OPEN && has_begun(c))
        watch_receiving(c, now);
    else if (c->state == CONNECTION_OPEN && age > idle_limit_ms(c))
        end(c, SHUT_RD);
}

/* A part of them each time: ten thousand at once would keep everybody waiting for some milliseconds. */
void connections_watch(struct loop *loop)
{
    int64_t now = clock_steady_ms();
    for (size_t left = (loop->count + WATCH_PARTS - 1) / WATCH_PARTS; left > 0; left--) {
        struct connection *c = H2O_STRUCT_FROM_MEMBER(struct connection, turn, loop->turns.next);
        h2o_linklist_unlink(&c->turn);
        h2o_linklist_insert(&loop->turns, &c->turn);
        watch(c, now);
    }
}

/* ---- the end of connections ---- */

void connections_shed(struct loop *loop)
{
    int64_t now = clock_steady_ms();
    int looked = 0;
    for (h2o_linklist_t *l = loop->open.next; l != &loop->open && looked < SHED_LOOK; l = l->next, looked++) {
        struct connection *c = H2O_STRUCT_FROM_MEMBER(struct connection, link, l);
        if (now - c->since_ms < GRACE_MS)
            return; /* those behind it are younger still */
        if (!has_begun(c)) {
            metric_add(&http_metrics.closed_room, c->is_ended ? 0 : 1);
            end(c, SHUT_RD);
            connection_enter(c, c->state); /* to the end of the list: the next call finds another */
            return;
        }
    }
}

size_t connections_cut(struct loop *loop)
{
    size_t busy = 0;
    for (h2o_linklist_t *l = loop->open.next; l != &loop->open; l = l->next) {
        struct connection *c = H2O_STRUCT_FROM_MEMBER(struct connection, link, l);
        busy += has_begun(c);
        end(c, SHUT_RDWR);
    }
    for (h2o_linklist_t *l = loop->busy.next; l != &loop->busy; l = l->next) {
        struct connection *c = H2O_STRUCT_FROM_MEMBER(struct connection, link, l);
        busy++;
        if (c->state == CONNECTION_WRITING)
            end(c, SHUT_RDWR);
    }
    return busy;
}
