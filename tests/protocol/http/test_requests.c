#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include <criterion/criterion.h>
#include <stdio.h>

static char body[1024];

Test(requests, a_handler_sees_method_path_query_agent_and_body)
{
    AUTO(site_free) struct site *site = site_plain();
    int code = wire_ask(site_address(site),
                        "POST /echo/%61b/../c?x=1&y=%20 HTTP/1.1\r\nHost: a\r\nUser-Agent: OCS-NG\r\n"
                        "Content-Length: 9\r\n\r\n123456789",
                        body, sizeof body);
    cr_expect_eq(code, 200);
    cr_expect_str_eq(body,
                     "POST /echo/c query=x=1&y=%20 agent=OCS-NG from=127.0.0.1 https=0 http10=0 body=9 sum=e3069283");
    cr_expect(strstr(wire_head(), "Content-Type: text/plain\r\n"));
    cr_expect(strstr(wire_head(), "Cache-Control: no-cache\r\n"));
    cr_expect_not(strcasestr(wire_head(), "\r\nserver:"));
    cr_expect_not(strcasestr(wire_head(), "chunked"));
}

static const struct {
    const char *request;
    int want;
} targets[] = {
    {"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"GET /echo/ HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"GET http://muster.lan/echo HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"GET HTTPS://muster.lan:443/x/../echo?a HTTP/1.1\r\nHost: a\r\n\r\n", 200},
    {"GET /echo HTTP/1.1\r\nHost: \r\n\r\n", 200},
    {"GET /echo HTTP/1.1\r\n\r\n", 200},
    {"PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200},
    {"GET /echoes HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"GET //echo HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"GET /ECHO HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"GET /echo/../x HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"GET /echo/%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"GET http://muster.lan HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    {"CONNECT echo:80 HTTP/1.1\r\nHost: a\r\n\r\n", 404},
};

Test(requests, the_path_decides_the_route)
{
    AUTO(site_free) struct site *site = site_plain();
    for (size_t i = 0; i < COUNT(targets); i++)
        cr_expect_eq(wire_ask(site_address(site), targets[i].request, NULL, 0), targets[i].want, "%s",
                     targets[i].request);
}

Test(requests, a_connection_serves_one_request_after_the_other)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    for (int i = 0; i < 20; i++) {
        cr_assert(wire_send(w, i % 2 ? "POST /later HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
                                     : "GET /echo HTTP/1.1\r\n\r\n"));
        cr_expect_eq(wire_answer(w, body, sizeof body), 200);
        cr_expect(strstr(body, i % 2 ? "POST /later" : "GET /echo"), "%s", body);
    }
}

Test(requests, pipelined_requests_are_answered_in_order)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "POST /later HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
                           "GET /echo?2 HTTP/1.1\r\n\r\n"
                           "POST /later?3 HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy"
                           "GET /nowhere HTTP/1.1\r\n\r\n"
                           "GET /echo?5 HTTP/1.1\r\nConnection: close\r\n\r\n"));
    static const char *const want[] = {"body=3", "query=2", "query=3", NULL, "query=5"};
    for (size_t i = 0; i < COUNT(want); i++) {
        cr_expect_eq(wire_answer(w, body, sizeof body), want[i] ? 200 : 404);
        cr_expect(!want[i] || strstr(body, want[i]), "%zu: %s", i, body);
    }
    cr_expect(wire_wait_end(w, WIRE_MS));
}

Test(requests, a_chunked_body_arrives_like_a_plain_one)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "POST /later HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (const char *c = "123456789"; *c; c++) {
        char chunk[] = "1\r\nx\r\n";
        chunk[3] = *c;
        cr_assert(wire_send(w, chunk));
    }
    cr_assert(wire_send(w, "0\r\nTrailer: x\r\n\r\n"));
    cr_expect_eq(wire_answer(w, body, sizeof body), 200);
    cr_expect(strstr(body, "body=9 sum=e3069283"), "%s", body);
}

Test(requests, an_http10_client_is_served_and_its_connection_closed)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "POST /later HTTP/1.0\r\nContent-Length: 2\r\n\r\nab"));
    cr_expect_eq(wire_answer(w, body, sizeof body), 200);
    cr_expect(strstr(body, "http10=1"), "%s", body);
    cr_expect(wire_wait_end(w, WIRE_MS));
}

Test(requests, head_gets_the_length_and_no_body)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "HEAD /echo HTTP/1.1\r\nConnection: close\r\n\r\n"));
    cr_expect(wire_wait_end(w, WIRE_MS));
    const char *end = strstr(w->in, "\r\n\r\n");
    cr_assert(end);
    cr_expect_str_eq(end, "\r\n\r\n", "%s", w->in);
    cr_expect_not(strstr(w->in, "Content-Length: 0"), "%s", w->in);
}

Test(requests, a_big_body_is_told_to_go_on)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "POST /later HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
    cr_expect_eq(wire_answer(w, NULL, 0), 100);
    cr_assert(wire_send(w, "abc"));
    cr_expect_eq(wire_answer(w, body, sizeof body), 200);
    cr_expect(strstr(body, "body=3"), "%s", body);
}

Test(requests, an_unknown_expectation_is_refused)
{
    AUTO(site_free) struct site *site = site_plain();
    cr_expect_eq(
        wire_ask(site_address(site), "POST /echo HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 3\r\n\r\n", NULL, 0),
        417);
    cr_expect(site_wait_metric(&http_metrics.refused_expect, 1));
}

Test(requests, a_client_that_goes_away_before_the_answer_harms_nobody)
{
    AUTO(site_free) struct site *site = site_plain();
    for (int i = 0; i < 20; i++) {
        struct wire *gone = wire_open(site_address(site));
        cr_assert(wire_send(gone, "POST /hold HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"));
        site_wait_held(site, (size_t)i + 1);
        wire_close(gone);
    }
    site_release(site);
    cr_expect_eq(wire_ask(site_address(site), "GET /later HTTP/1.1\r\n\r\n", NULL, 0), 200);
}

Test(requests, several_threads_serve)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.http = "127.0.0.1:0", .threads = 3});
    for (int i = 0; i < 60; i++)
        cr_expect_eq(
            wire_ask(site_address(site), i % 2 ? "GET /later HTTP/1.1\r\n\r\n" : "GET /echo HTTP/1.1\r\n\r\n", NULL, 0),
            200);
}

/* h2c and a bare preface: the library would take both by default. */
Test(requests, http2_is_not_spoken)
{
    AUTO(site_free) struct site *site = site_plain();
    int code = wire_ask(site_address(site),
                        "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                        "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
                        NULL, 0);
    cr_expect_eq(code, 200, "the upgrade is not taken, the request is served");
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    cr_assert(wire_send(w, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    cr_expect(wire_wait_end(w, WIRE_MS));
    cr_expect(w->len == 0 || strncmp(w->in, "HTTP/1.1 400", 12) == 0, "%s", w->in);
}
