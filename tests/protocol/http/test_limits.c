#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/socket.h>

static char filler[256 << 10];

static char *post(size_t len, const char *more)
{
    static char head[256];
    snprintf(head, sizeof head, "POST /hold HTTP/1.1\r\nHost: a\r\n%sContent-Length: %zu\r\n\r\n", more, len);
    return head;
}

Test(limits, a_body_above_the_cap_gets_413_before_it_is_sent)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .body_max = 1000});
    cr_expect_eq(wire_ask(site_address(site), post(1001, ""), NULL, 0), 413);
    cr_expect_eq(wire_ask(site_address(site), post(1001, "Expect: 100-continue\r\n"), NULL, 0), 413);
    cr_expect_eq(wire_ask(site_address(site), post(1000, "Expect: 100-continue\r\n"), NULL, 0), 100);
    cr_expect(site_wait_metric(&http_metrics.refused_too_big, 2));
}

Test(limits, a_chunked_body_above_the_cap_gets_413)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .body_max = 1000});
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"));
    cr_assert(wire_send_bytes(w, filler, 1001));
    cr_expect_eq(wire_answer(w, NULL, 0), 413);
    cr_expect(wire_wait_end(w, WIRE_MS));
    cr_expect(site_wait_metric(&http_metrics.refused_too_big, 1));
}

Test(limits, bodies_above_the_memory_for_all_get_503_and_when_to_come_back)
{
    AUTO(site_free)
    struct site *site =
        site_new(&(struct http_settings){.http = "127.0.0.1:0", .bodies_max = 100 << 10, .retry_after_s = 77});
    AUTO(wire_close) struct wire *first = wire_open(site_address(site));
    cr_assert(wire_send(first, post(90 << 10, "")));
    cr_assert(wire_send_bytes(first, filler, 90 << 10));
    site_wait_held(site, 1);

    AUTO(wire_close) struct wire *second = wire_open(site_address(site));
    cr_assert(wire_send(second, post(20 << 10, "")));
    cr_assert(wire_send_bytes(second, filler, 20 << 10));
    cr_expect_eq(wire_answer(second, NULL, 0), 503);
    cr_expect(strstr(wire_head(), "Retry-After: 77\r\n"), "%s", wire_head());
    cr_expect(wire_wait_end(second, WIRE_MS));

    site_release(site);
    cr_expect_eq(wire_answer(first, NULL, 0), 200);
    AUTO(wire_close) struct wire *third = wire_open(site_address(site));
    cr_assert(wire_send(third, "POST /later HTTP/1.1\r\nContent-Length: 20480\r\n\r\n"));
    cr_assert(wire_send_bytes(third, filler, 20 << 10));
    cr_expect_eq(wire_answer(third, NULL, 0), 200, "the memory is there again");
}

Test(limits, bodies_on_their_way_are_counted_too)
{
    AUTO(site_free)
    struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .bodies_max = 150 << 10});
    struct wire *half[3];
    for (size_t i = 0; i < COUNT(half); i++) {
        half[i] = wire_open(site_address(site));
        cr_assert(wire_send(half[i], post(200 << 10, "")));
        cr_assert(wire_send_bytes(half[i], filler, 100 << 10));
    }
    int refused = 0;
    for (int64_t until = clock_steady_ms() + WIRE_MS; refused < 2 && clock_steady_ms() < until;) {
        refused = 0;
        for (size_t i = 0; i < COUNT(half); i++)
            refused += wire_wait_end(half[i], 50) && strncmp(half[i]->in, "HTTP/1.1 503", 12) == 0;
    }
    cr_expect_eq(refused, 2, "%d", refused);
    for (size_t i = 0; i < COUNT(half); i++)
        wire_close(half[i]);
}

Test(limits, a_request_that_takes_too_long_gets_408)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .request_ms = 300});
    AUTO(wire_close) struct wire *body = wire_open(site_address(site));
    AUTO(wire_close) struct wire *head = wire_open(site_address(site));
    AUTO(wire_close) struct wire *idle = wire_open(site_address(site));
    cr_assert(wire_send(body, post(1000, "")));
    cr_assert(wire_send(head, "POST /hold HTTP/1.1\r\nHo"));
    cr_expect_eq(wire_answer(body, NULL, 0), 408);
    cr_expect_eq(wire_answer(head, NULL, 0), 408);
    cr_expect(wire_wait_end(body, WIRE_MS));
    cr_expect(wire_wait_end(head, WIRE_MS));
    cr_expect(wire_wait_end(idle, WIRE_MS));
    cr_expect_eq(idle->len, 0, "an idle connection is closed without a word");
}

Test(limits, idle_time_is_a_limit_of_its_own)
{
    AUTO(site_free)
    struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .request_ms = 5000, .idle_ms = 200});
    AUTO(wire_close) struct wire *idle = wire_open(site_address(site));
    AUTO(wire_close) struct wire *kept = wire_open(site_address(site));
    AUTO(wire_close) struct wire *busy = wire_open(site_address(site));
    cr_assert(wire_send(busy, "POST /later HTTP/1.1\r\nContent-Length: 2\r\n\r\na"));
    cr_assert(wire_send(kept, "GET /later HTTP/1.1\r\n\r\n"));
    cr_expect_eq(wire_answer(kept, NULL, 0), 200);
    cr_expect(wire_wait_end(idle, 3000));
    cr_expect(wire_wait_end(kept, 3000));
    cr_assert(wire_send(busy, "b"));
    cr_expect_eq(wire_answer(busy, NULL, 0), 200, "a request that was begun has its own time");
}

/* h2o's own timer would count the idle time. */
Test(limits, idle_time_is_not_taken_from_the_next_request)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .request_ms = 1000});
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert_not(wire_wait_end(w, 700));
    cr_assert(wire_send(w, "POST /later HTTP/1.1\r\nContent-Length: 2\r\n\r\na"));
    cr_assert_not(wire_wait_end(w, 600));
    cr_assert(wire_send(w, "b"));
    cr_expect_eq(wire_answer(w, NULL, 0), 200);
}

Test(limits, a_body_below_the_least_rate_gets_408_and_one_above_it_arrives)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .rate_min = 2000});
    AUTO(wire_close) struct wire *slow = wire_open(site_address(site));
    AUTO(wire_close) struct wire *honest = wire_open(site_address(site));
    cr_assert(wire_send(slow, post(100000, "")));
    cr_assert(wire_send(honest, "POST /later HTTP/1.1\r\nContent-Length: 28000\r\n\r\n"));
    for (int i = 0; i < 28; i++) { /* seven seconds, four thousand bytes in each */
        cr_assert(wire_send_bytes(honest, filler, 1000));
        (void)wire_wait_end(slow, 250);
    }
    cr_expect_eq(wire_answer(honest, NULL, 0), 200);
    cr_expect(slow->ended);
    cr_expect_eq(strncmp(slow->in, "HTTP/1.1 408", 12), 0, "%s", slow->in);
}

static const struct {
    const char *what, *bytes;
    bool want;
} partings[] = {
    {"nothing", "", false},
    {"half a header", "POST /hold HTTP/1.1\r\nHo", true},
    {"a body that is longer than what comes", "POST /hold HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", true},
    {"the same behind a request", "GET /echo HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
     true},
    {"the same, told to go on", "POST /hold HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\nabc", true},
    {"half a chunk", "POST /hold HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc", true},
    {"whole requests", "POST /echo HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /echo HTTP/1.1\r\n\r\n", false},
    {"a whole one in chunks", "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nabc\r\n0\r\n\r\n",
     false},
    {"a whole one, and noise behind the last", "GET /echo HTTP/1.1\r\nConnection: close\r\n\r\nnoise", false},
    {"what is refused", "POST /echo HTTP/1.1\r\nContent-Length: x\r\n\r\nabc", false},
    {"what is refused for its framing", "POST /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\nabc", false},
};

Test(limits, a_client_that_goes_before_its_request_is_whole_is_counted)
{
    AUTO(site_free) struct site *site = site_plain();
    int64_t want = 0;
    for (size_t i = 0; i < COUNT(partings); i++) {
        struct wire *w = wire_open(site_address(site));
        cr_assert(wire_send(w, partings[i].bytes));
        cr_expect(!partings[i].want || !wire_wait_end(w, 500), "%s",
                  partings[i].what); /* it goes after half a second */
        cr_assert_eq(shutdown(w->fd, SHUT_WR), 0);
        cr_expect(wire_wait_end(w, WIRE_MS), "%s", partings[i].what);
        wire_close(w);
        cr_expect(site_wait_metric(&http_metrics.connections, 0));
        want += partings[i].want;
        cr_expect_eq(metric_get(&http_metrics.closed_short), want, "%s: %lld of %lld", partings[i].what,
                     (long long)metric_get(&http_metrics.closed_short), (long long)want);
    }
}

Test(limits, a_client_that_does_not_read_its_answer_is_closed)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .request_ms = 500});
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "GET /big HTTP/1.1\r\n\r\n"));
    cr_expect(site_wait_metric(&http_metrics.connections, 1));
    cr_expect(site_wait_metric(&http_metrics.connections, 0));
    cr_expect_eq(metric_get(&http_metrics.closed_unread), 1);
}

Test(limits, above_the_cap_on_connections_the_longest_idle_one_makes_room)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .connections_max = 4});
    struct wire *idle[4];
    for (size_t i = 0; i < COUNT(idle); i++)
        idle[i] = wire_open(site_address(site));
    cr_assert(wire_send(idle[0], "POST /hold HTTP/1.1\r\nContent-Length: 1\r\n\r\na"));
    site_wait_held(site, 1);
    cr_expect_eq(wire_ask(site_address(site), "GET /later HTTP/1.1\r\n\r\n", NULL, 0), 200);
    cr_expect(wire_wait_end(idle[1], WIRE_MS), "the one that had waited longest is closed");
    cr_expect_not(wire_wait_end(idle[0], 0), "one with a request is not");
    cr_expect_geq(metric_get(&http_metrics.closed_room), 1);
    site_release(site);
    cr_expect_eq(wire_answer(idle[0], NULL, 0), 200);
    for (size_t i = 0; i < COUNT(idle); i++)
        wire_close(idle[i]);
}
