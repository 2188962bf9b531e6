#include "common/tls/tls.h"

#include "common/tls/self_signed.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES = 3 };

/* What tells one state of the files from another. */
struct stamp {
    struct {
        int64_t mtime_s, mtime_ns, size;
        uint64_t inode;
    } of[FILES];
};

struct tls_context {
    SSL_CTX *ctx;         /**< what the listeners have: it stays, and each handshake goes over to `current` */
    pthread_mutex_t lock; /**< of the two below */
    SSL_CTX *current;
    char fingerprint[TLS_FINGERPRINT_TEXT]; /**< 32 bytes as "AB:CD:..." */
    struct stamp looked_at;
    bool is_self_signed;
    char certificate[PATH_MAX];
    char key[PATH_MAX];
    char client_ca[PATH_MAX]; /**< "": none */
};

AUTO_DEFINE(SSL_CTX, SSL_CTX_free)

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

static status load_pair(const struct tls_context *t, SSL_CTX *ctx, struct reason *why)
{
    SSL_CTX_set_default_passwd_cb(ctx, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ctx, t->certificate) != 1)
        return fail("tls_certificate_invalid", t->certificate, "PEM is wanted, the server's certificate first", why);
    if (SSL_CTX_use_PrivateKey_file(ctx, t->key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
        return fail("tls_key_invalid", t->key, "PEM without passphrase is wanted, the certificate's own key", why);
    return ST_OK;
}

/* Once there is a list of revoked certificates, each authority must have one. */
static void check_revocations(X509_STORE *store)
{
    STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL)
            X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
}

/* A resumed session would not be checked again: not against a new list, nor against its end. */
static status load_client_ca(const struct tls_context *t, SSL_CTX *ctx, struct reason *why)
{
    if (!t->client_ca[0])
        return ST_OK;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(t->client_ca);
    if (!names || SSL_CTX_load_verify_file(ctx, t->client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return fail("tls_client_ca_invalid", t->client_ca, "PEM is wanted, certificates of authorities", why);
    }
    SSL_CTX_set_client_CA_list(ctx, names);
    check_revocations(SSL_CTX_get_cert_store(ctx));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
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

static status make(const struct tls_context *t, SSL_CTX **out, struct reason *why)
{
    static const unsigned char session_id[] = "muster";
    /* AES-128 first: its key schedule hashes with SHA-256, for which CPUs have instructions; a handshake takes a twelfth less at both ends. */
    static const char suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
    AUTO(SSL_CTX_free) SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || SSL_CTX_set_ciphersuites(ctx, suites) != 1 ||
        SSL_CTX_set_session_id_context(ctx, session_id, sizeof session_id - 1) != 1)
        return ST_NO_MEMORY;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_alpn_select_cb(ctx, select_protocol, NULL);
    /* Agents make a new connection for each request and resume none; with TLS 1.3 it would save them and us a quarter at most. */
    SSL_CTX_set_num_tickets(ctx, 0);
    status st = load_pair(t, ctx, why);
    if (st == ST_OK)
        st = load_client_ca(t, ctx, why);
    if (st == ST_OK)
        *out = STEAL(ctx);
    return st;
}

static status print_fingerprint(const SSL_CTX *ctx, char out[static TLS_FINGERPRINT_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (X509_digest(SSL_CTX_get0_certificate(ctx), EVP_sha256(), digest, &len) != 1 || len != 32)
        return ST_IO;
    for (size_t i = 0; i < len; i++)
        snprintf(out + 3 * i, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
    return ST_OK;
}

/* ---- replacing ---- */

static struct stamp stamp_of(const struct tls_context *t)
{
    const char *const paths[FILES] = {t->certificate, t->key, t->client_ca};
    struct stamp stamp;
    memset(&stamp, 0, sizeof stamp);
    for (size_t i = 0; i < FILES; i++) {
        struct stat info;
        if (paths[i][0] == 0 || stat(paths[i], &info) != 0)
            continue;
        stamp.of[i].mtime_s = info.st_mtim.tv_sec;
        stamp.of[i].mtime_ns = info.st_mtim.tv_nsec;
        stamp.of[i].size = info.st_size;
        stamp.of[i].inode = info.st_ino;
    }
    return stamp;
}

static status load(struct tls_context *t, struct reason *why)
{
    AUTO(SSL_CTX_free) SSL_CTX *fresh = NULL;
    char fingerprint[TLS_FINGERPRINT_TEXT];
    t->looked_at = stamp_of(t);
    status st = make(t, &fresh, why);
    if (st == ST_OK)
        st = print_fingerprint(fresh, fingerprint);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&t->lock);
    SSL_CTX *old = t->current;
    t->current = STEAL(fresh);
    memcpy(t->fingerprint, fingerprint, sizeof fingerprint);
    pthread_mutex_unlock(&t->lock);
    SSL_CTX_free(old); /* handshakes that use it hold it */
    return ST_OK;
}

status tls_context_refresh(struct tls_context *t, bool force, bool *changed, struct reason *why)
{
    *changed = false;
    struct stamp now = stamp_of(t);
    if (!force && memcmp(&now, &t->looked_at, sizeof now) == 0)
        return ST_OK;
    status st = load(t, why);
    *changed = st == ST_OK;
    return st;
}

/* The first thing in a handshake: the certificate and the authorities that are in use now. */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    struct tls_context *t = arg;
    (void)alert;
    pthread_mutex_lock(&t->lock);
    SSL_CTX *now = t->current;
    SSL_CTX_up_ref(now);
    pthread_mutex_unlock(&t->lock);
    SSL_set_SSL_CTX(ssl, now);
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(now), NULL);
    SSL_set_info_callback(ssl, SSL_CTX_get_info_callback(t->ctx)); /* would be looked for in `now` */
    SSL_CTX_free(now);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* ---- life ---- */

static status find_files(struct tls_context *t, const struct tls_settings *set, struct reason *why)
{
    status st = is_set(set->certificate) ? use_given(t, set, why) : use_self_signed(t, set, why);
    if (st == ST_OK && is_set(set->client_ca)) {
        st = set_path(t->client_ca, "", set->client_ca, why);
        if (st == ST_OK)
            st = need_readable(t->client_ca, "authorities of clients", why);
    }
    return st;
}

status tls_context_new(const struct tls_settings *set, struct tls_context **out, struct reason *why)
{
    AUTO(tls_context_destroy) struct tls_context *t = calloc(1, sizeof *t);
    if (!t)
        return ST_NO_MEMORY;
    pthread_mutex_init(&t->lock, NULL);
    status st = find_files(t, set, why);
    if (st == ST_OK)
        st = load(t, why);
    if (st == ST_OK)
        st = make(t, &t->ctx, why);
    if (st != ST_OK)
        return st;
    SSL_CTX_set_client_hello_cb(t->ctx, on_client_hello, t);
    *out = STEAL(t);
    return ST_OK;
}

void tls_context_destroy(struct tls_context *t)
{
    if (!t)
        return;
    SSL_CTX_free(t->ctx);
    SSL_CTX_free(t->current);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- asking ---- */

bool tls_peer_key(const void *ssl, char out[static TLS_KEY_TEXT])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const X509 *certificate = SSL_get0_peer_certificate(ssl);
    if (!certificate || SSL_get_verify_result(ssl) != X509_V_OK ||
        X509_pubkey_digest(certificate, EVP_sha256(), digest, &len) != 1)
        return false;
    for (size_t i = 0; i < len && 2 * i + 2 < TLS_KEY_TEXT; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return true;
}

const char *tls_certificate_path(const struct tls_context *t)
{
    return t->certificate;
}

const char *tls_fingerprint(struct tls_context *t, char out[static TLS_FINGERPRINT_TEXT])
{
    pthread_mutex_lock(&t->lock);
    memcpy(out, t->fingerprint, TLS_FINGERPRINT_TEXT);
    pthread_mutex_unlock(&t->lock);
    return out;
}

bool tls_is_self_signed(const struct tls_context *t)
{
    return t->is_self_signed;
}

void *tls_ssl_ctx(const struct tls_context *t)
{
    return t->ctx;
}
