#include "common/admin/admin.h"

#include "common/admin/status_page.h"
#include "common/base/clock.h"
#include "common/http/http.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "version.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>

enum {
    CONDITIONS_MAX = 32,
    PAGE_MAX = 1 << 20,
    EVENTS_MAX = 200,
    QUESTION_MAX = 256,
    CONNECTIONS_MAX = 64,
    REQUEST_MS = 10000,
    BODY_MAX = 4096,
    STOP_MS = 1000,
};

struct admin {
    const char *service;
    const char *const *conditions;
    size_t condition_count;
    int64_t started_ms;
    struct http_server *server; /**< NULL: no port */

    pthread_mutex_t lock; /**< of the three below */
    bool holds[CONDITIONS_MAX];
    struct reason last_error; /**< its code is "" when there was none */
    int64_t last_error_us;

    pthread_mutex_t status_lock; /**< of those below, also while they run: who takes one back waits for its end */
    admin_status_fn *status;
    void *status_ctx;
    admin_device_fn *device;
    void *device_ctx;
};

/* ---- pages ---- */

static void answer_page(struct http_request *request, int code, const char *type, const struct buffer *page)
{
    if (buffer_status(page) != ST_OK) {
        http_answer_status(request, 500, "page too long\n");
        return;
    }
    http_answer(request,
                &(struct http_response){
                    .status = code, .content_type = type, .cache_control = "no-store", .body = buffer_view(page)});
}

/* A route takes what is below its path, too; and these pages change nothing, so they are only read. */
static bool is_page(struct http_request *request, const char *path)
{
    const struct http_view *view = http_request_view(request);
    bool is_read = view_is(view->method, "GET") || view_is(view->method, "HEAD");
    if (!view_is(view->path, path))
        http_answer_status(request, 404, "no such page\n");
    else if (!is_read)
        http_answer_status(request, 405, "only GET\n");
    return view_is(view->path, path) && is_read;
}

static const char text_type[] = "text/plain; charset=utf-8";

static void on_healthz(void *ctx, struct http_request *request)
{
    (void)ctx;
    if (is_page(request, "/healthz"))
        http_answer(request,
                    &(struct http_response){.status = 200, .content_type = text_type, .body = VIEW_LITERAL("ok\n")});
}

/* One line: the names of the conditions that do not hold. */
static bool print_missing(struct admin *a, struct buffer *out)
{
    bool is_ready = true;
    pthread_mutex_lock(&a->lock);
    for (size_t i = 0; i < a->condition_count; i++) {
        if (a->holds[i])
            continue;
        buffer_format(out, "%s%s", is_ready ? "not ready: " : ", ", a->conditions[i]);
        is_ready = false;
    }
    pthread_mutex_unlock(&a->lock);
    buffer_text(out, is_ready ? "ready\n" : "\n");
    return is_ready;
}

static void on_readyz(void *ctx, struct http_request *request)
{
    if (!is_page(request, "/readyz"))
        return;
    AUTO(buffer_clear) struct buffer page = BUFFER_INIT(PAGE_MAX);
    bool is_ready = print_missing(ctx, &page);
    answer_page(request, is_ready ? 200 : 503, text_type, &page);
}

static void on_metrics(void *ctx, struct http_request *request)
{
    (void)ctx;
    if (!is_page(request, "/metrics"))
        return;
    AUTO(buffer_clear) struct buffer page = BUFFER_INIT(PAGE_MAX);
    metrics_print(&page);
    answer_page(request, 200, "text/plain; version=0.0.4; charset=utf-8", &page);
}

static void print_conditions(struct admin *a, struct buffer *out)
{
    bool is_ready = true;
    for (size_t i = 0; i < a->condition_count; i++)
        is_ready = is_ready && a->holds[i];
    buffer_format(out, "\"ready\":%s,\"conditions\":{", is_ready ? "true" : "false");
    for (size_t i = 0; i < a->condition_count; i++) {
        buffer_text(out, i > 0 ? "," : "");
        json_text(out, a->conditions[i]);
        buffer_text(out, a->holds[i] ? ":true" : ":false");
    }
    buffer_text(out, "},");
}

static void print_last_error(struct admin *a, struct buffer *out)
{
    buffer_text(out, "\"last_error\":");
    if (!a->last_error.code[0]) {
        buffer_text(out, "null,");
        return;
    }
    buffer_text(out, "{\"time\":");
    json_time(out, a->last_error_us);
    buffer_text(out, ",\"code\":");
    json_text(out, a->last_error.code);
    buffer_text(out, ",\"text\":");
    json_text(out, a->last_error.text);
    buffer_text(out, "},");
}

static void print_metrics(struct buffer *out)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(PAGE_MAX);
    metrics_print(&text);
    buffer_text(out, "\"metrics\":");
    json_metrics(out, buffer_view(&text));
}

static void print_status(struct admin *a, struct buffer *out)
{
    buffer_text(out, "{\"service\":");
    json_text(out, a->service);
    buffer_text(out, ",\"version\":");
    json_text(out, MUSTER_VERSION);
    buffer_format(out, ",\"pid\":%ld,\"uptime_s\":%" PRId64 ",", (long)getpid(),
                  (clock_steady_ms() - a->started_ms) / 1000);
    pthread_mutex_lock(&a->lock);
    print_conditions(a, out);
    print_last_error(a, out);
    pthread_mutex_unlock(&a->lock);
    pthread_mutex_lock(&a->status_lock);
    if (a->status)
        a->status(a->status_ctx, out);
    pthread_mutex_unlock(&a->status_lock);
    print_metrics(out);
    buffer_text(out, "}\n");
}

static void on_status(void *ctx, struct http_request *request)
{
    if (!is_page(request, "/status"))
        return;
    AUTO(buffer_clear) struct buffer page = BUFFER_INIT(PAGE_MAX);
    print_status(ctx, &page);
    answer_page(request, 200, "application/json", &page);
}

static void print_events(struct admin *a, struct view device, struct view from, struct buffer *out)
{
    buffer_text(out, "{\"service\":");
    json_text(out, a->service);
    buffer_char(out, ',');
    pthread_mutex_lock(&a->status_lock);
    if (a->device)
        a->device(a->device_ctx, device, out);
    pthread_mutex_unlock(&a->status_lock);
    buffer_text(out, "\"events\":[");
    log_recall(device, from, EVENTS_MAX, out);
    buffer_text(out, "]}\n");
}

static void on_events(void *ctx, struct http_request *request)
{
    char device[QUESTION_MAX], from[QUESTION_MAX];
    if (!is_page(request, "/events"))
        return;
    struct view query = http_request_view(request)->query;
    struct view named = query_value(query, "device", device, sizeof device);
    if (named.len == 0) {
        http_answer_status(request, 400, "device=DEVICEID is missing\n");
        return;
    }
    AUTO(buffer_clear) struct buffer page = BUFFER_INIT(PAGE_MAX);
    print_events(ctx, named, query_value(query, "from", from, sizeof from), &page);
    answer_page(request, 200, "application/json", &page);
}

/* ---- start and stop ---- */

static status open_port(struct admin *a, const char *address, struct reason *why)
{
    const struct http_route routes[] = {{"/healthz", on_healthz, a},
                                        {"/readyz", on_readyz, a},
                                        {"/metrics", on_metrics, a},
                                        {"/status", on_status, a},
                                        {"/events", on_events, a}};
    const struct http_settings set = {
        .http = address,
        .unix_mode = 0600,
        .body_max = BODY_MAX,
        .connections_max = CONNECTIONS_MAX,
        .request_ms = REQUEST_MS,
    };
    return http_server_new(&set, routes, COUNT(routes), &a->server, why);
}

status admin_start(const char *address, const char *service, const char *const *conditions, struct admin **out,
                   struct reason *why)
{
    AUTO(admin_stop) struct admin *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NO_MEMORY;
    a->service = service;
    a->conditions = conditions;
    a->started_ms = clock_steady_ms();
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->status_lock, NULL);
    while (conditions && conditions[a->condition_count])
        a->condition_count++;
    assert(a->condition_count <= CONDITIONS_MAX);
    status st = address && *address ? open_port(a, address, why) : ST_OK;
    if (st == ST_OK)
        *out = STEAL(a);
    return st;
}

void admin_set(struct admin *a, const char *condition, bool holds)
{
    size_t i = 0;
    while (i < a->condition_count && strcmp(a->conditions[i], condition) != 0)
        i++;
    assert(i < a->condition_count);
    pthread_mutex_lock(&a->lock);
    a->holds[i] = holds;
    pthread_mutex_unlock(&a->lock);
}

void admin_last_error(struct admin *a, const struct reason *why)
{
    pthread_mutex_lock(&a->lock);
    a->last_error = *why;
    a->last_error_us = clock_wall_us();
    pthread_mutex_unlock(&a->lock);
}

void admin_on_status(struct admin *a, admin_status_fn *fn, void *ctx)
{
    pthread_mutex_lock(&a->status_lock);
    a->status = fn;
    a->status_ctx = ctx;
    pthread_mutex_unlock(&a->status_lock);
}

void admin_on_device(struct admin *a, admin_device_fn *fn, void *ctx)
{
    pthread_mutex_lock(&a->status_lock);
    a->device = fn;
    a->device_ctx = ctx;
    pthread_mutex_unlock(&a->status_lock);
}

void admin_stop(struct admin *a)
{
    if (!a)
        return;
    if (a->server)
        (void)http_server_drain(a->server, STOP_MS); /* what is not answered by then is nobody's loss */
    http_server_destroy(a->server);
    pthread_mutex_destroy(&a->status_lock);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
