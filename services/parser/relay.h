/**
 * Between the gateways and the writers: records that wait for a writer, and the deliveries that they came from. A gateway hears of an
 * upload what a writer said about its record; nothing is acknowledged before.
 *
 * An upload is here once, however often a gateway gives it: the newest delivery is the one that is answered.
 *
 * Bounded by the credit that the parser grants, for every record here is an unanswered delivery, and in bytes: who makes records waits
 * in relay_wait_room() before it takes the next upload.
 *
 * Threads: any.
 */
#ifndef MUSTER_PARSER_RELAY_H
#define MUSTER_PARSER_RELAY_H

#include "common/link/link.h"

struct relay;

/** @param consumer  deliveries are answered there; must outlive the relay
 *  @param link      of the link to writers
 *  @param bytes_max of records held; one more may come in over it from each thread that was let in before
 *  @param lost_max  writers that may fall silent over one record before the gateway gets it back (LINK_WHY_LOST)
 *  @retval as link_producer_new() */
MUST_CHECK status relay_new(const char *bind, struct link_consumer *consumer, size_t bytes_max, unsigned lost_max,
                            const struct link_settings *link, struct relay **out, struct reason *why);
/** Offer a record; takes the delivery over in any case. The bytes are copied. Memory out: the gateway gets it back. */
void relay_offer(struct relay *r, struct link_delivery *d, struct view record);
/** Wait until less than `bytes_max` is held. */
void relay_wait_room(struct relay *r);
/** From now on nobody waits for room: what was taken is finished. */
void relay_stop_waiting(struct relay *r);
/** Records held. */
size_t relay_held(struct relay *r);
size_t relay_writers(const struct relay *r);
/** What is held goes back to the gateways. NULL is allowed. */
void relay_destroy(struct relay *r);
AUTO_DEFINE(struct relay, relay_destroy)

#endif
