/**
 * TLS of our listeners: certificate and key by setting, TLS 1.2 and 1.3, http/1.1 only in ALPN. When no certificate is given, a
 * self-signed one (ECDSA P-256, ten years, names and addresses of this host) is made once in a folder and used from then on.
 *
 * The files may be replaced while it is used: tls_context_refresh() reads them again, and new connections get the new certificate.
 * A pair that cannot be used never takes the place of one that can.
 *
 * With `client_ca` clients are asked for a certificate. Who sends none is served like anybody (whether that is enough is the
 * caller's to say, by tls_peer_key()); who sends one that is not of that authority, expired or revoked fails in the handshake.
 *
 * OpenSSL's types cross this header only as opaque pointers.
 *
 * Threads: make, refresh and destroy in main; everything else from any thread.
 */
#ifndef MUSTER_COMMON_TLS_TLS_H
#define MUSTER_COMMON_TLS_TLS_H

#include "common/base/cleanup.h"
#include "common/base/status.h"

#include <stdbool.h>

struct tls_context;

enum { TLS_FINGERPRINT_TEXT = 3 * 32, TLS_KEY_TEXT = 2 * 32 + 1 };

struct tls_settings {
    const char *certificate; /**< PEM, leaf first, then intermediates; NULL or "": self-signed in `folder` */
    const char *key;         /**< PEM */
    const char *folder;      /**< where a self-signed pair is kept: server.pem, server.key (mode 0600) */
    const char
        *client_ca;    /**< PEM: authorities of clients' certificates, and their CRLs; NULL or "": none is asked for */
    const char *names; /**< further names and addresses for the self-signed one, comma separated; may be NULL */
};

/** @retval ST_NOT_FOUND a file is missing  @retval ST_INVALID not PEM, key does not fit  @retval ST_IO */
MUST_CHECK status tls_context_new(const struct tls_settings *set, struct tls_context **out, struct reason *why);
void tls_context_destroy(struct tls_context *t); /**< NULL is allowed */
AUTO_DEFINE(struct tls_context, tls_context_destroy)

/**
 * Read the files again if they have changed since they were last looked at, or whatever they are when `force`.
 * @param changed  whether new ones are in use now
 * @retval ST_OK  @retval as tls_context_new(): the old ones stay in use; said once for a change of the files
 */
MUST_CHECK status tls_context_refresh(struct tls_context *t, bool force, bool *changed, struct reason *why);

/** SHA-256 of the public key in the certificate that the client of an SSL sent, as hex digits: it stays the same when a certificate is
 *  renewed for the same key. @return false: it sent none */
bool tls_peer_key(const void *ssl, char out[static TLS_KEY_TEXT]);

/** Path of the certificate in use. */
const char *tls_certificate_path(const struct tls_context *t);
/** SHA-256 fingerprint of the certificate in use, "AB:CD:...", into `out`; returns `out`. */
const char *tls_fingerprint(struct tls_context *t, char out[static TLS_FINGERPRINT_TEXT]);
bool tls_is_self_signed(const struct tls_context *t);
/** The SSL_CTX (as void * so that only common/http needs OpenSSL's headers). Owned by `t`. */
void *tls_ssl_ctx(const struct tls_context *t);

#endif
