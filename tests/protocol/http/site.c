#include "tests/protocol/http/site.h"

#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

enum { SITE_WAIT_MS = 10000 };

static void answer_facts(struct http_request *request)
{
    const struct http_view *v = http_request_view(request);
    char text[1024], from[UPLOAD_ADDRESS_TEXT];
    int len = snprintf(
        text, sizeof text, "%.*s %.*s query=%.*s agent=%.*s from=%s https=%d http10=%d body=%zu sum=%08x",
        (int)v->method.len, v->method.data, (int)v->path.len, v->path.data, (int)v->query.len,
        v->query.data ? v->query.data : "", (int)v->agent.len, v->agent.data ? v->agent.data : "",
        upload_address_text(&v->from, from), v->https, v->http10, v->body.len, crc32c(0, v->body.data, v->body.len));
    http_answer(request, &(struct http_response){.status = 200,
                                                 .content_type = "text/plain",
                                                 .cache_control = "no-cache",
                                                 .body = {text, (size_t)len}});
}

static void on_echo(void *ctx, struct http_request *request)
{
    (void)ctx;
    answer_facts(request);
}

static void on_secret(void *ctx, struct http_request *request)
{
    struct site *site = ctx;
    atomic_fetch_add(&site->secrets, 1);
    answer_facts(request);
}

static void on_big(void *ctx, struct http_request *request)
{
    struct site *site = ctx;
    http_answer(request, &(struct http_response){.status = 200, .body = {site->big, SITE_BIG}});
}

static void keep(struct site *site, struct http_request **list, size_t *count, struct http_request *request)
{
    pthread_mutex_lock(&site->lock);
    cr_assert_lt(*count, SITE_HELD_MAX);
    list[(*count)++] = request;
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->lock);
}

static void on_later(void *ctx, struct http_request *request)
{
    struct site *site = ctx;
    keep(site, site->later, &site->later_count, request);
}

static void on_hold(void *ctx, struct http_request *request)
{
    struct site *site = ctx;
    keep(site, site->held, &site->held_count, request);
}

static void *work(void *ctx)
{
    struct site *site = ctx;
    pthread_mutex_lock(&site->lock);
    while (!site->stop || site->later_count > 0) {
        if (site->later_count == 0) {
            pthread_cond_wait(&site->changed, &site->lock);
            continue;
        }
        struct http_request *request = site->later[--site->later_count];
        pthread_mutex_unlock(&site->lock);
        answer_facts(request);
        pthread_mutex_lock(&site->lock);
    }
    pthread_mutex_unlock(&site->lock);
    return NULL;
}

struct site *site_new(const struct http_settings *set)
{
    struct site *site = calloc(1, sizeof *site);
    cr_assert(site);
    cr_assert(site->big = calloc(1, SITE_BIG));
    pthread_mutex_init(&site->lock, NULL);
    pthread_cond_init(&site->changed, NULL);
    const struct http_route routes[] = {{"/echo", on_echo, site},
                                        {"/later", on_later, site},
                                        {"/hold", on_hold, site},
                                        {"/big", on_big, site},
                                        {"/secret", on_secret, site}};
    struct reason why = {0};
    cr_assert_eq(http_server_new(set, routes, COUNT(routes), &site->server, &why), ST_OK, "%s", why.text);
    cr_assert_eq(pthread_create(&site->worker, NULL, work, site), 0);
    return site;
}

struct site *site_plain(void)
{
    return site_new(&(struct http_settings){.http = "127.0.0.1:0"});
}

const char *site_address(const struct site *site)
{
    return http_server_address(site->server, false);
}

void site_wait_held(struct site *site, size_t count)
{
    pthread_mutex_lock(&site->lock);
    while (site->held_count < count)
        pthread_cond_wait(&site->changed, &site->lock);
    pthread_mutex_unlock(&site->lock);
}

void site_release(struct site *site)
{
    pthread_mutex_lock(&site->lock);
    for (size_t i = 0; i < site->held_count; i++)
        answer_facts(site->held[i]);
    site->held_count = 0;
    pthread_mutex_unlock(&site->lock);
}

bool site_wait_metric(metric *counter, int64_t want)
{
    int64_t until = clock_steady_ms() + SITE_WAIT_MS;
    while (metric_get(counter) != want && clock_steady_ms() < until)
        usleep(5000);
    return metric_get(counter) == want;
}

void site_free(struct site *site)
{
    if (!site)
        return;
    site_release(site);
    pthread_mutex_lock(&site->lock);
    site->stop = true;
    pthread_cond_broadcast(&site->changed);
    pthread_mutex_unlock(&site->lock);
    pthread_join(site->worker, NULL);
    http_server_destroy(site->server);
    pthread_cond_destroy(&site->changed);
    pthread_mutex_destroy(&site->lock);
    free(site->big);
    free(site);
}
