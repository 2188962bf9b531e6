/**
 * Who may send: user and password, a client's certificate, and the certificate that a device is pinned to. All of it is off by default, and
 * then nothing is asked.
 *
 * What takes time (hashing a password, asking for a pin) is done elsewhere; the request then goes on from its beginning on its own loop.
 *
 * Threads: access_client and access_device on a loop's thread, the rest in main.
 */
#ifndef MUSTER_GATEWAY_ACCESS_H
#define MUSTER_GATEWAY_ACCESS_H

#include "services/gateway/exchange.h"
#include "services/gateway/gateway_settings.h"

struct access;

/** @retval ST_INVALID  @retval ST_NOT_FOUND  @retval ST_IO  (`why` says which) */
MUST_CHECK status access_new(const struct gateway_settings *set, struct access **out, struct reason *why);
/** The file of users: see auth_refresh(). */
MUST_CHECK status access_refresh(struct access *a, bool force, bool *changed, struct reason *why);
/** From its return on nothing goes on that had to wait: it is refused. */
void access_stop(struct access *a);
void access_destroy(struct access *a); /**< NULL is allowed */
AUTO_DEFINE(struct access, access_destroy)

/** What a 401 says; NULL: there are no users. */
const char *access_challenge(const struct access *a);

/** Before anything of a request is read. @return false: it is refused, or goes on later with gateway_serve() */
bool access_client(struct exchange *x);
/** Before a device's request is handled. @return false: it is refused, or comes again with `is_pinned` */
bool access_device(struct exchange *x);

#endif
