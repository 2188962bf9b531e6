#include "tools/muster/run/readiness.h"

#include "common/db/db.h"
#include "tools/muster/run/admin_client.h"

#include <jansson.h>

enum { ANSWER_MAX = 1 << 20, READY = 200 };

static bool ask_database(const char *url, struct reason *why)
{
    AUTO(db_close) struct db *db = NULL;
    struct db_target target;
    if (db_target_parse(url, &target, why) != ST_OK)
        return false;
    target.name[0] = '\0'; /* it may not be made yet */
    return db_open(&target, &db, why) == ST_OK;
}

static bool ask_service(const struct child *c, struct reason *why)
{
    AUTO(admin_client_free) struct admin_client *client = admin_client_new(c->plan->admin);
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    long code = 0;
    bool ready = client && admin_client_get(client, "/readyz", &body, &code) == ST_OK && code == READY;
    if (!ready && code)
        reason_set(why, "not_ready", "%.180s", body.data ? body.data : "");
    buffer_clear(&body);
    return ready;
}

bool readiness_ask(const struct child *c, const char *database, struct reason *why)
{
    return c->plan->kind == CHILD_DATABASE ? ask_database(database, why) : ask_service(c, why);
}

/* The service's /status as JSON, or NULL. */
static json_t *status_of(const struct child *c)
{
    AUTO(admin_client_free) struct admin_client *client = admin_client_new(c->plan->admin);
    struct buffer body = BUFFER_INIT(ANSWER_MAX);
    long code = 0;
    json_t *json = NULL;
    if (client && admin_client_get(client, "/status", &body, &code) == ST_OK && code == READY)
        json = json_loadb(body.data, body.len, 0, NULL);
    buffer_clear(&body);
    return json;
}

static void take(const json_t *json, const char *key, char *out, size_t room)
{
    const char *text = json_string_value(json_object_get(json, key));
    if (text)
        snprintf(out, room, "%s", text);
}

void readiness_addresses(struct child *c)
{
    json_t *json = status_of(c);
    take(json, "http", c->http, sizeof c->http);
    take(json, "https", c->https, sizeof c->https);
    json_decref(json);
}

void readiness_certificate(const struct child *c, struct certificate_note *out)
{
    json_t *json = status_of(c);
    *out = (struct certificate_note){.self_signed = json_is_true(json_object_get(json, "self_signed"))};
    take(json, "certificate", out->path, sizeof out->path);
    take(json, "fingerprint", out->fingerprint, sizeof out->fingerprint);
    json_decref(json);
}
