/** Bodies as agents and attackers make them, for the tests of common/inflate. */
#ifndef MUSTER_TESTS_UNIT_INFLATE_BODIES_H
#define MUSTER_TESTS_UNIT_INFLATE_BODIES_H

#include "common/base/buffer.h"
#include "common/inflate/inflate.h"

enum body_end { BODY_FINISHED, BODY_FLUSHED /**< as Windows agents do: flushed, never ended */ };

/** Append `text` deflated to `out`. CODING_DEFLATE has neither head nor checksum. */
void body_add(struct buffer *out, struct view text, enum inflate_coding coding, int level, enum body_end end);
/** Append `count` times `byte` deflated, in a few bytes. @param before, after  text around it */
void body_add_bomb(struct buffer *out, const char *before, char byte, size_t count, const char *after,
                   enum inflate_coding coding);

#endif
