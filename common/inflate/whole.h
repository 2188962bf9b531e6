/**
 * Inner: the whole of a body at once with libdeflate, which is more than twice as fast as zlib and has no streams. It takes what agents
 * usually send; of everything else it says so, and zlib, which can tell what is wrong, begins again.
 */
#ifndef MUSTER_COMMON_INFLATE_WHOLE_H
#define MUSTER_COMMON_INFLATE_WHOLE_H

#include "common/inflate/inflate.h"

struct whole;

/** @return owned by the caller, or NULL when memory is out */
struct whole *whole_new(void);
void whole_destroy(struct whole *w); /**< NULL is allowed */

enum whole_result {
    WHOLE_DONE,
    WHOLE_NO_ROOM, /**< the text is longer than `room` */
    WHOLE_NOT_OURS /**< for zlib: broken, cut in an unusual way, several gzip members, no memory */
};

/** @param len   on WHOLE_DONE: bytes of text in `to`
 *  @param rest  on WHOLE_DONE: bytes of `in` behind the end of the stream */
enum whole_result whole_inflate(struct whole *w, enum inflate_coding coding, struct view in, void *to, size_t room,
                                size_t *len, size_t *rest);

#endif
