/**
 * The pending uploads, in memory: where each rests, and whose turn it is. An entry is about 90 bytes whatever the upload,
 * in a table that only grows, bounded by spool_settings.pending_max.
 *
 * Entries are named by number (`ref`). All entries of one device form a chain, oldest first; only its head is ever given
 * out, and is in exactly one of these places:
 *
 *   in order   new heads, in the order of acceptance: a plain list per kind
 *   returned   heads that became one later (the one before is done, or it came back): a heap per kind, oldest first
 *   delayed    heap, soonest first
 *   out        with a consumer, found by upload id
 *   aside      on its way into quarantine
 *
 * Threads: none of its own, its owner holds a lock.
 */
#ifndef MUSTER_GATEWAY_SPOOL_INDEX_H
#define MUSTER_GATEWAY_SPOOL_INDEX_H

#include "common/base/cleanup.h"
#include "common/upload/upload.h"

enum { REF_NONE = UINT32_MAX };

/** What the index knows of an upload. */
struct indexed {
    struct upload_id id;
    uint64_t device_hash;
    uint32_t segment; /**< slot of its segment */
    uint32_t place;   /**< offset / 8 of its record */
    uint32_t len;     /**< of the payload */
    uint8_t kind;     /**< enum upload_kind */
    uint8_t lost;     /**< deliveries that ended in LINK_LOST */
    uint8_t retries;  /**< deliveries that ended in LINK_RETRY; 255: 255 or more */
};

struct index;

struct index *index_new(void);
void index_destroy(struct index *ix);
AUTO_DEFINE(struct index, index_destroy)

/** Make sure that index_add() works `count` times. @retval ST_NO_MEMORY */
MUST_CHECK status index_reserve(struct index *ix, size_t count);
/** Ids ascend; where they do not (segments copied from elsewhere) only the order of giving out suffers. */
void index_add(struct index *ix, const struct indexed *upload);
size_t index_count(const struct index *ix);

/** The oldest one of these kinds (mask of UPLOAD_MASK) that may be given out; it is out from now on. */
uint32_t index_give(struct index *ix, unsigned kinds);
/** The one with this id that is out. @return REF_NONE when it is not */
uint32_t index_find_out(const struct index *ix, struct upload_id id);
/** Valid until index_reserve() or index_remove(). The owner may change `lost` and `retries`. */
struct indexed *index_get(struct index *ix, uint32_t ref);

/** What becomes of one that is out, or aside: */
void index_remove(struct index *ix, uint32_t ref); /**< done: the next one of its device may be given out */
void index_return(struct index *ix, uint32_t ref); /**< to be given out again, in its old place */
void index_delay(struct index *ix, uint32_t ref, int64_t due_ms);
void index_set_aside(struct index *ix, uint32_t ref);

/** Return those whose delay is over. @return whether there were any */
bool index_wake_due(struct index *ix, int64_t now_ms);
/** When the next delay is over; INT64_MAX: none. */
int64_t index_next_due(const struct index *ix);

/** Microseconds of acceptance of the oldest pending one; 0: none. */
int64_t index_oldest_us(const struct index *ix);
/** This upload of this device. @return REF_NONE when it is not there */
uint32_t index_find(const struct index *ix, uint64_t device_hash, struct upload_id id);
/** Whether it is there. */
bool index_has(const struct index *ix, uint64_t device_hash, struct upload_id id);
/** Whether an INVENTORY of the device is pending; `received_us` of the newest, may be NULL. */
bool index_has_inventory(const struct index *ix, uint64_t device_hash, int64_t *received_us);

#endif
