/**
 * A segment, read from front to back: its records, and what is between them. Private to the spool.
 *
 * Threads: one at a time.
 */
#ifndef MUSTER_GATEWAY_SPOOL_SCAN_H
#define MUSTER_GATEWAY_SPOOL_SCAN_H

#include "services/gateway/spool/calls.h"
#include "services/gateway/spool/segment.h"

struct scanned {
    struct record record;
    int64_t at;
};

/** Bytes where a record should have begun, or does with a payload that does not fit its checksum. */
struct gap {
    int64_t at, len;
    bool is_record; /**< looks like a record of this use: damage, whatever stands behind it */
    bool
        is_last; /**< of the group that was written last: perhaps torn by a crash, and then nobody was told that it was stored */
};

/** What is wrong with it: "torn" or "damaged", and where, for people. */
void gap_reason(const struct gap *gap, uint64_t segment, struct reason *why);

enum scan_how { SCAN_LAZILY, SCAN_ALL };

struct scan {
    struct scanned *records; /**< owned */
    size_t count, room;
    struct gap *gaps; /**< owned; only those that are worth a look: damage */
    size_t gap_count;
    int64_t end; /**< behind the last record */
    struct upload_id newest;
};

void scan_clear(struct scan *s);
static inline void scan_clear_p(struct scan *s)
{
    scan_clear(s);
}

/**
 * @param head  number and nonce of the segment
 * @param len   bytes of the file
 * @param how   SCAN_LAZILY: payloads are read only where it is not certain that they were synced: of the last group. What is
 *              damaged elsewhere is found when it is given out. So a start reads little more than headers
 * @retval ST_NO_MEMORY; whatever is on the disk is no error
 */
MUST_CHECK status scan_segment(const struct spool_calls *calls, int fd, const struct segment_head *head, int64_t len,
                               enum scan_how how, struct scan *out);
/** Number and nonce of the first record that verifies, when the head of the segment is damaged. @retval ST_NOT_FOUND */
MUST_CHECK status scan_origin(const struct spool_calls *calls, int fd, int64_t size, uint64_t number, uint64_t *nonce);

#endif
