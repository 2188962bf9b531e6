#include "common/tls/tls.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/muster-tls-XXXXXX";

static void make_folder(void)
{
    cr_assert(mkdtemp(folder));
}

static const char *in_folder(const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void remove_folder(void)
{
    DIR *list = opendir(folder);
    for (struct dirent *entry; list && (entry = readdir(list));)
        if (entry->d_name[0] != '.')
            (void)unlink(in_folder(entry->d_name));
    if (list)
        closedir(list);
    (void)rmdir(folder);
}

TestSuite(tls, .init = make_folder, .fini = remove_folder);

static status make(const struct tls_settings *set, struct tls_context **out, struct reason *why)
{
    *why = (struct reason){0};
    *out = NULL;
    return tls_context_new(set, out, why);
}

static struct tls_context *self_signed(const char *names)
{
    struct tls_context *t;
    struct reason why;
    cr_assert_eq(make(&(struct tls_settings){.folder = folder, .names = names}, &t, &why), ST_OK, "%s", why.text);
    return t;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    cr_assert(f);
    fputs(text, f);
    fclose(f);
}

Test(tls, a_self_signed_pair_is_made_once_and_then_kept)
{
    AUTO(tls_context_destroy) struct tls_context *first = self_signed(NULL);
    AUTO(tls_context_destroy) struct tls_context *second = self_signed("other.example");
    cr_expect(tls_is_self_signed(first));
    char one[TLS_FINGERPRINT_TEXT], two[TLS_FINGERPRINT_TEXT];
    cr_expect_str_eq(tls_fingerprint(first, one), tls_fingerprint(second, two));
    cr_expect_eq(strlen(one), 95);
    cr_expect_str_eq(tls_certificate_path(first), in_folder("server.pem"));
    struct stat info;
    cr_assert_eq(stat(in_folder("server.key"), &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    cr_expect_neq(stat(in_folder("server.key.new"), &info), 0, "nothing is left behind");
}

static X509 *certificate_of(const struct tls_context *t)
{
    return SSL_CTX_get0_certificate(tls_ssl_ctx(t));
}

Test(tls, the_certificate_names_this_host_and_what_was_asked_for)
{
    AUTO(tls_context_destroy) struct tls_context *t = self_signed("muster.example.org, 192.0.2.7,2001:db8::7");
    X509 *certificate = certificate_of(t);
    static const char *const hosts[] = {"localhost", "muster.example.org"};
    static const char *const addresses[] = {"127.0.0.1", "::1", "192.0.2.7", "2001:db8::7"};
    for (size_t i = 0; i < COUNT(hosts); i++)
        cr_expect_eq(X509_check_host(certificate, hosts[i], 0, 0, NULL), 1, "%s", hosts[i]);
    for (size_t i = 0; i < COUNT(addresses); i++)
        cr_expect_eq(X509_check_ip_asc(certificate, addresses[i], 0), 1, "%s", addresses[i]);
    cr_expect_eq(X509_check_host(certificate, "example.org", 0, 0, NULL), 0);
}

/* The Unix agent is given the server's own certificate as its CA file. */
Test(tls, the_certificate_is_its_own_authority_for_years)
{
    AUTO(tls_context_destroy) struct tls_context *t = self_signed(NULL);
    X509 *certificate = certificate_of(t);
    cr_expect_eq(X509_check_ca(certificate), 1);
    cr_expect_eq(X509_verify(certificate, X509_get0_pubkey(certificate)), 1);
    cr_expect_eq(X509_check_purpose(certificate, X509_PURPOSE_SSL_SERVER, 0), 1);
    int days = 0, seconds = 0;
    cr_assert_eq(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)), 1);
    cr_expect_gt(days, 3640);
    cr_expect_eq(X509_cmp_current_time(X509_get0_notBefore(certificate)), -1);
}

Test(tls, a_name_that_is_none_is_refused)
{
    static const char *const wrong[] = {"two words,\"quoted\"", "a/b", "x:y", "DNS:evil", "a,IP:1"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct tls_context *t;
        struct reason why;
        cr_expect_eq(make(&(struct tls_settings){.folder = folder, .names = wrong[i]}, &t, &why), ST_INVALID, "%s",
                     wrong[i]);
        cr_expect(why.text[0]);
        cr_expect_neq(access(in_folder("server.pem"), F_OK), 0, "%s: something was made", wrong[i]);
    }
}

Test(tls, a_given_pair_is_used)
{
    AUTO(tls_context_destroy) struct tls_context *made = self_signed(NULL);
    struct tls_context *given;
    struct reason why;
    const struct tls_settings set = {.certificate = in_folder("server.pem"), .key = in_folder("server.key")};
    cr_assert_eq(make(&set, &given, &why), ST_OK, "%s", why.text);
    cr_expect_not(tls_is_self_signed(given));
    char one[TLS_FINGERPRINT_TEXT], two[TLS_FINGERPRINT_TEXT];
    cr_expect_str_eq(tls_fingerprint(given, one), tls_fingerprint(made, two));
    tls_context_destroy(given);
}

/* Files of the folder; NULL: not set. */
static const struct {
    const char *what, *certificate, *key, *folder;
    status want;
    const char *code;
} faults[] = {
    {"no such certificate", "none.pem", "server.key", NULL, ST_NOT_FOUND, "tls_file_missing"},
    {"no such key", "server.pem", "none.key", NULL, ST_NOT_FOUND, "tls_file_missing"},
    {"certificate without a key", "server.pem", NULL, NULL, ST_INVALID, "tls_key_missing"},
    {"not PEM", "garbage", "server.key", NULL, ST_INVALID, "tls_certificate_invalid"},
    {"a key where the certificate belongs", "server.key", "server.key", NULL, ST_INVALID, "tls_certificate_invalid"},
    {"a key that is none", "server.pem", "garbage", NULL, ST_INVALID, "tls_key_invalid"},
    {"another's key", "server.pem", "other.key", NULL, ST_INVALID, "tls_key_invalid"},
    {"a key with a passphrase", "server.pem", "locked.key", NULL, ST_INVALID, "tls_key_invalid"},
    {"neither files nor folder", NULL, NULL, NULL, ST_INVALID, "tls_no_folder"},
    {"a folder that is not there", NULL, NULL, "none", ST_IO, "tls_not_written"},
};

static void write_keys(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *open_key = fopen(in_folder("other.key"), "w"), *locked = fopen(in_folder("locked.key"), "w");
    cr_assert(key && open_key && locked);
    cr_assert(PEM_write_PrivateKey(open_key, key, NULL, NULL, 0, NULL, NULL));
    cr_assert(PEM_write_PKCS8PrivateKey(locked, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL));
    fclose(open_key);
    fclose(locked);
    EVP_PKEY_free(key);
}

Test(tls, every_fault_is_named_with_its_file)
{
    tls_context_destroy(self_signed(NULL));
    write_text(in_folder("garbage"), "-----BEGIN NONSENSE-----\n");
    write_keys();
    for (size_t i = 0; i < COUNT(faults); i++) {
        struct tls_settings set = {0};
        if (faults[i].certificate)
            set.certificate = in_folder(faults[i].certificate);
        if (faults[i].key)
            set.key = in_folder(faults[i].key);
        if (faults[i].folder)
            set.folder = in_folder(faults[i].folder);
        struct tls_context *t;
        struct reason why;
        status st = make(&set, &t, &why);
        cr_expect_eq(st, faults[i].want, "%s: %s %s", faults[i].what, status_name(st), why.text);
        cr_expect_str_eq(why.code, faults[i].code, "%s: %s", faults[i].what, why.code);
        cr_expect_null(t);
    }
}

/* A start that was killed in between leaves the key, but no certificate. */
Test(tls, a_key_without_its_certificate_is_made_anew)
{
    write_text(in_folder("server.key"), "half");
    write_text(in_folder("server.pem.new"), "half");
    AUTO(tls_context_destroy) struct tls_context *t = self_signed(NULL);
    char text[TLS_FINGERPRINT_TEXT];
    cr_expect_eq(strlen(tls_fingerprint(t, text)), 95);
}

Test(tls, a_chain_is_served_with_its_intermediates)
{
    tls_context_destroy(self_signed(NULL));
    char pem[8192];
    FILE *f = fopen(in_folder("server.pem"), "r");
    size_t len = fread(pem, 1, sizeof pem / 2 - 1, f);
    fclose(f);
    memcpy(pem + len, pem, len);
    pem[2 * len] = 0;
    write_text(in_folder("chain.pem"), pem);
    struct tls_context *t;
    struct reason why;
    const struct tls_settings set = {.certificate = in_folder("chain.pem"), .key = in_folder("server.key")};
    cr_assert_eq(make(&set, &t, &why), ST_OK, "%s", why.text);
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(tls_ssl_ctx(t), &chain);
    cr_expect_eq(sk_X509_num(chain), 1);
    tls_context_destroy(t);
}
