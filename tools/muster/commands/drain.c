/* muster drain: returns when no gateway has anything left in its spool. Called after every request by tests, so it has to be
 * quick: one kept connection for each gateway, asked every few milliseconds. */
#include "common/base/clock.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/admin_client.h"
#include "tools/muster/run/state.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 1 << 20, GATEWAYS_MAX = 64 };

struct gateway {
    const struct state_service *service;
    struct admin_client *client;
    long long pending; /* -1: it does not answer */
};

static void ask(struct gateway *g, struct buffer *body)
{
    long code = 0;
    g->pending = -1;
    if (admin_client_get(g->client, "/status", body, &code) != ST_OK)
        return;
    json_t *json = json_loadb(body->data, body->len, 0, NULL);
    const json_t *pending = json_object_get(json_object_get(json, "spool"), "pending");
    if (json_is_integer(pending))
        g->pending = json_integer_value(pending);
    json_decref(json);
}

static bool all_empty(struct gateway *gateways, size_t count, struct buffer *body)
{
    bool empty = true;
    for (size_t i = 0; i < count; i++) {
        ask(&gateways[i], body);
        empty = empty && gateways[i].pending == 0;
    }
    return empty;
}

static void say_left(const struct gateway *gateways, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (gateways[i].pending > 0)
            fprintf(stderr, "muster: %s still has %lld uploads that are not in the database\n",
                    gateways[i].service->name, gateways[i].pending);
        else if (gateways[i].pending < 0)
            fprintf(stderr, "muster: %s does not answer (log: %s)\n", gateways[i].service->name,
                    gateways[i].service->log);
}

static size_t open_gateways(const struct state *state, struct gateway *out)
{
    size_t count = 0;
    for (size_t i = 0; i < state->count && count < GATEWAYS_MAX; i++) {
        const struct state_service *s = &state->services[i];
        if (strcmp(s->kind, "gateway") != 0)
            continue;
        out[count] = (struct gateway){.service = s, .client = admin_client_new(s->admin)};
        if (out[count].client)
            count++;
    }
    return count;
}

int command_drain(const struct options *options)
{
    static const struct timespec pause = {0, 5 * 1000000L};
    struct folder folder;
    struct reason why;
    AUTO(state_free) struct state *state = NULL;
    if (folder_find(options->data, &folder, &why) != ST_OK || state_read(&folder, &state, &why) != ST_OK)
        return complain(&why), EXIT_NOT_RUNNING;
    struct gateway gateways[GATEWAYS_MAX];
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    size_t count = open_gateways(state, gateways);
    int64_t deadline_ms = clock_steady_ms() + options->timeout_s * 1000;
    bool empty;
    while (!(empty = all_empty(gateways, count, &body)) && clock_steady_ms() < deadline_ms)
        nanosleep(&pause, NULL);
    if (!empty)
        say_left(gateways, count);
    for (size_t i = 0; i < count; i++)
        admin_client_free(gateways[i].client);
    buffer_clear(&body);
    return empty ? EXIT_CLEAN : EXIT_FAILED;
}
