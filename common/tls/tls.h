/**
 * TLS of our listeners: certificate and key by setting, TLS 1.2 and 1.3, http/1.1 only in ALPN. When no certificate is given, a
 * self-signed one (ECDSA P-256, ten years, names and addresses of this host) is made once in a folder and used from then on.
 *
 * OpenSSL's types cross this header only as opaque pointers.
 *
 * Threads: make and destroy in main; the context itself may be used by all loops.
 */
#ifndef MUSTER_COMMON_TLS_TLS_H
#define MUSTER_COMMON_TLS_TLS_H

#include "common/base/cleanup.h"
#include "common/base/status.h"

#include <stdbool.h>

struct tls_context;

struct tls_settings {
    const char *certificate; /**< PEM, leaf first, then intermediates; NULL or "": self-signed in `folder` */
    const char *key;         /**< PEM */
    const char *folder;      /**< where a self-signed pair is kept: server.pem, server.key (mode 0600) */
    const char *names;       /**< further names and addresses for the self-signed one, comma separated; may be NULL */
};

/** @retval ST_NOT_FOUND a file is missing  @retval ST_INVALID not PEM, key does not fit  @retval ST_IO */
MUST_CHECK status tls_context_new(const struct tls_settings *set, struct tls_context **out, struct reason *why);
void tls_context_destroy(struct tls_context *t); /**< NULL is allowed */
AUTO_DEFINE(struct tls_context, tls_context_destroy)

/** Path of the certificate in use. */
const char *tls_certificate_path(const struct tls_context *t);
/** SHA-256 fingerprint of the certificate, "AB:CD:...". */
const char *tls_fingerprint(const struct tls_context *t);
bool tls_is_self_signed(const struct tls_context *t);
/** The SSL_CTX (as void * so that only common/http needs OpenSSL's headers). Owned by `t`. */
void *tls_ssl_ctx(const struct tls_context *t);

#endif
