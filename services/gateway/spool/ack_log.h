/**
 * Acknowledgements on their way to the disk: gathered in memory, written by the keeper in runs, one write per segment,
 * without a sync (segment.h says why that is enough).
 */
#ifndef MUSTER_GATEWAY_SPOOL_ACK_LOG_H
#define MUSTER_GATEWAY_SPOOL_ACK_LOG_H

#include "services/gateway/spool/state.h"

/** Note that this upload need not be offered again. With the lock. Without memory the note is lost, and the upload is
 *  offered once more after a restart. */
void ack_log_add(struct spool *s, uint32_t segment, uint32_t place);
/** Write what was noted. Without the lock; the keeper only. */
void ack_log_flush(struct spool *s);

#endif
