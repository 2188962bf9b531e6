/**
 * XML answers to agents: the one escaper and the few shapes there are (protocol.md 1.8). Plain text in, no coding: see
 * inflate_code_reply() for that. `&`, `<`, `>` and `"` are escaped; control characters, which XML cannot carry, are left
 * out. Texts must be UTF-8 and names are ours. `depth` is two blanks a level; what stands in REPLY has depth 1.
 *
 * Threads: pure.
 */
#ifndef MUSTER_COMMON_REPLY_REPLY_H
#define MUSTER_COMMON_REPLY_REPLY_H

#include "common/base/buffer.h"

/** `<?xml version='1.0' encoding='UTF-8'?>` and `<REPLY>`; and its end. */
void reply_begin(struct buffer *out);
void reply_end(struct buffer *out);
/** One element with text on a line of its own, indented by `depth` levels: `<RESPONSE>SEND</RESPONSE>`; absent: empty pair. */
void reply_element(struct buffer *out, int depth, const char *name, struct view text);
void reply_open(struct buffer *out, int depth, const char *name);
void reply_close(struct buffer *out, int depth, const char *name);

struct reply_attribute {
    const char *name;
    struct view value; /**< absent: empty */
};
/** `<PARAM A="x" B="y">text</PARAM>`; absent text: `<PARAM A="x" B="y" />` */
void reply_param(struct buffer *out, int depth, const struct reply_attribute *attributes, size_t count,
                 struct view text);

#endif
