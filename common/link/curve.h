/**
 * Who may take part in a link: CURVE with the one key pair of an installation. Private to common/link.
 *
 * ZeroMQ by itself would let in everybody who knows the public half; the gate (its ZAP handler) lets in only who proves to
 * have the secret half, too. Without a key there is no gate and everybody is let in.
 *
 * Threads: the socket's thread.
 */
#ifndef MUSTER_COMMON_LINK_CURVE_H
#define MUSTER_COMMON_LINK_CURVE_H

#include "common/link/link.h"

/** The pair in ZeroMQ's text form; both empty: no key. */
struct curve_keys {
    char secret[LINK_KEY_TEXT], open[LINK_KEY_TEXT];
};

/** @param text  as link_settings.key  @retval ST_INVALID not a key */
MUST_CHECK status curve_keys(const char *text, struct curve_keys *out, struct reason *why);

/** Make a socket use them, before it is bound or connected. @retval ST_IO */
MUST_CHECK status curve_listen(void *socket, const struct curve_keys *keys);
MUST_CHECK status curve_connect(void *socket, const struct curve_keys *keys);

/** The gate of a context, to be opened before its sockets are bound; poll it and call curve_gate_serve() when it can be
 *  read; zmq_close() it. @return NULL without a key, or when descriptors are out (then errno is not 0) */
void *curve_gate_open(void *context, const struct curve_keys *keys);
void curve_gate_serve(void *gate, const struct curve_keys *keys);

/** Those who do not come as far as the gate: without a key, or with another installation's. To be opened before the socket is bound;
 *  poll it and call curve_watch_serve() when it can be read; zmq_close() it. @return as curve_gate_open() */
void *curve_watch_open(void *context, void *socket, const struct curve_keys *keys);
void curve_watch_serve(void *watch);

#endif
