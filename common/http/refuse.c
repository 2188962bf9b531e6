/* h2o closes a connection whose request does not arrive in time without a word. An agent's administrator is better served by
 * an answer: it is written past h2o, while nothing else writes (h2o writes only when a request is complete, or a
 * "100 Continue"), with reading stopped so that the request cannot become complete meanwhile. */
#include "common/http/inner.h"

#include "common/http/http_metrics.h"

/* Told that the peer has gone, h2o releases request and socket. */
static void on_refused(h2o_socket_t *socket, const char *err)
{
    (void)err;
    struct connection *c = socket->on_close.data;
    c->on_read(socket, h2o_socket_error_closed);
}

/* h2o counts its answers by status, for a whole loop, but not those to what it could not parse: which of the connections that end
 * was told what cannot be seen, but the sums are right. */
void refusals_count(struct loop *loop)
{
    static const struct {
        int status;
        metric *counter;
    } rows[] = {
        {H2O_STATUS_ERROR_413, &http_metrics.refused_too_big},
        {H2O_STATUS_ERROR_417, &http_metrics.refused_expect},
    };
    for (size_t i = 0; i < COUNT(rows); i++)
        if (loop->errors_seen[rows[i].status] < loop->context.emitted_error_status[rows[i].status]) {
            loop->errors_seen[rows[i].status]++;
            metric_add(rows[i].counter, 1);
            return;
        }
    metric_add(&http_metrics.refused_malformed, 1);
}

void refusals_prepare(struct http_server *server)
{
    static const char format[] = "HTTP/1.1 %d %s\r\nConnection: close\r\n%sContent-Length: 0\r\n\r\n";
    char retry[40];
    snprintf(retry, sizeof retry, "Retry-After: %u\r\n", server->set.retry_after_s);
    snprintf(server->slow_reply, sizeof server->slow_reply, format, 408, status_phrase(408), "");
    snprintf(server->full_reply, sizeof server->full_reply, format, 503, status_phrase(503), retry);
}

void connection_refuse(struct connection *c, int code)
{
    h2o_socket_t *socket = c->socket;
    if (c->on_read || !h2o_socket_is_reading(socket) || h2o_socket_is_writing(socket))
        return; /* refused before, or "100 Continue" is on its way: the next look is soon */
    metric_add(code == 503 ? &http_metrics.refused_memory : &http_metrics.refused_slow, 1);
    c->on_read = socket->_cb.read; /* 2.2.5 has no function for it */
    h2o_socket_read_stop(socket);
    char *text = code == 503 ? c->loop->server->full_reply : c->loop->server->slow_reply;
    h2o_iovec_t reply = h2o_iovec_init(text, strlen(text));
    h2o_socket_write(socket, &reply, 1, on_refused);
}
