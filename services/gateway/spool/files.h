/**
 * The files of segments: made, used again, removed, read. Private to the spool.
 */
#ifndef MUSTER_GATEWAY_SPOOL_FILES_H
#define MUSTER_GATEWAY_SPOOL_FILES_H

#include "services/gateway/spool/state.h"

/** A slot for `segment`, which is owned by the spool from then on. With the lock. @retval ST_NO_MEMORY */
MUST_CHECK status spool_files_add(struct spool *s, struct segment *segment, uint32_t *slot);

/**
 * A new segment, ready to be written: one to be used again, else a new file if the cap allows it. Without the lock; one
 * caller at a time (spool.is_making).
 *
 * @param writes_zeros  write the whole file once, so that its blocks sync quickly from the first record on; else its
 *                      room is only reserved
 * @retval ST_NO_SPACE  the cap or the disk  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status spool_files_make(struct spool *s, bool writes_zeros, uint32_t *slot);

/**
 * Give back to the file system what is between the last record and the room of the acknowledgements of a segment into which no
 * more records will come; `held` says what it takes then. Where that cannot be done, or is hardly anything, all stays as it is.
 */
void spool_files_give_back(struct spool *s, struct segment *segment);

/** Remove, or keep to be used again, every segment in which nothing lives. Without the lock; the keeper only. */
void spool_files_retire(struct spool *s);

/** Remove segments that are kept to be used again while there is more than the cap allows. As above. */
void spool_files_trim(struct spool *s);

/** Read bytes of a segment. Without the lock. @retval ST_MALFORMED  @retval ST_IO  @retval ST_NO_MEMORY nor descriptors: later */
MUST_CHECK status spool_files_read(struct spool *s, uint64_t number, void *out, size_t len, off_t at);

#endif
