/* What a TLS handshake says: why it failed, and who the client is. h2o has no function for either; OpenSSL tells, and the BIO
 * that h2o made for a connection leads back to its socket. */
#include "common/http/inner.h"

#include "common/http/http_metrics.h"
#include "common/log/log.h"

enum { ALERT_FATAL = 2 };

static struct connection *connection_of_ssl(const SSL *ssl)
{
    BIO *bio = SSL_get_rbio(ssl);
    h2o_socket_t *socket = bio ? BIO_get_data(bio) : NULL;
    return socket ? socket->on_close.data : NULL;
}

/* The end of a handshake: the client's certificate, or something else that is not to our taste. Counted once. */
static void on_refused(const SSL *ssl, struct connection *c, const char *detail)
{
    if (c && c->is_refused)
        return;
    char from[UPLOAD_ADDRESS_TEXT] = "";
    long verified = SSL_get_verify_result(ssl);
    if (c) {
        c->is_refused = true;
        upload_address_text(&c->peer, from);
    }
    if (verified == X509_V_OK) {
        metric_add(&http_metrics.refused_tls, 1);
        log_debug("handshake refused", LOG_TEXT("phase", "handshake"), LOG_TEXT("reason", "handshake"),
                  LOG_TEXT("from", from), LOG_TEXT("detail", detail));
        return;
    }
    metric_add(&http_metrics.refused_certificate, 1);
    log_info("refused", LOG_TEXT("phase", "handshake"), LOG_TEXT("reason", "certificate_refused"),
             LOG_TEXT("from", from), LOG_TEXT("detail", X509_verify_cert_error_string(verified)));
}

static void on_done(const SSL *ssl, struct connection *c)
{
    c->is_shaken = true;
    if (!tls_peer_key(ssl, c->client_key))
        c->client_key[0] = '\0';
}

/* Who asks for another handshake is told so by a warning, and h2o ends the connection. */
static bool is_refusal(int alert)
{
    return alert >> 8 == ALERT_FATAL || (alert & 0xff) == SSL_AD_NO_RENEGOTIATION;
}

static void on_info(const SSL *ssl, int where, int value)
{
    struct connection *c = connection_of_ssl(ssl);
    if ((where & SSL_CB_HANDSHAKE_DONE) && c)
        on_done(ssl, c);
    if ((where & SSL_CB_WRITE_ALERT) == SSL_CB_WRITE_ALERT && is_refusal(value))
        on_refused(ssl, c, SSL_alert_desc_string_long(value));
    if ((where & SSL_CB_ACCEPT_EXIT) == SSL_CB_ACCEPT_EXIT && strcmp(SSL_state_string(ssl), "SSLERR") == 0)
        on_refused(ssl, c, "no TLS"); /* is not worth an alert */
}

void handshakes_watch(void *ctx)
{
    SSL_CTX_set_info_callback(ctx, on_info);
}
