#include "services/gateway/admission.h"

#include "common/log/log.h"
#include "services/gateway/server.h"

enum { STATEMENT_MAX = 8192 };

static bool needs_sessions(const struct ocs_config *config)
{
    return config->inventory_session_only != 0 && config->session_validity_time != 0;
}

struct admission admission_of(struct exchange *x)
{
    struct ocs_config config;
    lookup_config(x->gateway->lookup, &config);
    struct admission a = {
        .sessions = needs_sessions(&config),
        .ocs_sessions = x->gateway->set->ocs_sessions,
        .flood = config.inventory_filter_on && config.inventory_filter_flood_ip,
        .validity_s = config.session_validity_time,
        .cache_s = config.inventory_filter_flood_ip_cache_time,
    };
    if ((!a.sessions && !a.flood) || trusted_contains(x->gateway->trusted, &x->view->from))
        return (struct admission){0};
    int64_t received_us;
    a.pending = spool_inventory_pending(x->gateway->spool, x->device_hash, &received_us);
    upload_address_text(&x->view->from, a.address);
    return a;
}

static void refuse_with(struct admission *a, enum refusal r)
{
    a->refused = true;
    a->refusal = r;
}

static status run(struct db *db, const struct buffer *sql, struct db_rows **rows)
{
    status st = buffer_status(sql);
    return st == ST_OK ? db_query(db, sql->data, sql->len, rows) : st;
}

/* Keys are cut as their column cuts them. */
static void add_key(struct db *db, struct buffer *sql, struct view deviceid)
{
    buffer_text(sql, "LEFT(");
    db_quote(db, sql, deviceid);
    buffer_text(sql, ",255)");
}

static status has_row(struct db *db, const struct buffer *sql, bool *has)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = run(db, sql, &rows);
    *has = st == ST_OK && db_rows_count(rows) > 0;
    return st;
}

/* ---- flood ---- */

/* Of the table's rows each is an address that brought a new device; its primary key says who comes second. */
static status ask_flood(struct admission *a, struct db *db, struct view deviceid)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    bool known = a->pending;
    buffer_text(&sql, "SELECT 1 FROM hardware WHERE DEVICEID=");
    db_quote(db, &sql, deviceid);
    buffer_text(&sql, " LIMIT 1");
    status st = known ? ST_OK : has_row(db, &sql, &known);
    if (st != ST_OK || known)
        return st;
    st = db_exec(db, "DELETE FROM conntrack WHERE TIMESTAMP<NOW()-INTERVAL %lld SECOND", (long long)a->cache_s);
    if (st != ST_OK)
        return st;
    buffer_reset(&sql);
    buffer_text(&sql, "INSERT IGNORE INTO conntrack (IP) VALUES (");
    db_quote(db, &sql, view_of(a->address));
    buffer_char(&sql, ')');
    st = run(db, &sql, NULL);
    if (st == ST_OK && db_affected_rows(db) == 0)
        refuse_with(a, REFUSE_flood);
    return st;
}

/* ---- sessions ---- */

static status ask_ocs_session(const struct admission *a, struct db *db, struct view deviceid, bool *has)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    buffer_format(&sql, "SELECT 1 FROM prolog_conntrack WHERE TIMESTAMP>UNIX_TIMESTAMP()-%lld AND DEVICEID=",
                  (long long)a->validity_s);
    add_key(db, &sql, deviceid);
    buffer_text(&sql, " LIMIT 1");
    return has_row(db, &sql, has);
}

static status ask_session(struct admission *a, struct db *db, struct view deviceid)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    bool has;
    buffer_format(&sql, "SELECT 1 FROM muster_session WHERE STARTED>UNIX_TIMESTAMP()-%lld AND DEVICEID=",
                  (long long)a->validity_s);
    add_key(db, &sql, deviceid);
    status st = has_row(db, &sql, &has);
    if (st == ST_OK && !has && a->ocs_sessions)
        st = ask_ocs_session(a, db, deviceid, &has);
    if (st == ST_OK && !has)
        refuse_with(a, REFUSE_session_missing);
    return st;
}

/* As OCS writes it: a row for each time, removed by the INVENTORY or by OCS's own cleaning. */
static status begin_ocs_session(struct db *db, struct view deviceid)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    buffer_text(&sql, "INSERT INTO prolog_conntrack (DEVICEID,PID,TIMESTAMP) VALUES (");
    add_key(db, &sql, deviceid);
    buffer_text(&sql, ",0,UNIX_TIMESTAMP())");
    return run(db, &sql, NULL);
}

status session_begin(struct db *db, const struct ocs_config *config, bool ocs_sessions, struct view deviceid)
{
    if (!needs_sessions(config))
        return ST_OK;
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(STATEMENT_MAX);
    buffer_text(&sql, "INSERT INTO muster_session (DEVICEID,STARTED) VALUES (");
    add_key(db, &sql, deviceid);
    buffer_text(&sql, ",UNIX_TIMESTAMP()) ON DUPLICATE KEY UPDATE STARTED=VALUES(STARTED)");
    status st = run(db, &sql, NULL);
    if (st == ST_OK && ocs_sessions)
        st = begin_ocs_session(db, deviceid);
    if (st == ST_OK || st == ST_UNAVAILABLE)
        return st;
    log_warning("cannot begin the session of a device", LOG_VIEW("device", deviceid),
                LOG_TEXT("database", db_error(db)));
    return ST_OK;
}

/* ---- both ---- */

status admission_ask(struct admission *a, struct db *db, struct view deviceid)
{
    a->refused = false;
    if (!a->sessions && !a->flood)
        return ST_OK;
    if (!db) {
        refuse_with(a, REFUSE_database_away);
        return ST_OK;
    }
    status st = a->sessions ? ask_session(a, db, deviceid) : ST_OK;
    if (st == ST_OK && a->flood && !a->refused)
        st = ask_flood(a, db, deviceid);
    if (st == ST_OK || st == ST_UNAVAILABLE)
        return st;
    log_warning("cannot check whether a device may send", LOG_VIEW("device", deviceid),
                LOG_TEXT("database", db_error(db)));
    refuse_with(a, REFUSE_database_away);
    return ST_OK;
}
