/**
 * A suspect (link.h) is worked at alone: by a consumer that works at nothing else, of whichever producer, and that has told all others
 * so. If the process ends of it, its producer alone has lost something; the others only get back what had not been begun.
 *
 *               a suspect is the next in the queue          nothing is worked at, all others have confirmed
 *      NOBODY ─────────────────────────────────────> CLOSED ────────────────────────────────────────────────> OPEN for its producer
 *        ^                                             ^                                                         │
 *        └── all have confirmed that it is over ───────┴──── it was answered, and the next is no suspect of the same producer
 *
 * While CLOSED nobody is given anything out of the queue. Private to common/link.
 *
 * Threads: the consumer's own.
 */
#ifndef MUSTER_COMMON_LINK_ALONE_H
#define MUSTER_COMMON_LINK_ALONE_H

#include "common/link/held.h"
#include "common/link/upstreams.h"

struct alone {
    uint32_t upstream; /* whose suspects are worked at; 0: nobody's */
    uint32_t serial;   /* of the last IDLE */
};

/** Look who is next; say IDLE to whom it concerns; open the queue once all have confirmed. After each turn of the consumer. */
void alone_arrange(struct alone *a, const struct upstreams *all, struct held_queue *q);
/** A producer has come into session: before it is granted anything. */
void alone_joined(struct alone *a, struct upstream *u);

#endif
