#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#define REQUEST      "GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n"
#define V2           "\r\n\r\n\0\r\nQUIT\n"
#define FORTY        "----------------------------------------"
#define PIECE(bytes) bytes, sizeof(bytes) - 1

static char body[1024];

static struct site *proxied(const char *proxies)
{
    return site_new(&(struct http_settings){
        .http = "127.0.0.1:0", .http_proxied = "127.0.0.1:0", .proxies = proxies, .handshake_ms = 500});
}

static const struct {
    const char *what, *bytes;
    size_t len;
    const char *want; /* NULL: closed without an answer */
} cases[] = {
    {"v1", PIECE("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n" REQUEST), "from=192.0.2.1 "},
    {"v1, IPv6", PIECE("PROXY TCP6 2001:db8::9 ::1 1 2\r\n" REQUEST), "from=2001:db8::9 "},
    {"v1, unknown", PIECE("PROXY UNKNOWN\r\n" REQUEST), "from=127.0.0.1 "},
    {"v2", PIECE(V2 "\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x07\x12\x34\x01\xbb" REQUEST), "from=192.0.2.7 "},
    {"v2, local", PIECE(V2 "\x20\0\0\0" REQUEST), "from=127.0.0.1 "},
    {"a proxy's headers behind it",
     PIECE("PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /echo HTTP/1.1\r\n"
           "X-Forwarded-For: 192.0.2.3\r\nConnection: close\r\n\r\n"),
     "from=192.0.2.3 "},
    {"a client's headers behind it",
     PIECE("PROXY TCP4 192.0.2.1 127.0.0.1 1 2\r\nGET /echo HTTP/1.1\r\n"
           "X-Forwarded-For: 192.0.2.3\r\nConnection: close\r\n\r\n"),
     "from=192.0.2.1 "},
    {"no header", PIECE(REQUEST), NULL},
    {"malformed v1", PIECE("PROXY TCP4 192.0.2.1\r\n" REQUEST), NULL},
    {"malformed v2", PIECE(V2 "\x31\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x07\x12\x34\x01\xbb" REQUEST), NULL},
    {"v1, a longer line than there is", PIECE("PROXY UNKNOWN " FORTY FORTY FORTY "\r\n" REQUEST), NULL},
    {"v1, LF alone", PIECE("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n" REQUEST), NULL},
    {"v1, an address of another family", PIECE("PROXY TCP4 ::1 ::1 1 2\r\n" REQUEST), NULL},
    {"v1, no address", PIECE("PROXY TCP4 999.0.2.1 198.51.100.7 56324 443\r\n" REQUEST), NULL},
    {"v1, no port", PIECE("PROXY TCP4 192.0.2.1 198.51.100.7 66324 443\r\n" REQUEST), NULL},
    {"v1, a word too many", PIECE("PROXY TCP4 192.0.2.1 198.51.100.7 1 2 3\r\n" REQUEST), NULL},
    {"v1, NUL", PIECE("PROXY TCP4 192.0.2.1\0 198.51.100.7 1 2\r\n" REQUEST), NULL},
    {"v2, an unknown command", PIECE(V2 "\x22\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x07\x12\x34\x01\xbb" REQUEST), NULL},
    {"v2, shorter than its family", PIECE(V2 "\x21\x21\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x07\x12\x34\x01\xbb" REQUEST),
     NULL},
    {"v2, 64 KiB", PIECE(V2 "\x21\x11\xff\xff\xc0\0\x02\x07" REQUEST), NULL},
    {"TLS", PIECE("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"), NULL},
    {"header that never ends", PIECE("PROXY TCP4 "), NULL},
};

Test(proxied, the_header_names_the_client_or_the_connection_is_closed)
{
    AUTO(site_free) struct site *site = proxied("127.0.0.1");
    int64_t closed = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(wire_close) struct wire *w = wire_open(http_server_proxied_address(site->server));
        (void)wire_send_bytes(w, cases[i].bytes, cases[i].len);
        int code = wire_answer(w, body, sizeof body);
        cr_expect_eq(code, cases[i].want ? 200 : 0, "%s: %d", cases[i].what, code);
        cr_expect(!cases[i].want || strstr(body, cases[i].want), "%s: %s", cases[i].what, body);
        closed += cases[i].want == NULL;
        cr_expect(site_wait_metric(&http_metrics.refused_proxy, closed), "%s: not counted", cases[i].what);
    }
}

Test(proxied, a_header_may_come_byte_by_byte)
{
    AUTO(site_free) struct site *site = proxied("127.0.0.1");
    AUTO(wire_close) struct wire *w = wire_open(http_server_proxied_address(site->server));
    for (size_t i = 0; i < cases[3].len; i++) {
        cr_assert(wire_send_bytes(w, cases[3].bytes + i, 1));
        usleep(1000); /* so that the kernel does not join them */
    }
    cr_expect_eq(wire_answer(w, body, sizeof body), 200);
    cr_expect(strstr(body, "from=192.0.2.7 "), "%s", body);
}

Test(proxied, who_is_no_trusted_proxy_is_not_heard)
{
    AUTO(site_free) struct site *site = proxied("10.0.0.0/8");
    cr_expect_eq(wire_ask(http_server_proxied_address(site->server), cases[0].bytes, NULL, 0), 0);
    cr_expect_eq(wire_ask(site_address(site),
                          "GET /echo HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n\r\n", body,
                          sizeof body),
                 200);
    cr_expect(strstr(body, "from=127.0.0.1 https=0"), "%s", body);
}

Test(proxied, headers_of_a_trusted_proxy_are_believed_on_every_listener)
{
    AUTO(site_free) struct site *site = proxied("127.0.0.0/8");
    cr_expect_eq(wire_ask(site_address(site),
                          "GET /echo HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 192.0.2.8, 127.0.0.5\r\n"
                          "X-Forwarded-Proto: https\r\n\r\n",
                          body, sizeof body),
                 200);
    cr_expect(strstr(body, "from=192.0.2.8 https=1"), "%s", body);
}
