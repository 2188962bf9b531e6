/**
 * Uploads that will never work, and pieces of segments that are damaged: set aside where an operator can look at them.
 *
 *   <upload id>.upload           head and body of the upload (upload.h)
 *   <segment>-<offset>.damaged   bytes of a segment as they were found; both parts of the name in 16 hex digits
 *   <same name>.reason           two lines: code, text
 *   <same name>.tmp              being written; removed at the start
 *
 * The reason is there before its upload, and the upload before its acknowledgement. When the folder holds more than
 * spool_settings.quarantine_max, the oldest are removed: agents must not be able to fill the disk with junk.
 *
 * Threads: the keeper's (at the start: the opener's), without the lock.
 */
#ifndef MUSTER_GATEWAY_SPOOL_QUARANTINE_H
#define MUSTER_GATEWAY_SPOOL_QUARANTINE_H

#include "services/gateway/spool/state.h"

/** Remove what was half written, count what is there. @retval ST_IO  @retval ST_NO_MEMORY */
MUST_CHECK status quarantine_open(struct spool *s);
/** Set an upload's payload aside. @retval ST_NO_SPACE  @retval ST_IO */
MUST_CHECK status quarantine_upload(struct spool *s, struct upload_id id, struct view payload,
                                    const struct reason *why);
/** Set bytes [at, at + len) of an open segment aside, unless they were before. @retval as above */
MUST_CHECK status quarantine_damage(struct spool *s, uint64_t segment, int fd, int64_t at, int64_t len,
                                    const struct reason *why);
/** Count again if somebody changed the folder; remove the oldest while there is too much. */
void quarantine_look(struct spool *s);

#endif
