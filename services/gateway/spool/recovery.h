/**
 * What was in the folder at the start: every upload that was not acknowledged is pending again.
 *
 * Records are read from the index of their segment (segment_index.h), where there is one that fits it.
 *
 * No record that is found is changed or overwritten. A damaged piece of a segment is copied into quarantine and counted,
 * and reading goes on behind it; a file that is not ours, or that no record of can be read, is reported and left alone.
 * Segments that were found are not written any more, so their torn ends need no cutting: new uploads go into a new one. What
 * they do not use goes back to the file system (segment.h), so that a gateway that is killed again and again does not fill its
 * spool with room for records that never come.
 */
#ifndef MUSTER_GATEWAY_SPOOL_RECOVERY_H
#define MUSTER_GATEWAY_SPOOL_RECOVERY_H

#include "services/gateway/spool/state.h"

/** Before the threads start. @retval ST_IO  the folder cannot be read  @retval ST_NO_MEMORY */
MUST_CHECK status recovery_run(struct spool *s, struct reason *why);

#endif
