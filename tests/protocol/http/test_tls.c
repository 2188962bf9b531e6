#include "tests/protocol/http/site.h"
#include "tests/protocol/http/wire.h"

#include "common/tls/tls.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <unistd.h>

static char folder[] = "/tmp/muster-tls-XXXXXX";
static struct tls_context *tls;

static void set_up(void)
{
    struct reason why = {0};
    cr_assert(mkdtemp(folder));
    cr_assert_eq(tls_context_new(&(struct tls_settings){.folder = folder}, &tls, &why), ST_OK, "%s", why.text);
}

static void tear_down(void)
{
    char path[64];
    tls_context_destroy(tls);
    snprintf(path, sizeof path, "%s/server.pem", folder);
    (void)unlink(path);
    snprintf(path, sizeof path, "%s/server.key", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

TestSuite(tls_wire, .init = set_up, .fini = tear_down);

static struct site *secure(void)
{
    return site_new(&(struct http_settings){
        .http = "127.0.0.1:0", .https = "127.0.0.1:0", .tls = tls, .threads = 2, .handshake_ms = 500});
}

/* One request over TLS of exactly this version. @return what came, "" when there was no handshake */
static const char *ask(struct site *site, int version, const char *alpn, const char *request, char *chosen)
{
    static char answer[4096];
    struct wire *w = wire_open(http_server_address(site->server, true));
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0); /* so that it is the server that refuses old versions */
    SSL_CTX_set_min_proto_version(ctx, version);
    SSL_CTX_set_max_proto_version(ctx, version);
    SSL_CTX_load_verify_file(ctx, tls_certificate_path(tls)); /* as the Unix agent does with its `ca` */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL *ssl = SSL_new(ctx);
    SSL_set1_host(ssl, "127.0.0.1");
    SSL_set_fd(ssl, w->fd);
    if (alpn)
        SSL_set_alpn_protos(ssl, (const unsigned char *)alpn, (unsigned)strlen(alpn));
    int len = 0;
    if (SSL_connect(ssl) == 1 && SSL_write(ssl, request, (int)strlen(request)) > 0)
        for (int got; (got = SSL_read(ssl, answer + len, (int)sizeof answer - 1 - len)) > 0;)
            len += got;
    answer[len] = 0;
    const unsigned char *protocol = NULL;
    unsigned protocol_len = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &protocol_len);
    snprintf(chosen, 16, "%.*s", (int)protocol_len, protocol ? (const char *)protocol : "");
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    wire_close(w);
    return answer;
}

static const char request[] =
    "POST /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 9\r\n\r\n123456789";

static const struct {
    const char *what;
    int version;
    const char *alpn, *chosen;
    bool want;
} cases[] = {
    {"TLS 1.3", TLS1_3_VERSION, NULL, "", true},
    {"TLS 1.2", TLS1_2_VERSION, NULL, "", true},
    {"TLS 1.1", TLS1_1_VERSION, NULL, "", false},
    {"TLS 1.0", TLS1_VERSION, NULL, "", false},
    {"offers h2 and http/1.1", TLS1_3_VERSION, "\x02h2\x08http/1.1", "http/1.1", true},
    {"offers h2 only", TLS1_2_VERSION, "\x02h2", "", true},
};

Test(tls_wire, tls_1_2_and_1_3_with_http_1_1_are_spoken_and_nothing_else)
{
    AUTO(site_free) struct site *site = secure();
    int64_t refused = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char chosen[16];
        const char *answer = ask(site, cases[i].version, cases[i].alpn, request, chosen);
        cr_expect_eq(strncmp(answer, "HTTP/1.1 200", 12) == 0, cases[i].want, "%s: %s", cases[i].what, answer);
        cr_expect(!cases[i].want || strstr(answer, "https=1 http10=0 body=9 sum=e3069283"), "%s: %s", cases[i].what,
                  answer);
        cr_expect_str_eq(chosen, cases[i].chosen, "%s", cases[i].what);
        refused += !cases[i].want;
        cr_expect_eq(metric_get(&http_metrics.refused_tls), refused, "%s", cases[i].what);
    }
    cr_expect_eq(metric_get(&http_metrics.closed_handshake), 0);
}

Test(tls_wire, an_http2_preface_inside_tls_is_refused)
{
    AUTO(site_free) struct site *site = secure();
    char chosen[16];
    const char *answer = ask(site, TLS1_3_VERSION, "\x02h2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", chosen);
    cr_expect(answer[0] == 0 || strncmp(answer, "HTTP/1.1 400", 12) == 0, "%s", answer);
}

Test(tls_wire, framing_is_checked_inside_tls_too)
{
    AUTO(site_free) struct site *site = secure();
    char chosen[16];
    const char *answer = ask(site, TLS1_3_VERSION, NULL,
                             "POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 30\r\n\r\n"
                             "GET /secret HTTP/1.1\r\n\r\n",
                             chosen);
    cr_expect_eq(strncmp(answer, "HTTP/1.1 400", 12), 0, "%s", answer);
    cr_expect_eq(atomic_load(&site->secrets), 0);
}

Test(tls_wire, a_request_that_takes_too_long_gets_408_inside_tls)
{
    AUTO(site_free)
    struct site *site = site_new(&(struct http_settings){.https = "127.0.0.1:0", .tls = tls, .request_ms = 300});
    char chosen[16];
    const char *answer =
        ask(site, TLS1_3_VERSION, NULL, "POST /echo HTTP/1.1\r\nContent-Length: 30\r\n\r\nabc", chosen);
    cr_expect_eq(strncmp(answer, "HTTP/1.1 408", 12), 0, "%s", answer);
}

Test(tls_wire, garbage_and_silence_in_place_of_a_handshake_end_in_time)
{
    AUTO(site_free) struct site *site = secure();
    AUTO(wire_close) struct wire *silent = wire_open(http_server_address(site->server, true));
    AUTO(wire_close) struct wire *plain = wire_open(http_server_address(site->server, true));
    cr_assert(wire_send(plain, "GET / HTTP/1.1\r\n\r\n"));
    cr_expect(wire_wait_end(plain, WIRE_MS));
    cr_expect(site_wait_metric(&http_metrics.refused_tls, 1), "plain HTTP");
    cr_expect(wire_wait_end(silent, WIRE_MS));
    cr_expect(site_wait_metric(&http_metrics.closed_handshake, 1), "silence");
    cr_expect_eq(metric_get(&http_metrics.refused_tls), 1);
}

Test(tls_wire, a_drain_does_not_wait_for_a_handshake_that_never_comes)
{
    AUTO(site_free) struct site *site = site_new(&(struct http_settings){.https = "127.0.0.1:0", .tls = tls});
    AUTO(wire_close) struct wire *silent = wire_open(http_server_address(site->server, true));
    cr_expect_eq(http_server_drain(site->server, 100), 0);
    cr_expect(wire_wait_end(silent, WIRE_MS));
}
