#include "tests/unit/parser/line.h"

#include <criterion/criterion.h>
#include <stdio.h>

static bool next_upload(void *ctx, unsigned kinds, struct link_message *out)
{
    struct line_gateway *g = ctx;
    bool found = false;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->count && !found; i++) {
        if (g->uploads[i].is_out || !(kinds & UPLOAD_MASK(g->uploads[i].kind)))
            continue;
        char *copy = malloc(g->uploads[i].len);
        memcpy(copy, g->uploads[i].body, g->uploads[i].len);
        *out = (struct link_message){
            .id = {1, i}, .kind = g->uploads[i].kind, .body = copy, .len = g->uploads[i].len, .release = free};
        found = g->uploads[i].is_out = true;
    }
    pthread_mutex_unlock(&g->lock);
    return found;
}

static void hear_verdict(void *ctx, struct upload_id id, enum link_verdict verdict, const struct reason *why)
{
    struct line_gateway *g = ctx;
    pthread_mutex_lock(&g->lock);
    g->uploads[id.lo].verdict = verdict;
    snprintf(g->uploads[id.lo].code, sizeof g->uploads[id.lo].code, "%s", why ? why->code : "");
    g->uploads[id.lo].has_verdict = true;
    pthread_mutex_unlock(&g->lock);
}

static void open_gateway(struct line *l)
{
    static const struct link_settings link = {.beat_ms = 20};
    struct reason why = {0};
    const struct link_owner owner = {&l->gateway, next_upload, hear_verdict};
    cr_assert_eq(link_producer_new(l->gateway_address, &link, &owner, &l->uplink, &why), ST_OK, "%s", why.text);
}

void line_restart_gateway(struct line *l)
{
    link_producer_destroy(STEAL(l->uplink));
    for (size_t i = 0; i < l->gateway.count; i++)
        l->gateway.uploads[i].is_out = l->gateway.uploads[i].has_verdict = false;
    open_gateway(l);
}

void line_start(struct line *l, unsigned lost_max)
{
    enum { RELAY_BYTES = 1 << 20 };
    static const struct work_settings work = {.inflated_max = 1 << 20, .record_max = 1 << 20, .ratio_max = 100};
    static const char *const conditions[] = {NULL};
    static const struct link_settings link = {.beat_ms = 20};
    struct reason why = {0};
    *l = (struct line){.gateway.lock = PTHREAD_MUTEX_INITIALIZER};
    xml_library_init();
    snprintf(l->gateway_address, sizeof l->gateway_address, "ipc:///tmp/muster-test-parser-%d-gateway.sock",
             (int)getpid());
    snprintf(l->writers_address, sizeof l->writers_address, "ipc:///tmp/muster-test-parser-%d.sock", (int)getpid());
    open_gateway(l);
    cr_assert_eq(admin_start("", "parser", conditions, &l->admin, &why), ST_OK, "%s", why.text);
    cr_assert_eq(link_consumer_new(l->gateway_address, ~0u, 4, &link, &l->from, &why), ST_OK, "%s", why.text);
    cr_assert_eq(relay_new(l->writers_address, l->from, RELAY_BYTES, lost_max, &link, &l->relay, &why), ST_OK, "%s",
                 why.text);
    cr_assert_eq(worker_start(&work, l->from, l->relay, l->admin, &l->worker), ST_OK);
}

void line_stop_parser(struct line *l)
{
    if (l->from)
        link_consumer_stop(l->from);
    if (l->relay)
        relay_stop_waiting(l->relay);
    worker_join(STEAL(l->worker));
    relay_destroy(STEAL(l->relay));
    link_consumer_destroy(STEAL(l->from));
}

void line_clear(struct line *l)
{
    line_stop_parser(l);
    admin_stop(l->admin);
    link_producer_destroy(l->uplink);
    for (size_t i = 0; i < l->gateway.count; i++)
        free(l->gateway.uploads[i].body);
}

size_t line_offer(struct line *l, enum upload_kind kind, struct view body)
{
    struct line_gateway *g = &l->gateway;
    size_t number = g->count;
    const struct upload_head head = {.id = {1, number}, .kind = kind, .agent = VIEW_LITERAL("agent"), .https = true};
    char *bytes = malloc(UPLOAD_HEAD_MAX + body.len);
    size_t head_len = upload_head_encode(&head, (uint8_t *)bytes);
    memcpy(bytes + head_len, body.data, body.len);
    pthread_mutex_lock(&g->lock);
    cr_assert_lt(number, LINE_MAX);
    g->uploads[number].body = bytes;
    g->uploads[number].len = head_len + body.len;
    g->uploads[number].kind = kind;
    g->count++;
    pthread_mutex_unlock(&g->lock);
    link_producer_wake(l->uplink);
    return number;
}

struct link_consumer *line_writer(struct line *l, unsigned credit)
{
    static const struct link_settings link = {.beat_ms = 20};
    struct link_consumer *writer = NULL;
    struct reason why = {0};
    cr_assert_eq(link_consumer_new(l->writers_address, ~0u, credit, &link, &writer, &why), ST_OK, "%s", why.text);
    return writer;
}

const char *line_verdict(struct line *l, size_t number)
{
    static const char *const names[] = {
        [LINK_ACK] = "ack", [LINK_RETRY] = "retry", [LINK_REJECT] = "reject", [LINK_LOST] = "lost"};
    static char text[64];
    struct line_gateway *g = &l->gateway;
    snprintf(text, sizeof text, "nothing");
    for (int left_ms = PATIENCE_MS; left_ms > 0 && strcmp(text, "nothing") == 0; left_ms--) {
        pthread_mutex_lock(&g->lock);
        if (g->uploads[number].has_verdict)
            snprintf(text, sizeof text, "%s%s%s", names[g->uploads[number].verdict],
                     *g->uploads[number].code ? " " : "", g->uploads[number].code);
        pthread_mutex_unlock(&g->lock);
        usleep(1000);
    }
    return text;
}
