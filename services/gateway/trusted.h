/**
 * Clients that an administrator trusts (OCS_OPT_TRUSTED_IP): neither INVENTORY_SESSION_ONLY nor a filter concerns them.
 *
 * The list: entries separated by blanks or commas. An entry is an address, a network ("10.0.0.0/8", "fd00::/8"), or, if it has one of
 * the characters ^ $ \ * + ? [ ] ( ) { } |, a regular expression (POSIX extended, with \d) for the whole address as text.
 *
 * Threads: a list never changes.
 */
#ifndef MUSTER_GATEWAY_TRUSTED_H
#define MUSTER_GATEWAY_TRUSTED_H

#include "common/base/cleanup.h"
#include "common/networks/networks.h"

struct trusted;

/** @param list  NULL: nobody  @retval ST_INVALID `why` quotes the entry  @retval ST_NO_MEMORY */
MUST_CHECK status trusted_new(const char *list, struct trusted **out, struct reason *why);
void trusted_destroy(struct trusted *t); /**< NULL is allowed */
AUTO_DEFINE(struct trusted, trusted_destroy)

bool trusted_contains(const struct trusted *t, const struct upload_address *address);

#endif
