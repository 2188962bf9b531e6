#include "common/http/inner.h"

#include "common/base/clock.h"
#include "common/http/chunks.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

/* ---- settings ---- */

enum { THREADS_MAX = 64 };

#define DEFAULT(field, value) set->field = set->field ? set->field : (value)

static void fill_defaults(struct http_settings *set)
{
    DEFAULT(unix_mode, 0660);
    DEFAULT(threads, 1);
    DEFAULT(body_max, (size_t)32 << 20);
    DEFAULT(bodies_max, (size_t)512 << 20);
    DEFAULT(connections_max, 10000);
    DEFAULT(request_ms, 120000);
    DEFAULT(idle_ms, set->request_ms);
    DEFAULT(rate_min, 500);
    DEFAULT(handshake_ms, 10000);
    DEFAULT(retry_after_s, 30);
}

static bool is_set(const char *text)
{
    return text && *text;
}

static status check_settings(const struct http_settings *set, struct reason *why)
{
    if (set->threads > THREADS_MAX) {
        reason_set(why, "threads_invalid", "%u event loops; at most %d", set->threads, THREADS_MAX);
        return ST_INVALID;
    }
    if (is_set(set->https) && !set->tls) {
        reason_set(why, "tls_missing", "%s is to speak TLS, but there is no certificate", set->https);
        return ST_INVALID;
    }
    if (is_set(set->http_proxied) && !is_set(set->proxies)) {
        reason_set(why, "proxies_missing", "%s expects PROXY headers, but no proxy is trusted: name them",
                   set->http_proxied);
        return ST_INVALID;
    }
    return ST_OK;
}

/* ---- h2o's configuration ---- */

/* Bodies above 32 MiB would go to a file in the system's temporary folder, and with a read-only root the client would see a
 * reset. The setting is one of the process, read by every loop: written once. */
static void keep_bodies_in_memory(void)
{
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX;
}

static void configure(struct http_server *server)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, keep_bodies_in_memory);
    assert(chunks_are_ours()); /* only a build of ours can undo it */

    const struct http_settings *set = &server->set;
    h2o_globalconf_t *conf = &server->conf;
    h2o_config_init(conf);
    server->has_conf = true;
    conf->server_name = h2o_iovec_init(NULL, 0); /* no Server header */
    conf->max_request_entity_size = set->body_max;
    conf->handshake_timeout = set->handshake_ms;
    /* The last resort only: see note_begin() in connection.c. */
    conf->http1.req_timeout = (uint64_t)set->idle_ms + set->request_ms + set->handshake_ms;
    conf->http1.upgrade_to_http2 = 0;              /* 1 takes an upgrade and a bare HTTP/2 preface in clear text */
    conf->http2.callbacks.request_shutdown = NULL; /* starts a timer that aborts h2o_context_dispose() for a second */
    requests_configure(h2o_config_register_host(conf, h2o_iovec_init(H2O_STRLIT("default")), 65535));
    refusals_prepare(server);
    if (set->tls)
        handshakes_watch(tls_ssl_ctx(set->tls));
}

/* ---- start ---- */

static status copy_routes(struct http_server *server, const struct http_route *routes, size_t count)
{
    server->routes = calloc(count ? count : 1, sizeof *routes);
    if (!server->routes)
        return ST_NO_MEMORY;
    if (count > 0)
        memcpy(server->routes, routes, count * sizeof *routes);
    server->route_count = count;
    return ST_OK;
}

static status open_listener(struct http_server *server, enum listener kind, const char *address, struct reason *why)
{
    int fds[THREADS_MAX];
    if (!is_set(address))
        return ST_OK;
    status st = listen_open(address, server->set.unix_mode, fds, server->set.threads, server->bound[kind], why);
    for (unsigned i = 0; st == ST_OK && i < server->set.threads; i++)
        server->loops[i].acceptors[kind].fd = fds[i];
    return st;
}

static status make_loops(struct http_server *server)
{
    server->loops = calloc(server->set.threads, sizeof *server->loops);
    if (!server->loops)
        return ST_NO_MEMORY;
    for (unsigned i = 0; i < server->set.threads; i++) {
        struct loop *loop = &server->loops[i];
        loop->server = server;
        loop->number = i;
        for (int kind = 0; kind < LISTENER_COUNT; kind++)
            loop->acceptors[kind] = (struct acceptor){.loop = loop, .kind = (enum listener)kind, .fd = -1};
    }
    return ST_OK;
}

static status start_threads(struct http_server *server, struct reason *why)
{
    for (; server->started < server->set.threads; server->started++) {
        struct loop *loop = &server->loops[server->started];
        int err = pthread_create(&loop->thread, NULL, loop_run, loop);
        if (err) {
            reason_set(why, "thread_failed", "cannot start a thread: %s", strerror(err));
            return ST_IO;
        }
    }
    return ST_OK;
}

static void wait_for(struct http_server *server, const unsigned *count)
{
    pthread_mutex_lock(&server->lock);
    while (*count < server->started)
        pthread_cond_wait(&server->changed, &server->lock);
    pthread_mutex_unlock(&server->lock);
}

static struct http_server *server_new(const struct http_settings *set)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (!server)
        return NULL;
    server->set = *set;
    fill_defaults(&server->set);
    pthread_mutex_init(&server->lock, NULL);
    clock_cond_init(&server->changed);
    return server;
}

static status open_all(struct http_server *server, const struct http_settings *set, struct reason *why)
{
    status st = open_listener(server, LISTENER_HTTP, set->http, why);
    if (st == ST_OK)
        st = open_listener(server, LISTENER_HTTPS, set->https, why);
    if (st == ST_OK)
        st = open_listener(server, LISTENER_PROXIED, set->http_proxied, why);
    return st;
}

status http_server_new(const struct http_settings *set, const struct http_route *routes, size_t route_count,
                       struct http_server **out, struct reason *why)
{
    AUTO(http_server_destroy) struct http_server *server = server_new(set);
    if (!server)
        return ST_NO_MEMORY;
    status st = check_settings(&server->set, why);
    if (st == ST_OK)
        st = networks_parse(set->proxies, &server->proxies, why);
    if (st == ST_OK)
        st = copy_routes(server, routes, route_count);
    if (st == ST_OK)
        st = make_loops(server);
    if (st == ST_OK)
        st = open_all(server, set, why);
    if (st != ST_OK)
        return st;
    configure(server);
    st = start_threads(server, why);
    wait_for(server, &server->ready);
    if (st == ST_OK)
        *out = STEAL(server);
    return st;
}

const char *http_server_address(const struct http_server *s, bool https)
{
    return s->bound[https ? LISTENER_HTTPS : LISTENER_HTTP];
}

const char *http_server_proxied_address(const struct http_server *s)
{
    return s->bound[LISTENER_PROXIED];
}

/* ---- end ---- */

/* Under the lock, which a loop takes once before it ends: it must not close its queue while it is being woken through it. */
static void enter_stage(struct http_server *server, enum stage stage)
{
    pthread_mutex_lock(&server->lock);
    atomic_store(&server->stage, (int)stage);
    for (unsigned i = 0; i < server->started; i++)
        h2o_multithread_send_message(&server->loops[i].answers, NULL);
    pthread_mutex_unlock(&server->lock);
}

static void wait_until_empty(struct http_server *server, int wait_ms)
{
    const struct timespec until = clock_after(wait_ms);
    pthread_mutex_lock(&server->lock);
    while (server->empty < server->started &&
           pthread_cond_timedwait(&server->changed, &server->lock, &until) != ETIMEDOUT)
        ;
    pthread_mutex_unlock(&server->lock);
}

static void remove_socket_files(struct http_server *server)
{
    for (int kind = 0; kind < LISTENER_COUNT; kind++) {
        listen_remove(server->bound[kind]);
        server->bound[kind][0] = 0;
    }
}

size_t http_server_drain(struct http_server *s, int wait_ms)
{
    if (atomic_load(&s->stage) != STAGE_SERVE)
        return s->busy_at_cut;
    enter_stage(s, STAGE_DRAIN);
    remove_socket_files(s); /* nobody new can come through them */
    wait_until_empty(s, wait_ms > 0 ? wait_ms : 0);
    enter_stage(s, STAGE_CUT);
    wait_for(s, &s->cut);
    return s->busy_at_cut;
}

static void release_loops(struct http_server *server)
{
    for (unsigned i = 0; server->loops && i < server->set.threads; i++)
        for (int kind = 0; kind < LISTENER_COUNT; kind++)
            if (server->loops[i].acceptors[kind].fd >= 0)
                close(server->loops[i].acceptors[kind].fd);
    free(server->loops);
}

void http_server_destroy(struct http_server *s)
{
    if (!s)
        return;
    if (s->started > 0) {
        (void)http_server_drain(s, 0); /* the caller who wants the number drains himself */
        enter_stage(s, STAGE_FINISH);
    }
    for (unsigned i = 0; i < s->started; i++)
        pthread_join(s->loops[i].thread, NULL);
    remove_socket_files(s);
    release_loops(s);
    if (s->has_conf)
        h2o_config_dispose(&s->conf);
    free(s->routes);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
