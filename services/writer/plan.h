/**
 * The difference between the rows that are there and the rows that should be: which stay (with their ids), which go, which come.
 * Rows are told apart by 8-byte fingerprints only; equal rows count as often as they occur.
 *
 * Threads: pure.
 */
#ifndef MUSTER_WRITER_PLAN_H
#define MUSTER_WRITER_PLAN_H

#include "services/writer/state.h"

struct plan {
    size_t insert_count; /**< rows of `wanted` whose id is 0 afterwards */
    size_t delete_count;
    uint64_t *deletes; /**< ids, ascending */
};

/**
 * @param there   rows as they are, sorted by this function
 * @param wanted  rows as they should be, in order; `id` of each is set: that of a row that stays, or 0
 * @param last    of several equal rows the one with the highest id stays (software), else the lowest
 * @param arena   for the ids to delete  @retval ST_NO_MEMORY
 */
MUST_CHECK status plan_rows(struct kept_rows *there, struct kept_rows *wanted, bool last, struct arena *arena,
                            struct plan *out);

#endif
