/**
 * A segment as it is found on the disk: head and acknowledgements, as far as they can be read. Private to the spool.
 *
 * Threads: pure but for the reading.
 */
#ifndef MUSTER_GATEWAY_SPOOL_FOUND_H
#define MUSTER_GATEWAY_SPOOL_FOUND_H

#include "services/gateway/spool/calls.h"
#include "services/gateway/spool/segment.h"

struct found {
    struct segment_head head;
    int64_t len;        /**< bytes that are there: a file that was cut is shorter than its head says */
    bool has_ack_slots; /**< it is known where they are */
};

/**
 * Number, nonce and size: from the head, or, where that is damaged, from the name and the first record. Then only a file of the
 * usual size is known not to have been cut, so only there an acknowledgement cannot hit a record.
 *
 * @param usual_size  of segments, 0: not known
 * @param problem     on failure: what is wrong, for people
 * @retval ST_REFUSED  a newer format  @retval ST_MALFORMED  @retval ST_NOT_FOUND  nothing of ours  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status found_read_head(const struct spool_calls *calls, int fd, uint64_t number, int64_t usual_size,
                                  struct found *f, const char **problem);

/** Places (offset / 8) of records that were acknowledged, sorted. */
struct found_acks {
    uint32_t *places; /**< owned */
    size_t count;
    uint32_t used; /**< slots, the unreadable ones among them included */
};

void found_acks_clear(struct found_acks *a);
static inline void found_acks_clear_p(struct found_acks *a)
{
    found_acks_clear(a);
}

/** @param records  as many slots can be in use as there are records  @retval ST_NO_MEMORY */
MUST_CHECK status found_read_acks(const struct spool_calls *calls, int fd, const struct segment_head *head,
                                  size_t records, struct found_acks *out);
bool found_is_acked(const struct found_acks *a, uint32_t place);

#endif
