/* The herd and the flood, through the gateway's socket: what agents are answered while the pipeline lags, and above the rate. */
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/refusals.h"
#include "tests/protocol/gateway/site.h"

#include <criterion/criterion.h>

#define ONE   "one-2026-01-02-03-04-05"
#define KNOWN "known-2026-01-02-03-04-05"
#define REQUEST(device, query)                                                                                         \
    "<?xml version=\"1.0\"?><REQUEST><DEVICEID>" device "</DEVICEID><QUERY>" query "</QUERY></REQUEST>"

static const char *const known[] = {"INSERT INTO hardware(ID,DEVICEID) VALUES(1,'" KNOWN "')",
                                    "REPLACE INTO config(NAME,IVALUE) VALUES('PROLOG_FREQ',24)", NULL};

/* The first number behind PROLOG_FREQ, -1: none. */
static long frequency(const struct site_reply *reply)
{
    const char *at = reply->body.len ? strstr(reply->body.data, "<PROLOG_FREQ>") : NULL;
    return at ? atol(at + strlen("<PROLOG_FREQ>")) : -1;
}

static void expect_answer(struct site *s, const char *what, const char *body, const char *response)
{
    struct site_reply reply;
    site_post(s, "", view_of(body), &reply);
    cr_expect_eq(reply.status, 200, "%s: %d", what, reply.status);
    cr_expect(reply.body.len && strstr(reply.body.data, response), "%s: %s", what, reply.body.data);
    cr_expect(frequency(&reply) >= 1 && frequency(&reply) <= 24, "%s: %ld", what, frequency(&reply));
    site_reply_clear(&reply);
}

static void lag_at_two(struct gateway_settings *set)
{
    set->lag_uploads = 1;
}

static void leave_in_spool(struct site *s, const char *body)
{
    struct site_reply reply;
    site_post(s, "", view_of(body), &reply);
    cr_expect_eq(reply.status, 200, "an upload is taken, lag or no lag: %d", reply.status);
    site_reply_clear(&reply);
}

static void take_all(struct site *s)
{
    struct upload_head head;
    struct view body;
    for (uint8_t *upload; (upload = site_take(s, &head, &body));)
        free(upload);
}

Test(herd, while_the_spool_is_deep_devices_are_told_to_come_later)
{
    struct site s;
    site_start(&s, "herd", known, lag_at_two);
    expect_answer(&s, "calm", REQUEST(ONE, "PROLOG"), "<RESPONSE>SEND</RESPONSE>");
    leave_in_spool(&s, REQUEST("a-2026-01-02-03-04-05", "INVENTORY"));
    leave_in_spool(&s, REQUEST("b-2026-01-02-03-04-05", "INVENTORY"));
    cr_expect_eq(spool_count(s.spool).pending, 2);
    expect_answer(&s, "a new device", REQUEST(ONE, "PROLOG"), "<RESPONSE>STOP</RESPONSE>");
    expect_answer(&s, "a known one", REQUEST(KNOWN, "PROLOG"), "<RESPONSE>STOP</RESPONSE>");
    cr_expect_eq(metric_get(&gateway_metrics.contacts_postponed), 2);
    cr_expect_eq(metric_get(&gateway_metrics.lagging), 1);
    leave_in_spool(&s, REQUEST(ONE, "INVENTORY"));
    take_all(&s);
    expect_answer(&s, "caught up", REQUEST(KNOWN, "PROLOG"), "<RESPONSE>SEND</RESPONSE>");
    cr_expect_eq(metric_get(&gateway_metrics.lagging), 0);
    cr_expect_eq(metric_get(&gateway_metrics.contacts_postponed), 2);
    site_stop(&s);
}

/* ---- rate ---- */

static void five_a_minute(struct gateway_settings *set)
{
    set->rate_max = 5;
    set->trusted = "10.0.0.9";
}

/** Statuses of `count` requests from an address, which the trusted peer names. */
static void post_from(struct site *s, const char *address, int count, int *ok, int *refused)
{
    char header[128];
    snprintf(header, sizeof header, "X-Forwarded-For: %s\r\n", address);
    *ok = *refused = 0;
    for (int i = 0; i < count; i++) {
        struct site_reply reply;
        site_post(s, header, view_of(REQUEST(ONE, "PROLOG")), &reply);
        *ok += reply.status == 200;
        bool says_when = strstr(reply.head, "Retry-After: 30\r\n") && strstr(reply.head, "Connection: close");
        *refused += reply.status == 429 && says_when;
        site_reply_clear(&reply);
    }
}

Test(rate, one_address_above_its_rate_is_refused_and_others_are_not)
{
    struct site s;
    int ok, refused;
    site_start(&s, NULL, NULL, five_a_minute);
    post_from(&s, "10.0.0.1", 20, &ok, &refused);
    cr_expect(ok >= 5 && ok <= 8, "five, and what flowed in meanwhile: %d", ok);
    cr_expect_eq(refused, 20 - ok, "%d", refused);
    cr_expect_eq(metric_get(&refusals_table.first[REFUSE_rate]), refused, "counted");
    post_from(&s, "10.0.0.2", 5, &ok, &refused);
    cr_expect_eq(ok, 5, "another address: %d", ok);
    post_from(&s, "10.0.0.9", 50, &ok, &refused);
    cr_expect_eq(ok, 50, "a trusted one: %d", ok);
    site_stop(&s);
}
