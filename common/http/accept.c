/* From a listening socket to h2o: caps, and the PROXY header of the proxied listener. */
#include "common/http/inner.h"

#include "common/http/http_metrics.h"

#include <errno.h>
#include <sys/socket.h>

enum { ACCEPTS_PER_TURN = 16 /* more would let new connections starve those that are there */ };

/* ---- PROXY header ---- */

static void refuse_proxy(h2o_socket_t *socket)
{
    metric_add(&http_metrics.refused_proxy, 1);
    h2o_socket_close(socket); /* on_close() releases the connection */
}

/* Looks at what is there, then takes exactly what belongs to the header: TLS or a request may follow at once, and bytes left
 * unread would wake us again and again while the rest is on its way. */
static status take_header(struct connection *c)
{
    int fd = h2o_socket_get_fd(c->socket);
    uint8_t *at = c->header + c->header_len;
    ssize_t there = recv(fd, at, PROXY_HEADER_MAX - c->header_len, MSG_PEEK);
    if (there < 0)
        return errno == EAGAIN || errno == EINTR ? ST_AGAIN : ST_IO;
    if (there == 0)
        return ST_MALFORMED;
    size_t length = 0;
    status st = proxy_header_length(c->header, c->header_len + (size_t)there, &length);
    if (st != ST_OK && st != ST_AGAIN)
        return st;
    size_t take = st == ST_OK ? length - c->header_len : (size_t)there;
    if (recv(fd, at, take, 0) != (ssize_t)take)
        return ST_IO;
    c->header_len += take;
    return st;
}

static void on_proxy_header(h2o_socket_t *socket, const char *err)
{
    struct connection *c = socket->on_close.data;
    status st = err ? ST_IO : take_header(c);
    if (st == ST_OK)
        st = proxy_header_source(c->header, c->header_len, &c->peer);
    if (st == ST_AGAIN)
        return;
    if (st != ST_OK) {
        refuse_proxy(socket);
        return;
    }
    free(c->header);
    c->header = NULL;
    h2o_socket_read_stop(socket);
    h2o_socket_dont_read(socket, 0);
    connection_enter(c, CONNECTION_OPEN);
    h2o_accept(&c->acceptor->accept, socket);
}

static void begin_proxied(struct connection *c)
{
    if (!networks_contain(&c->loop->server->proxies, &c->peer) || !(c->header = malloc(PROXY_HEADER_MAX))) {
        refuse_proxy(c->socket);
        return;
    }
    connection_enter(c, CONNECTION_PROXY);
    h2o_socket_dont_read(c->socket, 1);
    h2o_socket_read_start(c->socket, on_proxy_header);
}

/* ---- accept ---- */

static bool is_full(const struct loop *loop)
{
    return atomic_load(&loop->server->connections) >= loop->server->set.connections_max;
}

static void pause_accepting(struct loop *loop)
{
    metric_add(&http_metrics.paused, 1);
    acceptors_listen(loop, false);
    connections_shed(loop);
}

/* @retval false  there is nobody, or no room */
static bool accept_one(struct acceptor *acceptor)
{
    if (is_full(acceptor->loop)) {
        pause_accepting(acceptor->loop);
        return false;
    }
    errno = 0;
    h2o_socket_t *socket = h2o_evloop_socket_accept(acceptor->socket);
    if (!socket) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(acceptor->loop); /* the listener stays readable: going on would only burn the processor */
        return false;
    }
    struct connection *c = connection_new(acceptor, socket);
    if (!c)
        h2o_socket_close(socket);
    else if (acceptor->kind == LISTENER_PROXIED)
        begin_proxied(c);
    else
        h2o_accept(&acceptor->accept, socket);
    return true;
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    struct acceptor *acceptor = listener->data;
    for (int i = 0; !err && i < ACCEPTS_PER_TURN; i++)
        if (!accept_one(acceptor))
            break;
}

void acceptors_listen(struct loop *loop, bool on)
{
    loop->is_paused = !on;
    for (int i = 0; i < LISTENER_COUNT; i++) {
        h2o_socket_t *socket = loop->acceptors[i].socket;
        if (socket && on && !h2o_socket_is_reading(socket))
            h2o_socket_read_start(socket, on_accept);
        else if (socket && !on)
            h2o_socket_read_stop(socket);
    }
}

void acceptors_resume(struct loop *loop)
{
    if (!loop->is_draining && !is_full(loop))
        acceptors_listen(loop, true);
}

void acceptors_press(struct loop *loop)
{
    if (loop->is_paused && !loop->is_draining && is_full(loop))
        connections_shed(loop);
}

void acceptors_open(struct loop *loop)
{
    struct http_server *server = loop->server;
    for (int i = 0; i < LISTENER_COUNT; i++) {
        struct acceptor *acceptor = &loop->acceptors[i];
        acceptor->accept = (h2o_accept_ctx_t){.ctx = &loop->context, .hosts = server->conf.hosts};
        if (i == LISTENER_HTTPS && server->set.tls)
            acceptor->accept.ssl_ctx = tls_ssl_ctx(server->set.tls);
        if (acceptor->fd < 0)
            continue;
        acceptor->socket = h2o_evloop_socket_create(loop->context.loop, acceptor->fd, H2O_SOCKET_FLAG_DONT_READ);
        acceptor->socket->data = acceptor;
        acceptor->fd = -1;
    }
    acceptors_listen(loop, true);
}

/* Closing a socket of a shared port resets those who wait in its queue: take them in first. */
void acceptors_close(struct loop *loop)
{
    for (int i = 0; i < LISTENER_COUNT; i++)
        while (loop->acceptors[i].socket && accept_one(&loop->acceptors[i]))
            ;
    acceptors_listen(loop, false);
    h2o_evloop_run(loop->context.loop, 0); /* h2o must not find an event of a closed listener */
    for (int i = 0; i < LISTENER_COUNT; i++) {
        if (loop->acceptors[i].socket)
            h2o_socket_close(loop->acceptors[i].socket);
        loop->acceptors[i].socket = NULL;
    }
}
