/**
 * Which devices the batches under way are about: two at a time never have the same one. A batch is begun in the order in which it was
 * taken, and waits for those begun before it that have one of its devices: so uploads of a device are applied as if one batch
 * came after the other, also when several gateways have some of it, or one comes again.
 *
 * Devices are hashes (upload_device_hash()): that two of them may have the same one costs a wait. Spellings that only the database takes
 * for one device are kept apart by its locks.
 *
 * Threads: any; each lane is one thread, and one at a time begins.
 */
#ifndef MUSTER_WRITER_UNDER_WAY_H
#define MUSTER_WRITER_UNDER_WAY_H

#include "common/base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

struct under_way;

/** @param lanes  batches under way at most  @param max  devices of one batch at most  @return NULL when memory is out */
struct under_way *under_way_new(size_t lanes, size_t max);
void under_way_destroy(struct under_way *u); /**< NULL is allowed */
AUTO_DEFINE(struct under_way, under_way_destroy)

/** The lane has a batch about these devices, in any order, maybe repeated. Does not wait. */
void under_way_begin(struct under_way *u, size_t lane, const uint64_t *devices, size_t count);
/** Until no batch that was begun earlier has one of them. What it waits for must not wait for it. */
void under_way_wait(struct under_way *u, size_t lane);
/** Its batch is done. */
void under_way_end(struct under_way *u, size_t lane);

#endif
