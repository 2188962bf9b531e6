/* INVENTORYs that are refused: without a session, and by the flood filter. */
#include "tests/protocol/gateway/site.h"

#include <criterion/criterion.h>

#define ONE   "one-2026-01-02-03-04-05"
#define TWO   "two-2026-01-02-03-04-05"
#define KNOWN "known-2026-01-02-03-04-05"
#define REQUEST(device, query)                                                                                         \
    "<?xml version=\"1.0\"?><REQUEST><DEVICEID>" device "</DEVICEID><QUERY>" query "</QUERY></REQUEST>"

static void expect_status(struct site *s, const char *what, const char *body, int want)
{
    struct site_reply reply;
    site_post(s, "User-Agent: OCS-NG_unified_unix_agent_v2.10.0\r\n", view_of(body), &reply);
    cr_expect_eq(reply.status, want, "%s: %d", what, reply.status);
    site_reply_clear(&reply);
}

static const char *sql(struct site *s, const char *text)
{
    static char value[256];
    struct db *db;
    struct reason why;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_open(&s->target, &db, &why), ST_OK);
    cr_assert_eq(db_query(db, text, strlen(text), &rows), ST_OK, "%s", db_error(db));
    db_close(db);
    const struct view *row = rows ? db_rows_next(rows) : NULL;
    snprintf(value, sizeof value, "%.*s", row ? (int)row[0].len : 0, row && row[0].data ? row[0].data : "");
    return value;
}

static const char *const session_only[] = {
    "REPLACE INTO config(NAME,IVALUE) VALUES('INVENTORY_SESSION_ONLY',1),('SESSION_VALIDITY_TIME',600)", NULL};

Test(admission, without_a_session_an_inventory_is_refused_and_leaves_no_trace)
{
    struct site s;
    site_start(&s, "admission_session", session_only, NULL);
    expect_status(&s, "no session", REQUEST(ONE, "INVENTORY"), 403);
    cr_expect_eq(spool_count(s.spool).pending, 0);
    cr_expect_str_eq(sql(&s, "SELECT COUNT(*) FROM hardware"), "0");
    expect_status(&s, "contact", REQUEST(ONE, "PROLOG"), 200);
    cr_expect_str_eq(sql(&s, "SELECT DEVICEID FROM muster_session"), ONE);
    expect_status(&s, "session", REQUEST(ONE, "INVENTORY"), 200);
    expect_status(&s, "the same again: a proxy's retry", REQUEST(ONE, "INVENTORY"), 200);
    expect_status(&s, "session of another device", REQUEST(TWO, "INVENTORY"), 403);
    sql(&s, "UPDATE muster_session SET STARTED=STARTED-601");
    expect_status(&s, "too old", REQUEST(ONE, "INVENTORY"), 403);
    sql(&s, "DROP TABLE muster_session");
    expect_status(&s, "cannot be asked", REQUEST(ONE, "INVENTORY"), 503);
    site_stop(&s);
}

static void trust_all(struct gateway_settings *set)
{
    set->trusted = "unix";
}

Test(admission, trusted_clients_need_no_session)
{
    struct site s;
    site_start(&s, "admission_trusted", session_only, trust_all);
    expect_status(&s, "trusted", REQUEST(ONE, "INVENTORY"), 200);
    site_stop(&s);
}

Test(admission, without_the_option_no_session_is_written)
{
    struct site s;
    site_start(&s, "admission_off", NULL, NULL);
    expect_status(&s, "contact", REQUEST(ONE, "PROLOG"), 200);
    cr_expect_str_eq(sql(&s, "SELECT COUNT(*) FROM muster_session"), "0");
    site_stop(&s);
}

Test(admission, one_address_brings_one_new_device_at_a_time)
{
    static const char *const filter[] = {
        "REPLACE INTO config(NAME,IVALUE) VALUES('INVENTORY_FILTER_ON',1),('INVENTORY_FILTER_FLOOD_IP',1)",
        "INSERT INTO hardware (DEVICEID) VALUES ('" KNOWN "')", NULL};
    struct site s;
    site_start(&s, "admission_flood", filter, NULL);
    expect_status(&s, "first new one", REQUEST(ONE, "INVENTORY"), 200);
    expect_status(&s, "the same again", REQUEST(ONE, "INVENTORY"), 200);
    expect_status(&s, "second new one", REQUEST(TWO, "INVENTORY"), 403);
    expect_status(&s, "a known one", REQUEST(KNOWN, "INVENTORY"), 200);
    sql(&s, "UPDATE conntrack SET TIMESTAMP=NOW()-INTERVAL 301 SECOND");
    expect_status(&s, "later", REQUEST(TWO, "INVENTORY"), 200);
    site_stop(&s);
}

static void share_sessions(struct gateway_settings *set)
{
    set->ocs_sessions = true;
}

Test(admission, sessions_are_shared_with_ocs_servers_when_told_so)
{
    struct site s;
    site_start(&s, "admission_shared", session_only, share_sessions);
    expect_status(&s, "contact", REQUEST(ONE, "PROLOG"), 200);
    cr_expect_str_eq(sql(&s, "SELECT DEVICEID FROM prolog_conntrack WHERE TIMESTAMP>UNIX_TIMESTAMP()-60"), ONE);
    expect_status(&s, "no session", REQUEST(TWO, "INVENTORY"), 403);
    sql(&s, "INSERT INTO prolog_conntrack (DEVICEID,PID,TIMESTAMP) VALUES ('" TWO "',7,UNIX_TIMESTAMP())");
    expect_status(&s, "session of an OCS server", REQUEST(TWO, "INVENTORY"), 200);
    sql(&s, "UPDATE prolog_conntrack SET TIMESTAMP=TIMESTAMP-601");
    expect_status(&s, "too old", REQUEST(TWO, "INVENTORY"), 403);
    site_stop(&s);
}
