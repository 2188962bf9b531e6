/** Making one device out of two (inventory-to-database.md 15). Between the files of this folder only. */
#ifndef MUSTER_WRITER_MERGE_H
#define MUSTER_WRITER_MERGE_H

#include "services/writer/apply/apply.h"

/** A device that is to go, and the one that it was found to be. */
struct merge {
    struct device *into;
    uint32_t old_id;
    struct view old_key; /**< its DEVICEID, as stored */
    bool named;          /**< the agent named it (OLD_DEVICEID); else the evidence agreed */
    bool is_there, held; /**< set by merges_run(): its row is locked by us; the console works on it */
    bool done;           /**< set by merges_run() */
};

/**
 * Merge, in the order given, in one transaction of its own. A device that is gone by then, or that was merged itself, is passed over; one
 * that the console holds is left for the next INVENTORY.
 */
MUST_CHECK status merges_run(struct wave *w, struct merge *merges, size_t count);

#endif
