#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include "common/base/buffer.h"

#include <criterion/criterion.h>

#define SMUGGLED "GET /secret HTTP/1.1\r\nHost: a\r\n\r\n"
#define POST     "POST /echo HTTP/1.1\r\nHost: a\r\n"
#define NOWHERE  "POST /nowhere HTTP/1.1\r\nHost: a\r\n"

/* Each is refused and its connection closed; what follows is never run. */
static const struct {
    const char *what;
    const char *bytes;
} attacks[] = {
    {"two lengths, second longer", POST "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" SMUGGLED},
    {"two lengths, first longer", POST "Content-Length: 1\r\nContent-Length: 0\r\n\r\nx" SMUGGLED},
    {"two equal lengths", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx" SMUGGLED},
    {"length and coding", POST "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"coding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"two codings, one of them none",
     POST "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"coding in HTTP/1.0",
     "POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"gzip and chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"chunked and identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"blank before the colon", POST "Content-Length : 35\r\n\r\n" SMUGGLED},
    {"negative length", POST "Content-Length: -1\r\n\r\n" SMUGGLED},
    {"length with a plus", POST "Content-Length: +5\r\n\r\nabcde" SMUGGLED},
    {"length with letters", POST "Content-Length: 5abc\r\n\r\nabcde" SMUGGLED},
    {"lengths joined by a comma", POST "Content-Length: 0, 35\r\n\r\n" SMUGGLED},
    {"length of 20 digits", POST "Content-Length: 18446744073709551617\r\n\r\nx" SMUGGLED},
    {"chunk size of 17 digits", POST "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" SMUGGLED},
    {"chunk size of 2^64-1", POST "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n" SMUGGLED},
    {"LF behind a chunk size", POST "Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n" SMUGGLED},
    {"LF behind a chunk", POST "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\n0\r\n\r\n" SMUGGLED},
    {"LF behind the last chunk", POST "Transfer-Encoding: chunked\r\n\r\n0\n\n" SMUGGLED},
    {"LF in a chunk's extension", POST "Transfer-Encoding: chunked\r\n\r\n0;\n\r\n" SMUGGLED},
    {"LF behind a trailer", POST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: 1\n\r\n" SMUGGLED},
    {"blank before a chunk size", POST "Transfer-Encoding: chunked\r\n\r\n 5\r\nabcde\r\n0\r\n\r\n" SMUGGLED},
    {"bare LF in the header", POST "X: 1\nY: 2\r\nContent-Length: 0\r\n\r\n" SMUGGLED},
    {"bare LF behind the request line", "POST /echo HTTP/1.1\nHost: a\r\nContent-Length: 0\r\n\r\n" SMUGGLED},
    {"bare LF as the end of the header", POST "Content-Length: 0\r\n\n" SMUGGLED},
    {"folded length", POST "X: 1\r\n Content-Length: 35\r\nContent-Length: 0\r\n\r\n" SMUGGLED},
    {"folded by a tab", POST "X: 1\r\n\tb\r\n\r\n" SMUGGLED},
    {"two hosts", POST "Host: b\r\nContent-Length: 0\r\n\r\n" SMUGGLED},
    {"CR in a header", POST "X: a\rb\r\n\r\n" SMUGGLED},
    {"where no route is: two lengths", NOWHERE "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" SMUGGLED},
    {"where no route is: length and coding",
     NOWHERE "Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED},
    {"behind a good request",
     "GET /echo HTTP/1.1\r\n\r\n" POST "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" SMUGGLED},
    {"behind a chunked request", POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n" POST
                                      "Content-Length: 0\r\nContent-Length: 35\r\n\r\n" SMUGGLED},
};

/* The last answer before the end; a good request in front has an answer, too. */
static int last_answer(struct wire *w)
{
    int last = 0;
    for (int code; (code = wire_answer(w, NULL, 0)) > 0;)
        last = code;
    return last;
}

Test(framing_attacks, no_smuggled_request_is_run)
{
    AUTO(site_free) struct site *site = site_plain();
    for (size_t i = 0; i < COUNT(attacks); i++) {
        AUTO(wire_close) struct wire *w = wire_open(site_address(site));
        (void)wire_send(w, attacks[i].bytes); /* the server may close before it has it all */
        cr_expect_eq(last_answer(w), 400, "%s", attacks[i].what);
        cr_expect(w->ended, "%s: left open", attacks[i].what);
        cr_expect_eq(atomic_load(&site->secrets), 0, "%s: run", attacks[i].what);
        atomic_store(&site->secrets, 0);
        int64_t ours = metric_get(&http_metrics.refused_framing);
        cr_assert(site_wait_metric(&http_metrics.refused_malformed, (int64_t)i + 1 - ours), "%s: not counted",
                  attacks[i].what);
    }
    cr_expect_eq(metric_get(&http_metrics.closed_short), 0);
}

Test(framing_attacks, a_nul_in_a_header_is_refused)
{
    static const char bytes[] = POST "X: a\0b\r\n\r\n" SMUGGLED;
    AUTO(site_free) struct site *site = site_plain();
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    (void)wire_send_bytes(w, bytes, sizeof bytes - 1);
    cr_expect_eq(last_answer(w), 400);
    cr_expect_eq(atomic_load(&site->secrets), 0);
}

Test(framing_attacks, more_headers_than_a_client_needs_are_refused)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(buffer_clear) struct buffer request = BUFFER_INIT(8192);
    buffer_text(&request, POST);
    for (int i = 0; i < 200; i++)
        buffer_text(&request, "X-Some-Header: x\r\n");
    buffer_text(&request, "\r\n");
    cr_expect_eq(wire_ask(site_address(site), request.data, NULL, 0), 400);
}

/* What is kept nowhere has a limit all the same. */
static int ask_with_extra(struct site *site, const char *before, const char *behind)
{
    AUTO(wire_close) struct wire *w = wire_open(site_address(site));
    AUTO(buffer_clear) struct buffer request = BUFFER_INIT(80 << 10);
    buffer_text(&request, POST "Transfer-Encoding: chunked\r\n\r\n");
    buffer_text(&request, before);
    memset(buffer_extend(&request, 64 << 10), 'x', 64 << 10);
    buffer_text(&request, behind);
    (void)wire_send_bytes(w, request.data, request.len);
    return last_answer(w);
}

Test(framing_attacks, extensions_and_trailers_of_64_kib_are_refused)
{
    AUTO(site_free) struct site *site = site_plain();
    cr_expect_eq(ask_with_extra(site, "5;", "\r\nabcde\r\n0\r\n\r\n"), 400);
    cr_expect_eq(ask_with_extra(site, "5\r\nabcde\r\n0\r\nX: ", "\r\n\r\n"), 400);
    cr_expect(site_wait_metric(&http_metrics.refused_malformed, 2));
}

Test(framing_attacks, a_header_above_the_limit_is_refused)
{
    AUTO(site_free) struct site *site = site_plain();
    AUTO(buffer_clear) struct buffer request = BUFFER_INIT(80 << 10);
    buffer_text(&request, "GET /echo HTTP/1.1\r\nX: ");
    memset(buffer_extend(&request, 70 << 10), 'x', 70 << 10);
    buffer_text(&request, "\r\n\r\n");
    cr_expect_eq(wire_ask(site_address(site), request.data, NULL, 0), 431);
}
