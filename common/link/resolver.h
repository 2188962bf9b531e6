/**
 * Names to addresses, again every few seconds, on a thread of its own: a slow name server must not hold up beats.
 * Private to common/link.
 *
 * Threads: one owner at a time; the thread that resolves is nobody's business.
 */
#ifndef MUSTER_COMMON_LINK_RESOLVER_H
#define MUSTER_COMMON_LINK_RESOLVER_H

#include "common/base/cleanup.h"
#include "common/link/addresses.h"

enum { RESOLVER_ADDRESSES_MAX = 256, RESOLVER_PAUSE_MS = 5000 };

struct resolver;

/** What a name stands for now. */
struct resolved {
    size_t count;
    char (*texts)[ADDRESS_TEXT]; /**< owned; for ZeroMQ */
};

/** @param names  copied, only those that are names count; at most ADDRESS_LIST_MAX  @retval ST_NO_MEMORY  @retval ST_IO */
MUST_CHECK status resolver_new(const struct address *names, size_t count, struct resolver **out);
/** Does not wait for a look-up that is under way: that thread ends by itself. NULL is allowed. */
void resolver_destroy(struct resolver *r);
AUTO_DEFINE(struct resolver, resolver_destroy)

/** Readable when resolver_take() has something new. */
int resolver_fd(const struct resolver *r);
/** Addresses of all names together, if they were looked up since the last call and every name was found; free
 *  `out->texts`. While a name cannot be resolved nothing is reported, so nothing is let go. */
bool resolver_take(struct resolver *r, struct resolved *out);

#endif
