#include "common/tls/tls.h"

#include "common/tls/self_signed.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FINGERPRINT_TEXT = 3 * 32 };

struct tls_context {
    SSL_CTX *ctx;
    bool is_self_signed;
    char certificate[PATH_MAX];
    char key[PATH_MAX];
    char fingerprint[FINGERPRINT_TEXT]; /**< 32 bytes as "AB:CD:..." */
};

/* ---- files ---- */

static bool is_set(const char *text)
{
    return text && *text;
}

static status set_path(char out[PATH_MAX], const char *folder, const char *name, struct reason *why)
{
    if (snprintf(out, PATH_MAX, "%s%s%s", folder, *folder ? "/" : "", name) < PATH_MAX)
        return ST_OK;
    reason_set(why, "tls_path_too_long", "the path of %.40s is too long", name);
    return ST_INVALID;
}

static status need_readable(const char *path, const char *what, struct reason *why)
{
    if (access(path, R_OK) == 0)
        return ST_OK;
    reason_set(why, "tls_file_missing", "cannot read the %s %.120s: %s", what, path, strerror(errno));
    return errno == ENOENT || errno == ENOTDIR ? ST_NOT_FOUND : ST_IO;
}

static status use_given(struct tls_context *t, const struct tls_settings *set, struct reason *why)
{
    if (!is_set(set->key)) {
        reason_set(why, "tls_key_missing", "a certificate is set (%.100s), but no key: set both or none",
                   set->certificate);
        return ST_INVALID;
    }
    status st = set_path(t->certificate, "", set->certificate, why);
    if (st == ST_OK)
        st = set_path(t->key, "", set->key, why);
    if (st == ST_OK)
        st = need_readable(t->certificate, "certificate", why);
    return st == ST_OK ? need_readable(t->key, "key", why) : st;
}

static status use_self_signed(struct tls_context *t, const struct tls_settings *set, struct reason *why)
{
    if (!is_set(set->folder)) {
        reason_set(why, "tls_no_folder", "no certificate is set, and no folder to keep a self-signed one in");
        return ST_INVALID;
    }
    t->is_self_signed = true;
    status st = set_path(t->certificate, set->folder, "server.pem", why);
    if (st == ST_OK)
        st = set_path(t->key, set->folder, "server.key", why);
    if (st != ST_OK)
        return st;
    if (access(t->certificate, F_OK) != 0 && errno == ENOENT)
        return self_signed_make(t->certificate, t->key, set->names, why);
    st = need_readable(t->certificate, "certificate", why);
    return st == ST_OK ? need_readable(t->key, "key", why) : st;
}

/* ---- OpenSSL ---- */

static int no_passphrase(char *out, int size, int writing, void *unused)
{
    (void)out, (void)size, (void)writing, (void)unused;
    return -1; /* OpenSSL would ask on the terminal */
}

static status fail(const char *code, const char *path, const char *advice, struct reason *why)
{
    char detail[100];
    ERR_error_string_n(ERR_peek_last_error(), detail, sizeof detail);
    const char *words = ERR_reason_error_string(ERR_peek_last_error());
    reason_set(why, code, "%.90s: %.60s; %s", path, words ? words : detail, advice);
    ERR_clear_error();
    return ST_INVALID;
}

static status load_files(struct tls_context *t, struct reason *why)
{
    SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(t->ctx, t->certificate) != 1)
        return fail("tls_certificate_invalid", t->certificate, "PEM is wanted, the server's certificate first", why);
    if (SSL_CTX_use_PrivateKey_file(t->ctx, t->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(t->ctx) != 1)
        return fail("tls_key_invalid", t->key, "PEM without passphrase is wanted, the certificate's own key", why);
    return ST_OK;
}

/* HTTP/1.1 is all we speak; a client that does not offer it gets no protocol, and will try HTTP/1.1 anyway. */
static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *unused)
{
    (void)ssl, (void)unused;
    static const unsigned char offered[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char *chosen;
    int rc = SSL_select_next_proto(&chosen, out_len, offered, sizeof offered, in, in_len);
    if (rc != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static status configure(struct tls_context *t)
{
    static const unsigned char session_id[] = "muster";
    t->ctx = SSL_CTX_new(TLS_server_method());
    if (!t->ctx || SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_session_id_context(t->ctx, session_id, sizeof session_id - 1) != 1)
        return ST_NO_MEMORY;
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_alpn_select_cb(t->ctx, select_protocol, NULL);
    return ST_OK;
}

static status set_fingerprint(struct tls_context *t)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(SSL_CTX_get0_certificate(t->ctx), EVP_sha256(), digest, &len) != 1 || len != 32)
        return ST_IO;
    for (size_t i = 0; i < len; i++)
        snprintf(t->fingerprint + 3 * i, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
    return ST_OK;
}

status tls_context_new(const struct tls_settings *set, struct tls_context **out, struct reason *why)
{
    AUTO(tls_context_destroy) struct tls_context *t = calloc(1, sizeof *t);
    if (!t)
        return ST_NO_MEMORY;
    status st = is_set(set->certificate) ? use_given(t, set, why) : use_self_signed(t, set, why);
    if (st == ST_OK)
        st = configure(t);
    if (st == ST_OK)
        st = load_files(t, why);
    if (st == ST_OK)
        st = set_fingerprint(t);
    if (st == ST_OK)
        *out = STEAL(t);
    return st;
}

void tls_context_destroy(struct tls_context *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    free(t);
}

const char *tls_certificate_path(const struct tls_context *t)
{
    return t->certificate;
}

const char *tls_fingerprint(const struct tls_context *t)
{
    return t->fingerprint;
}

bool tls_is_self_signed(const struct tls_context *t)
{
    return t->is_self_signed;
}

void *tls_ssl_ctx(const struct tls_context *t)
{
    return t->ctx;
}
