/**
 * Memory for one upload or one batch: allocated in pieces, released all at once. Bounded.
 *
 * Threads: one arena, one thread at a time.
 */
#ifndef MUSTER_COMMON_BASE_ARENA_H
#define MUSTER_COMMON_BASE_ARENA_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

struct arena;

/** @param max  cap in bytes over all pieces  @return owned by the caller, or NULL when memory is out */
struct arena *arena_new(size_t max);
void arena_destroy(struct arena *a); /**< NULL is allowed */
AUTO_DEFINE(struct arena, arena_destroy)

/** @return `len` bytes, aligned for any type, not cleared; NULL when memory or the cap is out. Valid until reset. */
void *arena_alloc(struct arena *a, size_t len);
/** A copy of `v`, NUL-terminated behind its end; an absent view stays absent. `data` NULL also when memory is out. */
struct view arena_copy(struct arena *a, struct view v);
/** Why the last allocation that failed did: ST_TOO_BIG the cap, else ST_NO_MEMORY; also when none failed since the last reset. */
status arena_failure(const struct arena *a);
/** Forget everything; keeps the first piece for the next use. */
void arena_reset(struct arena *a);
size_t arena_used(const struct arena *a);

#endif
