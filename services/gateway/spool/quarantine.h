/**
 * Uploads that will never work, and pieces of segments that are damaged: set aside where an operator can look at them.
 *
 *   <upload id>.upload           head and body of the upload (upload.h)
 *   <segment>-<offset>.damaged   bytes of a segment as they were found; both parts of the name in 16 hex digits
 *   <same name>.reason           two lines: code, text
 *   <upload id>.replay           an upload that an operator wants to be offered again: was renamed from .upload
 *   <same name>.tmp              being written; removed at the start
 *
 * The reason is there before its upload, and the upload before its acknowledgement. Nothing is ever removed to make room: the
 * folder counts into spool_settings.max, so when it has grown too far the gateway takes no more, until somebody has looked.
 *
 * An operator may remove .upload, .damaged and .reason files at any time (`muster spool drop`), and rename .upload to .replay
 * (`muster spool replay`): the keeper, which looks once a second and at the start, puts the upload into a segment, with the id
 * that it had, and then removes it here. So an upload that is replayed twice, or after its device has sent a newer one, changes
 * nothing: writers leave alone what is not newer.
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
/** If somebody changed the folder: count again, and take back what is to be replayed. While the committer runs. */
void quarantine_look(struct spool *s);

#endif
