/**
 * Uploads that were lost with a consumer, and how often: kept in a file, so that a gateway that starts again goes on counting and
 * what kills parsers reaches quarantine after spool_settings.attempts_max deaths, not after that many of each gateway's life.
 *
 *   <folder>/suspects   a line for each: device hash and upload id in hex, number of losses
 *
 * It is written by the keeper some milliseconds after a loss, without a sync: the death of a process leaves it, a power failure may
 * forget it, upon which counting begins anew. It holds SUSPECTS_MAX uploads; of further ones only this process knows.
 *
 * Threads: as said at each function; the file is the keeper's.
 */
#ifndef MUSTER_GATEWAY_SPOOL_SUSPECTS_H
#define MUSTER_GATEWAY_SPOOL_SUSPECTS_H

#include "services/gateway/spool/state.h"

enum { SUSPECTS_MAX = 1024 };

/** At the start, when the index is filled: what the file says of uploads that are pending. A file that cannot be read counts as none. */
void suspects_recover(struct spool *s);
/** It was lost once more. With the lock. */
void suspects_note(struct spool *s, const struct indexed *upload);
/** It is done. With the lock. */
void suspects_forget(struct spool *s, const struct indexed *upload);
/** Write the file if something has changed. Without the lock. */
void suspects_save(struct spool *s);

#endif
