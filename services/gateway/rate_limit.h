/**
 * Requests of one address, limited: a token bucket for each, in a table of fixed size.
 *
 * A bucket holds the requests of one minute and fills evenly. IPv6 clients count by their /64, which one machine may have to itself.
 * When the table is full, an address that has used least of its bucket is forgotten for a new one: whoever is over his limit stays known.
 *
 * Threads: any.
 */
#ifndef MUSTER_GATEWAY_RATE_LIMIT_H
#define MUSTER_GATEWAY_RATE_LIMIT_H

#include "common/base/cleanup.h"
#include "common/base/status.h"
#include "common/upload/upload.h"

struct rate_limit;

/**
 * @param per_minute  requests; 0: no limit
 * @param addresses   that are known at once, 16 bytes each; rounded up to a power of two
 * @retval ST_NO_MEMORY
 */
MUST_CHECK status rate_limit_new(int64_t per_minute, int64_t addresses, struct rate_limit **out);
void rate_limit_destroy(struct rate_limit *r); /**< NULL is allowed */
AUTO_DEFINE(struct rate_limit, rate_limit_destroy)

/** Count a request. @param from of length 0 (a unix socket's peer): never limited  @return false: too many */
bool rate_limit_admits(struct rate_limit *r, const struct upload_address *from, int64_t now_ms);

#endif
