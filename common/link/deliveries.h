/**
 * What a producer has given out and what was not answered yet, found again by the number of the lease. Private to
 * common/link.
 *
 * A lease is (count, slot): the slot finds it at once, the count makes sure that a slot that was used again is not
 * taken for the delivery before. The count begins at a random number, so an answer that was meant for the process
 * before this one finds nothing.
 *
 * Threads: one thread at a time.
 */
#ifndef MUSTER_COMMON_LINK_DELIVERIES_H
#define MUSTER_COMMON_LINK_DELIVERIES_H

#include "common/upload/upload.h"

enum { DELIVERIES_MAX = 1 << 16 };

struct delivery {
    uint64_t lease; /**< 0: the slot is free */
    struct upload_id id;
    const void *consumer; /**< who holds it */
    size_t len;           /**< bytes */
    uint32_t next_free;   /**< slot, when free */
};

struct deliveries {
    struct delivery *slots;
    uint32_t room, free, used; /**< slots allocated, first free one (== room: none), in use */
    uint64_t count;
};

void deliveries_init(struct deliveries *d, uint64_t random);
void deliveries_clear(struct deliveries *d);
/** @return the lease, or 0 when memory or DELIVERIES_MAX is out */
uint64_t deliveries_add(struct deliveries *d, const void *consumer, struct upload_id id, size_t len);
/** Take out the delivery that an answer of `consumer` names; its size goes to `len`.
 *  @return false when it is not (or no longer) theirs */
bool deliveries_take(struct deliveries *d, uint64_t lease, const void *consumer, struct upload_id id, size_t *len);
/** Take out any delivery of `consumer`; `from` is where to look first (0 to begin), moved on.
 *  @return false when there is none left */
bool deliveries_take_next(struct deliveries *d, const void *consumer, uint32_t *from, struct upload_id *id);

#endif
