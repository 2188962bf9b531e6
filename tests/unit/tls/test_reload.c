/* Files that are replaced while they are used: the next handshake has the new ones, and never none. */
#include "common/tls/tls.h"

#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], paths[3][96]; /* certificate, key, authorities of clients */
enum { CERTIFICATE, KEY, CLIENTS };

static void make_folder(void)
{
    static const char *const names[] = {"used.pem", "used.key", "clients.pem"};
    snprintf(folder, sizeof folder, "/tmp/muster-reload-XXXXXX");
    cr_assert(mkdtemp(folder));
    for (size_t i = 0; i < COUNT(names); i++)
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(reload, .init = make_folder, .fini = remove_folder);

/* A pair of its own in folder/NAME, good for both sides of a connection and its own authority. */
static void make_pair(const char *name)
{
    char command[512];
    snprintf(command, sizeof command,
             "mkdir %s/%s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=%s "
             "-keyout %s/%s/server.key -out %s/%s/server.pem 2>%s/said",
             folder, name, name, folder, name, folder, name, folder);
    cr_assert_eq(system(command), 0);
}

/* As whoever renews certificates should do it: a new file under the old name. */
static void put(const char *name, const char *what, int where)
{
    char command[512];
    snprintf(command, sizeof command, "cp %s/%s/%s %s.new && mv %s.new %s", folder, name, what, paths[where],
             paths[where], paths[where]);
    cr_assert_eq(system(command), 0);
}

static void put_pair(const char *name)
{
    put(name, "server.pem", CERTIFICATE);
    put(name, "server.key", KEY);
}

static void put_text(int where, const char *text)
{
    FILE *f = fopen(paths[where], "w");
    cr_assert(f);
    fputs(text, f);
    fclose(f);
}

static struct tls_context *use(bool with_clients)
{
    struct tls_context *t = NULL;
    struct reason why = {0};
    const struct tls_settings set = {
        .certificate = paths[CERTIFICATE], .key = paths[KEY], .client_ca = with_clients ? paths[CLIENTS] : NULL};
    cr_assert_eq(tls_context_new(&set, &t, &why), ST_OK, "%s", why.text);
    return t;
}

static status refresh(struct tls_context *t, bool force, bool *changed, struct reason *why)
{
    *why = (struct reason){0};
    *changed = true;
    return tls_context_refresh(t, force, changed, why);
}

static void show(SSL *client, const char *own)
{
    char certificate[128], key[128];
    snprintf(certificate, sizeof certificate, "%s/%s/server.pem", folder, own);
    snprintf(key, sizeof key, "%s/%s/server.key", folder, own);
    cr_assert_eq(SSL_use_certificate_file(client, certificate, SSL_FILETYPE_PEM), 1);
    cr_assert_eq(SSL_use_PrivateKey_file(client, key, SSL_FILETYPE_PEM), 1);
}

/* One handshake in memory with what the listeners have. @param own  the client's pair; NULL: it has none
 * @return the certificate that was served, "" when the server refused */
static const char *served(const struct tls_context *t, const char *own)
{
    static _Thread_local char digest[2 * EVP_MAX_MD_SIZE + 1];
    SSL_CTX *client_ctx = SSL_CTX_new(TLS_client_method());
    SSL *client = SSL_new(client_ctx), *server = SSL_new(tls_ssl_ctx(t));
    BIO *ends[2];
    if (own)
        show(client, own);
    cr_assert(client && server && BIO_new_bio_pair(&ends[0], 0, &ends[1], 0));
    SSL_set_bio(client, ends[0], ends[0]);
    SSL_set_bio(server, ends[1], ends[1]);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    for (int i = 0; i < 20 && !(SSL_is_init_finished(client) && SSL_is_init_finished(server)); i++) {
        (void)SSL_do_handshake(client); /* both say WANT_READ until the other has spoken */
        (void)SSL_do_handshake(server);
    }
    digest[0] = 0;
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const X509 *certificate = SSL_is_init_finished(server) ? SSL_get0_peer_certificate(client) : NULL;
    if (certificate && X509_digest(certificate, EVP_sha256(), raw, &len) == 1)
        for (unsigned i = 0; i < len; i++)
            snprintf(digest + 3 * (size_t)i, 4, i + 1 < len ? "%02X:" : "%02X", raw[i]);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_ctx);
    return digest;
}

static void expect_served(struct tls_context *t, const char *what)
{
    char told[TLS_FINGERPRINT_TEXT];
    cr_expect_str_eq(served(t, NULL), tls_fingerprint(t, told), "%s", what);
}

Test(reload, files_that_are_the_same_are_left_alone)
{
    struct reason why;
    bool changed;
    make_pair("one");
    put_pair("one");
    AUTO(tls_context_destroy) struct tls_context *t = use(false);
    cr_expect_eq(refresh(t, false, &changed, &why), ST_OK, "%s", why.text);
    cr_expect_not(changed);
    cr_expect_eq(refresh(t, true, &changed, &why), ST_OK, "%s", why.text);
    cr_expect(changed, "SIGHUP reads whatever is there");
    expect_served(t, "the same");
}

Test(reload, a_new_pair_is_served_from_the_next_handshake_on)
{
    struct reason why;
    bool changed;
    char before[TLS_FINGERPRINT_TEXT], behind[TLS_FINGERPRINT_TEXT];
    make_pair("one");
    make_pair("two");
    put_pair("one");
    AUTO(tls_context_destroy) struct tls_context *t = use(false);
    tls_fingerprint(t, before);
    expect_served(t, "the first");
    put_pair("two");
    expect_served(t, "not looked at yet");
    cr_expect_eq(refresh(t, false, &changed, &why), ST_OK, "%s", why.text);
    cr_expect(changed);
    cr_expect_str_neq(tls_fingerprint(t, behind), before);
    expect_served(t, "the second");
}

static const struct {
    const char *what;
    int where;
    const char *text; /**< NULL: the file is removed */
    const char *code;
} faults[] = {
    {"no PEM", CERTIFICATE, "no certificate\n", "tls_certificate_invalid"},
    {"half a file", CERTIFICATE, "-----BEGIN CERTIFICATE-----\nMIIB", "tls_certificate_invalid"},
    {"an empty file", CERTIFICATE, "", "tls_certificate_invalid"},
    {"no certificate", CERTIFICATE, NULL, "tls_certificate_invalid"},
    {"no key", KEY, NULL, "tls_key_invalid"},
    {"a key that is none", KEY, "-----BEGIN PRIVATE KEY-----\n", "tls_key_invalid"},
    {"authorities that are none", CLIENTS, "nobody\n", "tls_client_ca_invalid"},
    {"no authorities", CLIENTS, NULL, "tls_client_ca_invalid"},
};

Test(reload, what_cannot_be_used_never_takes_the_place_of_what_can)
{
    make_pair("one");
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct reason why;
        bool changed;
        put_pair("one");
        put("one", "server.pem", CLIENTS);
        AUTO(tls_context_destroy) struct tls_context *t = use(true);
        if (faults[i].text)
            put_text(faults[i].where, faults[i].text);
        else
            cr_assert_eq(unlink(paths[faults[i].where]), 0);
        cr_expect_neq(refresh(t, false, &changed, &why), ST_OK, "%s", faults[i].what);
        cr_expect_not(changed, "%s", faults[i].what);
        cr_expect_str_eq(why.code, faults[i].code, "%s: %s", faults[i].what, why.text);
        expect_served(t, faults[i].what);
        cr_expect_eq(refresh(t, false, &changed, &why), ST_OK, "%s: said once", faults[i].what);
        cr_expect_neq(refresh(t, true, &changed, &why), ST_OK, "%s: SIGHUP says it again", faults[i].what);
        expect_served(t, faults[i].what);
        put_pair("one");
        put("one", "server.pem", CLIENTS);
        cr_expect_eq(refresh(t, false, &changed, &why), ST_OK, "%s: mended: %s", faults[i].what, why.text);
        cr_expect(changed, "%s: mended", faults[i].what);
    }
}

/* Between the two renames of a renewal, certificate and key do not fit. */
Test(reload, half_a_renewal_is_waited_for)
{
    struct reason why;
    bool changed;
    make_pair("one");
    make_pair("two");
    put_pair("one");
    AUTO(tls_context_destroy) struct tls_context *t = use(false);
    put("two", "server.pem", CERTIFICATE);
    cr_expect_eq(refresh(t, false, &changed, &why), ST_INVALID);
    cr_expect_str_eq(why.code, "tls_key_invalid");
    expect_served(t, "the old pair");
    put("two", "server.key", KEY);
    cr_expect_eq(refresh(t, false, &changed, &why), ST_OK, "%s", why.text);
    cr_expect(changed);
    expect_served(t, "the new pair");
}

Test(reload, authorities_of_clients_are_replaced_too)
{
    struct reason why;
    bool changed;
    make_pair("one");
    make_pair("two");
    put_pair("one");
    put("one", "server.pem", CLIENTS);
    AUTO(tls_context_destroy) struct tls_context *t = use(true);
    cr_expect_str_neq(served(t, "one"), "");
    cr_expect_str_eq(served(t, "two"), "");
    put("two", "server.pem", CLIENTS);
    cr_expect_eq(refresh(t, false, &changed, &why), ST_OK, "%s", why.text);
    cr_expect(changed);
    cr_expect_str_eq(served(t, "one"), "");
    cr_expect_str_neq(served(t, "two"), "");
    cr_expect_str_neq(served(t, NULL), "", "who shows none is served");
}

/* ---- while handshakes go on ---- */

struct shaker {
    const struct tls_context *tls;
    atomic_bool stop;
    atomic_int done, failed;
};

static void *shake(void *data)
{
    struct shaker *s = data;
    while (!atomic_load(&s->stop)) {
        atomic_fetch_add(&s->failed, served(s->tls, NULL)[0] == 0);
        atomic_fetch_add(&s->done, 1);
    }
    return NULL;
}

Test(reload, handshakes_go_on_meanwhile, .timeout = 60)
{
    enum { THREADS = 2, REPLACED = 20, SHAKEN = 50 };
    make_pair("one");
    make_pair("two");
    put_pair("one");
    AUTO(tls_context_destroy) struct tls_context *t = use(false);
    struct shaker s = {.tls = t};
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, shake, &s), 0);
    for (int i = 0; i < REPLACED || atomic_load(&s.done) < SHAKEN; i++) {
        struct reason why;
        bool changed;
        put_pair(i % 2 ? "one" : "two");
        cr_assert_eq(refresh(t, true, &changed, &why), ST_OK, "%s", why.text);
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(atomic_load(&s.failed), 0, "%d of %d", atomic_load(&s.failed), atomic_load(&s.done));
}
