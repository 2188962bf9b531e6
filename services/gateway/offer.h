/**
 * The link's producer over the spool: what rests there is offered to parsers, and their verdicts go back to it.
 *
 * Threads: any.
 */
#ifndef MUSTER_GATEWAY_OFFER_H
#define MUSTER_GATEWAY_OFFER_H

#include "services/gateway/spool/spool.h"

struct offer;

/**
 * @param address      where parsers connect
 * @param key          as link_settings.key
 * @param message_max  bytes of the largest upload with its head
 * @retval ST_INVALID  @retval ST_CONFLICT  @retval ST_IO  @retval ST_NO_MEMORY  (`why` says which)
 */
MUST_CHECK status offer_start(struct spool *spool, const char *address, const char *key, size_t message_max,
                              struct offer **out, struct reason *why);
/** Parsers that are connected. */
size_t offer_consumers(const struct offer *o);
/** What was given out and not answered stays in the spool. NULL is allowed. */
void offer_stop(struct offer *o);
AUTO_DEFINE(struct offer, offer_stop)

#endif
