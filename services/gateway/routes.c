/*
 * Which request goes where (protocol.md 1.1). The first row that fits is taken.
 */
#include "services/gateway/access.h"
#include "services/gateway/handlers.h"

#include "common/base/clock.h"
#include "services/gateway/server.h"

#include <ctype.h>

typedef bool path_test(struct view path, struct view *found);

static bool any_path(struct view path, struct view *found)
{
    *found = path;
    return true;
}

/** The text behind the last `mark`, absent when there is none. */
static struct view behind_last(struct view path, const char *mark)
{
    size_t len = strlen(mark);
    for (size_t i = path.len; i >= len; i--)
        if (memcmp(path.data + i - len, mark, len) == 0)
            return (struct view){path.data + i, path.len - i};
    return VIEW_ABSENT;
}

/** .../deploy/NAME or .../deploy/NAME/ */
static bool is_deploy(struct view path, struct view *found)
{
    struct view name = behind_last(path, "/deploy/");
    if (name.len && name.data[name.len - 1] == '/')
        name.len--;
    *found = name;
    return name.len && !memchr(name.data, '/', name.len);
}

/** .../update/A/B/DIGITS: A and B any text, what follows the first digit does not matter. */
static bool is_update(struct view path, struct view *found)
{
    struct view rest = {memmem(path.data, path.len, "/update/", 8), 0};
    if (!rest.data)
        return false;
    rest = (struct view){rest.data + 8, path.len - (size_t)(rest.data + 8 - path.data)};
    *found = rest;
    size_t parts = 0;
    for (size_t i = 1; i + 1 < rest.len; i++) {
        if (rest.data[i] != '/' || rest.data[i - 1] == '/')
            continue;
        if (++parts >= 2 && isdigit((unsigned char)rest.data[i + 1]))
            return true;
    }
    return false;
}

static void refuse_path(struct exchange *x, struct view unused)
{
    (void)unused;
    exchange_refuse(x, REFUSE_path, NULL);
}

static void refuse_method(struct exchange *x, struct view unused)
{
    (void)unused;
    exchange_refuse(x, REFUSE_method, NULL);
}

static const struct {
    const char *method; /**< NULL: any other */
    path_test *fits;
    void (*handle)(struct exchange *x, struct view found);
} routes[] = {
    {"POST", any_path, handle_request}, {"GET", is_deploy, handle_get_deploy}, {"GET", is_update, handle_get_update},
    {"GET", any_path, refuse_path},     {NULL, any_path, refuse_method},
};

void gateway_serve(struct exchange *x)
{
    x->phase = "request";
    for (size_t i = 0; i < COUNT(routes); i++) {
        struct view found;
        if (routes[i].method && !view_is(x->view->method, routes[i].method))
            continue;
        if (routes[i].fits(x->view->path, &found)) {
            routes[i].handle(x, found);
            return;
        }
    }
}

static bool is_within_rate(struct gateway *g, const struct http_request *request)
{
    const struct upload_address *from = &http_request_view(request)->from;
    return rate_limit_admits(g->rate, from, clock_steady_ms()) || trusted_contains(g->trusted, from);
}

void gateway_route(void *ctx, struct http_request *request)
{
    if (!is_within_rate(ctx, request)) {
        refuse(request, &(struct refused){.phase = "request"}, REFUSE_rate, NULL);
        return;
    }
    struct exchange *x = exchange_new(ctx, request);
    if (x && access_client(x))
        gateway_serve(x);
}
