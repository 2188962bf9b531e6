/* A request on its way from h2o to a handler and back.
 *
 * h2o's request belongs to the loop's thread, a `struct http_request` to whoever has to answer it. The two are tied by an
 * anchor in h2o's pool: when h2o disposes of its request, the anchor cuts the tie. While a request is unanswered its connection
 * is not read and never closed by us, so that the body stays where it is; the tie is the second belt. */
#include "common/http/inner.h"

#include "common/http/framing.h"
#include "common/http/http_metrics.h"

#include <strings.h>

struct anchor {
    struct http_request *request; /**< lives in h2o's pool */
};

/* h2o is done with the request: its answer is written, or its connection is gone. */
static void on_disposed(void *data)
{
    struct http_request *r = ((struct anchor *)data)->request;
    connection_count_body(r->connection, 0);
    r->connection->given = r->connection->socket->bytes_written;
    connection_enter(r->connection, CONNECTION_OPEN);
    r->req = NULL;
    if (r->is_answered)
        request_free(r);
}

static struct http_request *request_new(struct connection *c, h2o_req_t *req)
{
    struct http_request *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->loop = c->loop;
    r->connection = c;
    r->req = req;
    struct anchor *anchor = h2o_mem_alloc_shared(&req->pool, sizeof *anchor, on_disposed);
    anchor->request = r;
    return r;
}

/* ---- what the handler sees ---- */

static struct view view_of_iovec(h2o_iovec_t v)
{
    return (struct view){v.base, v.len};
}

static struct view header(const h2o_req_t *req, const h2o_token_t *token)
{
    ssize_t at = h2o_find_header(&req->headers, token, -1);
    return at < 0 ? VIEW_ABSENT : view_of_iovec(req->headers.entries[at].value);
}

/* All lines of a header, joined by commas. */
static struct view all_headers(h2o_req_t *req, const char *name)
{
    h2o_iovec_t joined = {NULL, 0};
    size_t name_len = strlen(name);
    for (ssize_t at = -1; (at = h2o_find_header_by_str(&req->headers, name, name_len, at)) >= 0;) {
        h2o_iovec_t line = req->headers.entries[at].value;
        joined = joined.base ? h2o_concat(&req->pool, joined, h2o_iovec_init(H2O_STRLIT(",")), line) : line;
    }
    return view_of_iovec(joined);
}

static void view_client(struct http_request *r)
{
    struct http_view *view = &r->view;
    view->from = r->connection->peer;
    if (r->connection->client_key[0])
        view->client_key = view_of(r->connection->client_key);
    view->https = r->connection->acceptor->kind == LISTENER_HTTPS;
    const struct networks *proxies = &r->loop->server->proxies;
    if (!networks_contain(proxies, &view->from))
        return;
    struct forwarded said = {
        .forwarded = all_headers(r->req, "forwarded"),
        .forwarded_for = all_headers(r->req, "x-forwarded-for"),
        .real_ip = all_headers(r->req, "x-real-ip"),
        .forwarded_proto = all_headers(r->req, "x-forwarded-proto"),
    };
    forwarded_apply(proxies, &said, &view->from, &view->https);
}

/* "http://host/path" where "/path" is usual: sent by clients that take us for a proxy, and to be accepted (RFC 9112 3.2.2). */
static h2o_iovec_t without_authority(h2o_iovec_t target)
{
    size_t skip = target.len > 7 && strncasecmp(target.base, "http://", 7) == 0    ? 7
                  : target.len > 8 && strncasecmp(target.base, "https://", 8) == 0 ? 8
                                                                                   : 0;
    if (skip == 0)
        return target;
    const char *slash = memchr(target.base + skip, '/', target.len - skip);
    if (!slash)
        return h2o_iovec_init(H2O_STRLIT("/"));
    return h2o_iovec_init(slash, target.len - (size_t)(slash - target.base));
}

static void view_target(struct http_request *r)
{
    h2o_req_t *req = r->req;
    h2o_iovec_t target = without_authority(req->input.path);
    h2o_iovec_t path = req->path_normalized;
    size_t query_at = req->query_at, *unused;
    if (target.base != req->input.path.base)
        path = h2o_url_normalize_path(&req->pool, target.base, target.len, &query_at, &unused);
    r->view.path = view_of_iovec(path);
    if (query_at < target.len)
        r->view.query = (struct view){target.base + query_at + 1, target.len - query_at - 1};
}

static void fill_view(struct http_request *r)
{
    h2o_req_t *req = r->req;
    struct http_view *view = &r->view;
    view->method = view_of_iovec(req->method);
    view->agent = header(req, H2O_TOKEN_USER_AGENT);
    view->content_type = header(req, H2O_TOKEN_CONTENT_TYPE);
    view->authorization = header(req, H2O_TOKEN_AUTHORIZATION);
    view->body = req->entity.base ? view_of_iovec(req->entity) : (struct view){"", 0};
    view->http10 = req->version < 0x101;
    view->thread = r->loop->number;
    view_target(r);
    view_client(r);
}

/* ---- on its way in ---- */

static const struct http_route *find_route(const struct http_server *server, struct view path)
{
    for (size_t i = 0; i < server->route_count; i++) {
        struct view prefix = view_of(server->routes[i].path);
        if (prefix.len > 0 && prefix.data[prefix.len - 1] == '/')
            prefix.len--; /* "/" takes everything */
        if (path.len >= prefix.len && memcmp(path.data, prefix.data, prefix.len) == 0 &&
            (path.len == prefix.len || path.data[prefix.len] == '/'))
            return &server->routes[i];
    }
    return NULL;
}

/* @return 0, or the status that refuses the request whatever its path is */
static int admission(struct http_request *r)
{
    const struct http_server *server = r->loop->server;
    h2o_buffer_t *input = r->connection->socket->input;
    switch (framing_check((struct view){input->bytes, input->size}, r->req->version < 0x101)) {
    case FRAMING_AMBIGUOUS: metric_add(&http_metrics.refused_framing, 1); return 400;
    case FRAMING_TOO_LONG: metric_add(&http_metrics.refused_header, 1); return 431;
    case FRAMING_CLEAR: break;
    }
    if (atomic_load(&server->bodies) > server->set.bodies_max) {
        metric_add(&http_metrics.refused_memory, 1);
        return 503;
    }
    return 0;
}

static void dispatch(struct http_request *r)
{
    int refused = admission(r);
    if (refused) {
        http_answer_status(r, refused, status_phrase(refused));
        return;
    }
    fill_view(r);
    const struct http_route *route = find_route(r->loop->server, r->view.path);
    if (!route) {
        metric_add(&http_metrics.not_found, 1);
        http_answer_status(r, 404, status_phrase(404));
        return;
    }
    metric_add(&http_metrics.requests, 1);
    route->handler(route->ctx, r);
}

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    struct connection *c = connection_of(req);
    connection_count_body(c, req->entity.len);
    connection_enter(c, CONNECTION_PENDING);
    struct http_request *r = request_new(c, req);
    if (r) {
        dispatch(r);
        return 0;
    }
    metric_add(&http_metrics.refused_memory, 1);
    connection_enter(c, CONNECTION_WRITING);
    h2o_send_error_503(req, status_phrase(503), status_phrase(503), H2O_SEND_ERROR_HTTP1_CLOSE_CONNECTION);
    return 0;
}

/* One handler for all paths, on the path that is taken when no other fits: routes, and with them the checks above, are ours. */
void requests_configure(h2o_hostconf_t *host)
{
    h2o_create_handler(&host->fallback_path, sizeof(h2o_handler_t))->on_req = on_request;
}

const struct http_view *http_request_view(const struct http_request *request)
{
    return &request->view;
}

void *http_request_alloc(struct http_request *request, size_t len)
{
    return h2o_mem_alloc_pool(&request->req->pool, len);
}
