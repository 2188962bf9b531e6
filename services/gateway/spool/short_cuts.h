/**
 * The indexes of segments (segment_index.h), made and removed. Private to the spool.
 *
 * Threads: the keeper's (at the start: the opener's), without the lock.
 */
#ifndef MUSTER_GATEWAY_SPOOL_SHORT_CUTS_H
#define MUSTER_GATEWAY_SPOOL_SHORT_CUTS_H

#include "services/gateway/spool/state.h"

/** Make the index of one segment that has none and for which the cap leaves room; remove one when there is more than the cap allows.
 *  What finds no room, or had to give way, gets its turn when a segment is retired.
 *  @return whether there may be more to be made */
bool spool_index_one(struct spool *s);

/** Remove that of a segment, if it has one. */
void spool_index_remove(struct spool *s, struct segment *segment);

#endif
