#include "site.h"

#include "common/record/record.h"

#include <criterion/criterion.h>

#define REQUEST(id, query, more) "<REQUEST><DEVICEID>" id "</DEVICEID><QUERY>" query "</QUERY>" more "</REQUEST>"
#define KNOWN                    "pc-2025-01-02-03-04-05"
#define NEW                      "new-2025-01-02-03-04-05"

static const char *const rows[] = {
    "INSERT INTO hardware(ID,DEVICEID,LASTDATE) VALUES(1,'" KNOWN "',NOW() - INTERVAL 20 DAY)",
    "INSERT INTO accountinfo(HARDWARE_ID,TAG) VALUES(1,'here')",
    "UPDATE config SET IVALUE=14 WHERE NAME='FREQUENCY'",
    NULL,
};

static void expect_reply(const struct site *s, const char *what, const char *body, const char *inside)
{
    struct site_reply reply;
    site_post(s, "User-Agent: OCS-NG_unified_unix_agent_v2.10.0\r\n", view_of(body), &reply);
    cr_expect_eq(reply.status, 200, "%s: %d", what, reply.status);
    cr_expect(reply.body.len && strstr(reply.body.data, inside), "%s: %s", what, reply.body.data);
    site_reply_clear(&reply);
}

Test(contacts, a_known_device_is_recorded_and_a_new_one_is_not)
{
    struct site s;
    site_start(&s, "known", rows, NULL);
    expect_reply(&s, "new", REQUEST(NEW, "PROLOG", ""), "<RESPONSE>SEND</RESPONSE>");
    expect_reply(&s, "known", REQUEST(KNOWN, "PROLOG", ""), "<RESPONSE>SEND</RESPONSE>");

    struct upload_head head;
    struct view body;
    AUTO(mem_free) uint8_t *upload = site_take(&s, &head, &body);
    cr_assert_not_null(upload);
    cr_expect_eq(head.kind, UPLOAD_CONTACT);
    cr_expect_eq(head.device_hash, upload_device_hash(view_of(KNOWN)));
    cr_expect(view_is(head.agent, "OCS-NG_unified_unix_agent_v2.10.0"));
    AUTO(record_close) struct record *r = NULL;
    struct reason why = {0};
    cr_assert_eq(record_open(body.data, body.len, 1 << 20, &r, &why), ST_OK, "%s", why.text);
    cr_expect(view_is(record_head(r)->deviceid, KNOWN));
    cr_expect_eq(spool_count(s.spool).pending, 0);
    site_stop(&s);
}

Test(contacts, an_inventory_in_the_spool_stops_the_next_contact)
{
    struct site s;
    site_start(&s, "pending", rows, NULL);
    expect_reply(&s, "old", REQUEST(KNOWN, "PROLOG", ""), "<RESPONSE>SEND</RESPONSE>");
    expect_reply(&s, "upload", REQUEST(KNOWN, "INVENTORY", "<CONTENT/>"), "<REPLY>");
    expect_reply(&s, "accepted a moment ago", REQUEST(KNOWN, "PROLOG", ""), "<RESPONSE>STOP</RESPONSE>");
    expect_reply(&s, "first upload", REQUEST(NEW, "INVENTORY", "<CONTENT/>"), "NO_ACCOUNT_UPDATE");
    expect_reply(&s, "new, and accepted", REQUEST(NEW, "PROLOG", ""), "<RESPONSE>STOP</RESPONSE>");
    site_stop(&s);
}

#define TAG(value) "<CONTENT><ACCOUNTINFO><KEYNAME>TAG</KEYNAME><KEYVALUE>" value "</KEYVALUE></ACCOUNTINFO></CONTENT>"

Test(contacts, an_inventory_is_answered_with_the_stored_values_and_kept_as_received)
{
    struct site s;
    site_start(&s, "inventory", rows, NULL);
    const char *sent = REQUEST(KNOWN, "INVENTORY", TAG("there"));
    expect_reply(&s, "another TAG", sent, "<RESPONSE>ACCOUNT_UPDATE</RESPONSE>");
    struct upload_head head;
    struct view body;
    AUTO(mem_free) uint8_t *upload = site_take(&s, &head, &body);
    cr_assert_not_null(upload, "it is in the spool when the answer is");
    cr_expect_eq(head.kind, UPLOAD_INVENTORY);
    cr_expect(view_is(body, sent));
    expect_reply(&s, "the stored TAG", REQUEST(KNOWN, "INVENTORY", TAG("here")),
                 "<RESPONSE>NO_ACCOUNT_UPDATE</RESPONSE>");
    expect_reply(&s, "new", REQUEST(NEW, "INVENTORY", TAG("there")), "<RESPONSE>NO_ACCOUNT_UPDATE</RESPONSE>");
    site_stop(&s);
}

static const struct {
    const char *body;
    enum upload_kind kind;
} results[] = {
    {"<REQUEST DEVICEID=\"" KNOWN "\" QUERY=\"DOWNLOAD\" ID=\"1700000001\" ERR=\"SUCCESS\"/>", UPLOAD_DOWNLOAD},
    {REQUEST(KNOWN, "NOTIFY", "<TYPE>IP</TYPE>"), UPLOAD_NOTIFY},
    {REQUEST(KNOWN, "SNMP", "<CONTENT/>"), UPLOAD_SNMP},
};

Test(contacts, results_are_stored_and_answered_without_a_body)
{
    static const char *const on[] = {"INSERT INTO config(NAME,IVALUE) VALUES('SNMP',1)", NULL};
    struct site s;
    site_start(&s, "results", on, NULL);
    for (size_t i = 0; i < COUNT(results); i++) {
        struct site_reply reply;
        site_post(&s, "", view_of(results[i].body), &reply);
        cr_expect_eq(reply.status, 200);
        cr_expect_eq(reply.body.len, 0);
        cr_expect_null(strstr(reply.head, "Content-Type"));
        site_reply_clear(&reply);
        struct upload_head head;
        struct view body;
        AUTO(mem_free) uint8_t *upload = site_take(&s, &head, &body);
        cr_assert_not_null(upload);
        cr_expect_eq(head.kind, results[i].kind);
        cr_expect(view_is(body, results[i].body));
    }
    site_stop(&s);
}

Test(contacts, snmp_is_not_stored_while_it_is_off)
{
    struct site s;
    site_start(&s, NULL, NULL, NULL);
    struct site_reply reply;
    site_post(&s, "", view_of(REQUEST(KNOWN, "SNMP", "<CONTENT/>")), &reply);
    cr_expect_eq(reply.status, 200);
    cr_expect_eq(spool_count(s.spool).pending, 0);
    site_reply_clear(&reply);
    site_stop(&s);
}

static void with_gate(struct gateway_settings *set)
{
    set->agents = "OCS-NG_unified_unix_agent_v=..2.12";
}

Test(contacts, the_gate_is_for_prologs_only)
{
    struct site s;
    site_start(&s, NULL, NULL, with_gate);
    expect_reply(&s, "let in", REQUEST(NEW, "PROLOG", ""), "<REPLY>");
    struct site_reply reply;
    site_post(&s, "User-Agent: Other_v1\r\n", view_of(REQUEST(NEW, "PROLOG", "")), &reply);
    cr_expect_eq(reply.status, 400);
    site_reply_clear(&reply);
    site_post(&s, "User-Agent: Other_v1\r\n", view_of(REQUEST(NEW, "INVENTORY", "")), &reply);
    cr_expect_eq(reply.status, 200);
    site_reply_clear(&reply);
    site_stop(&s);
}

Test(contacts, discovery_closes_the_connection)
{
    static const char *const elected[] = {
        "INSERT INTO hardware(ID,DEVICEID) VALUES(1,'" KNOWN "')",
        "INSERT INTO devices(HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES(1,'IPDISCOVER',1,'10.1.1.0')", NULL};
    struct site s;
    site_start(&s, "elected", elected, NULL);
    /* No "Connection: close" in the request: that the reading below ends at all is the proof. */
    static const char request[] = "POST /ocsinventory HTTP/1.1\r\nHost: x\r\nContent-Length: 83\r\n\r\n"
                                  "<REQUEST><DEVICEID>" KNOWN "</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>";
    struct site_reply reply;
    site_send(&s, view_of(request), &reply);
    cr_expect_eq(reply.status, 200);
    cr_expect(strstr(reply.head, "Connection: close"), "%s", reply.head);
    site_reply_clear(&reply);
    site_stop(&s);
}
