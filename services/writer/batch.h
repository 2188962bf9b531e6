/**
 * What is waiting, as one batch: opened, ordered by device and age, cut into waves, and answered.
 *
 * Threads: one thread.
 */
#ifndef MUSTER_WRITER_BATCH_H
#define MUSTER_WRITER_BATCH_H

#include "common/link/link.h"
#include "services/writer/applier.h"

struct batch;

/** @param max  uploads in it at most  @param record_max  bytes of one unpacked record; when all of them together have more, the batch is
 *              full  @return NULL when memory is out */
struct batch *batch_new(size_t max, size_t record_max);
void batch_destroy(struct batch *b); /**< it must be empty; NULL is allowed */
AUTO_DEFINE(struct batch, batch_destroy)

/**
 * Take what is there. One upload costs a transaction and its statements, fifty hardly more: while uploads come one after the other (there
 * is a second one, or the batch before had several) what is not full waits for more. One that comes alone does not wait.
 * @param wait_ms  for the first one  @param more_ms  for more, a fifth of it when none comes
 * @return how many
 */
size_t batch_gather(struct batch *b, struct link_consumer *from, int wait_ms, int more_ms);
/** Add one message. What is no record is refused at once. */
void batch_add(struct batch *b, struct upload_id id, enum upload_kind kind, const void *record, size_t len,
               struct link_delivery *d);
/** Hashes of the devices that it is about (upload_device_hash()), some maybe repeatedly; `out` has room for `max`. @return how many */
size_t batch_devices(const struct batch *b, uint64_t *out);
/** Apply all of it. @retval ST_OK  @retval ST_UNAVAILABLE some wait still: they are given back when it is answered */
MUST_CHECK status batch_apply(struct batch *b, struct applier *to, struct reason *why);
/** What became of upload number `i`, in the order in which they were added. */
enum upload_outcome batch_outcome(const struct batch *b, size_t i, struct reason *why);
/** Answer and forget all. `why` for those that are given back. */
void batch_answer(struct batch *b, struct link_consumer *to, const struct reason *why);

#endif
