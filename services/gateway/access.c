#include "services/gateway/access.h"

#include "common/auth/auth.h"
#include "common/log/log.h"
#include "services/gateway/handlers.h"
#include "services/gateway/server.h"

#include <pthread.h>
#include <stdlib.h>

enum { STATEMENT_MAX = 8192 };

struct access {
    struct auth *auth; /**< NULL: everybody is served */
    char challenge[128];
    bool client_required, pin;
    /* Held for reading while a request goes on that had to wait: once `stopping` is set under it nothing goes on any more. */
    pthread_rwlock_t gate;
    bool stopping;
};

/* ---- life ---- */

static bool is_set(const char *text)
{
    return text && *text;
}

static status check(const struct gateway_settings *set, struct reason *why)
{
    bool needs_ca = set->client_required || set->pin;
    if (needs_ca && (!is_set(set->client_ca) || !is_set(set->https))) {
        reason_set(why, "client_ca_missing",
                   "client-required and pin need client-ca and https: whose certificates would be believed?");
        return ST_INVALID;
    }
    if (is_set(set->users) && (!is_set(set->realm) || strpbrk(set->realm, "\"\\\r\n") || strlen(set->realm) > 80)) {
        reason_set(why, "realm_invalid", "realm: 1 to 80 characters without quotes and backslashes");
        return ST_INVALID;
    }
    return ST_OK;
}

status access_new(const struct gateway_settings *set, struct access **out, struct reason *why)
{
    status st = check(set, why);
    if (st != ST_OK)
        return st;
    AUTO(access_destroy) struct access *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NO_MEMORY;
    pthread_rwlock_init(&a->gate, NULL);
    a->client_required = set->client_required;
    a->pin = set->pin;
    if (is_set(set->users)) {
        snprintf(a->challenge, sizeof a->challenge, "Basic realm=\"%s\"", set->realm);
        st = auth_new(set->users, &a->auth, why);
    }
    if (st == ST_OK)
        *out = STEAL(a);
    return st;
}

status access_refresh(struct access *a, bool force, bool *changed, struct reason *why)
{
    *changed = false;
    return a->auth ? auth_refresh(a->auth, force, changed, why) : ST_OK;
}

void access_stop(struct access *a)
{
    pthread_rwlock_wrlock(&a->gate);
    a->stopping = true;
    pthread_rwlock_unlock(&a->gate);
    if (a->auth)
        auth_stop(a->auth);
}

void access_destroy(struct access *a)
{
    if (!a)
        return;
    auth_destroy(a->auth);
    pthread_rwlock_destroy(&a->gate);
    free(a);
}

const char *access_challenge(const struct access *a)
{
    return a && a->auth ? a->challenge : NULL;
}

/* On the loop's thread again. */
static void go_on(void *ctx, struct http_request *request)
{
    struct exchange *x = ctx;
    struct access *a = x->gateway->access;
    (void)request;
    pthread_rwlock_rdlock(&a->gate);
    if (a->stopping)
        exchange_refuse(x, REFUSE_stopping, NULL);
    else
        gateway_serve(x);
    pthread_rwlock_unlock(&a->gate);
}

/* ---- user and password ---- */

static void refuse_auth(struct exchange *x, enum auth_verdict verdict)
{
    static const enum refusal refusals[] = {
        [AUTH_MISSING] = REFUSE_auth_missing,
        [AUTH_WRONG] = REFUSE_auth_wrong,
        [AUTH_LIMITED] = REFUSE_auth_limited,
        [AUTH_BUSY] = REFUSE_auth_busy,
    };
    exchange_refuse(x, refusals[verdict], NULL);
}

static void auth_done(void *ctx, enum auth_verdict verdict)
{
    struct exchange *x = ctx;
    if (verdict == AUTH_YES)
        http_resume(x->request, go_on, x);
    else
        refuse_auth(x, verdict);
}

bool access_client(struct exchange *x)
{
    const struct access *a = x->gateway->access;
    x->phase = "access";
    if (a->client_required && !x->view->client_key.data) {
        exchange_refuse(x, REFUSE_certificate_missing, NULL);
        return false;
    }
    if (!a->auth)
        return true;
    struct view client = {(const char *)x->view->from.bytes, x->view->from.len};
    enum auth_verdict verdict = auth_check(a->auth, x->view->authorization, client, auth_done, x);
    if (verdict != AUTH_YES && verdict != AUTH_LATER)
        refuse_auth(x, verdict);
    return verdict == AUTH_YES;
}

/* ---- pins ---- */

struct pin_question {
    struct exchange *x;
    bool refused;
    enum refusal refusal;
};

static void add_device(struct db *db, struct buffer *sql, struct view deviceid)
{
    buffer_text(sql, "LEFT(");
    db_quote(db, sql, deviceid);
    buffer_text(sql, ",255)");
}

/* @param pinned  its key, "" when there is none */
static status read_pin(struct db *db, struct view deviceid, char pinned[static 65])
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    buffer_text(&sql, "SELECT KEY_SHA256 FROM muster_pin WHERE DEVICEID=");
    add_device(db, &sql, deviceid);
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    snprintf(pinned, 65, "%.*s", row ? (int)row[0].len : 0, row ? row[0].data : "");
    return st;
}

/* The first certificate that a device shows; of two at once the first row stays. */
static status write_pin(struct db *db, const struct exchange *x)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    buffer_text(&sql, "INSERT IGNORE INTO muster_pin (DEVICEID,KEY_SHA256,PINNED) VALUES (");
    add_device(db, &sql, x->deviceid);
    buffer_char(&sql, ',');
    db_quote(db, &sql, x->view->client_key);
    buffer_text(&sql, ",UTC_TIMESTAMP())");
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, NULL);
    if (st == ST_OK && db_affected_rows(db) > 0)
        log_info("device pinned", LOG_VIEW("device", x->deviceid), LOG_TEXT("phase", "access"),
                 LOG_VIEW("agent", x->agent), LOG_VIEW("key", x->view->client_key));
    return st;
}

static status compare_pin(struct db *db, struct pin_question *q)
{
    const struct exchange *x = q->x;
    char pinned[65];
    status st = read_pin(db, x->deviceid, pinned);
    if (st == ST_OK && !pinned[0] && x->view->client_key.data) {
        st = write_pin(db, x);
        if (st == ST_OK)
            st = read_pin(db, x->deviceid, pinned);
    }
    if (st != ST_OK || !pinned[0])
        return st;
    q->refused = !view_is(x->view->client_key, pinned);
    q->refusal = x->view->client_key.data ? REFUSE_certificate_mismatch : REFUSE_certificate_needed;
    return ST_OK;
}

static status ask_pin(struct db *db, void *ctx)
{
    struct pin_question *q = ctx;
    q->refused = false;
    status st = db ? compare_pin(db, q) : ST_UNAVAILABLE;
    if (st == ST_OK || (db && st == ST_UNAVAILABLE))
        return st;
    q->refused = true; /* who cannot be checked is not let in */
    q->refusal = REFUSE_database_away;
    if (db)
        log_warning("cannot look up the certificate of a device", LOG_VIEW("device", q->x->deviceid),
                    LOG_TEXT("phase", "access"), LOG_TEXT("reason", "database_away"),
                    LOG_TEXT("database", db_error(db)));
    return ST_OK;
}

static void pin_asked(void *ctx)
{
    struct pin_question *q = ctx;
    struct exchange *x = q->x;
    if (q->refused) {
        exchange_refuse(x, q->refusal, NULL);
        return;
    }
    x->is_pinned = true;
    http_resume(x->request, go_on, x);
}

bool access_device(struct exchange *x)
{
    if (!x->gateway->access->pin || x->is_pinned)
        return true;
    struct pin_question *q = http_request_alloc(x->request, sizeof *q);
    if (!q) {
        exchange_refuse(x, REFUSE_no_memory, NULL);
        return false;
    }
    x->phase = "access";
    *q = (struct pin_question){.x = x};
    static const struct lookup_kind pin = {.ask = ask_pin, .done = pin_asked};
    if (lookup_submit(x->gateway->lookup, &pin, q) != ST_OK)
        exchange_refuse(x, REFUSE_lookup_busy, NULL);
    return false;
}
