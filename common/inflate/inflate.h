/**
 * Bounded inflate of agents' bodies (zlib, gzip, raw deflate or clear XML, told apart by the first bytes).
 *
 * Agents are not trusted: the output has a hard cap, and memory in use never exceeds it plus one window, whatever the
 * input claims. The buffer is kept between runs: see inflater_trim().
 *
 * Accepted as OCS does, and a little more: a zlib stream that was flushed but never finished (Windows agents), one without
 * its checksum, bytes behind the end, several gzip members (their texts in a row), clear XML behind white space or a
 * byte order mark, raw deflate that inflates completely to something that begins like XML.
 *
 * Refused: a checksum that is there and wrong (as OCS does: an agent's text is complete or it is nothing), gzip that is
 * cut short, a preset dictionary, noise, nothing. Whether an unfinished zlib stream brought the whole document is not
 * known here: the XML reader sees it.
 *
 * Threads: an inflater belongs to one thread at a time; two inflaters share nothing.
 */
#ifndef MUSTER_COMMON_INFLATE_INFLATE_H
#define MUSTER_COMMON_INFLATE_INFLATE_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

enum inflate_coding { CODING_ZLIB, CODING_GZIP, CODING_CLEAR, CODING_DEFLATE };

struct inflater;

/** @param max_output  cap in bytes for one body; 0 is not allowed
 *  @param max_ratio   output above 1 MiB may be at most this many times the input
 *  @return            owned by the caller, or NULL when memory is out */
struct inflater *inflater_new(size_t max_output, unsigned max_ratio);
void inflater_destroy(struct inflater *inf); /**< NULL is allowed; views handed out become invalid */
AUTO_DEFINE(struct inflater, inflater_destroy)

/**
 * Inflate one complete body.
 *
 * @param in      the body as received; not modified, not kept
 * @param out     on ST_OK: the text, valid until the next call on `inf` (clear text: a view of `in`)
 * @param coding  on ST_OK: what it was; the reply is coded the same way (deflate: zlib)
 * @param why     on failure: body_empty, body_coding, inflate_broken, inflate_too_big, inflate_ratio, inflate_checksum,
 *                no_memory
 * @retval ST_MALFORMED  @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status inflater_run(struct inflater *inf, struct view in, struct view *out, enum inflate_coding *coding,
                               struct reason *why);

/** Bytes behind the end of the body that was last inflated: they are left alone, and odd. */
size_t inflater_rest(const struct inflater *inf);

/** Compressors that are used again: to make one costs more than to compress a reply with it. Threads: any. */
struct reply_coders;
struct reply_coders *reply_coders_new(void);       /**< NULL when memory is out */
void reply_coders_destroy(struct reply_coders *c); /**< nobody may use it any more; NULL is allowed */
AUTO_DEFINE(struct reply_coders, reply_coders_destroy)

struct buffer;
/** Code a reply: zlib at level 6 (78 9C), gzip, or as it is. Appends to `out`. @param coders  NULL: one is made for this reply
 *  @retval ST_TOO_BIG  `out` reached its cap  @retval ST_NO_MEMORY */
MUST_CHECK status inflate_code_reply(struct reply_coders *coders, struct view text, enum inflate_coding coding,
                                     struct buffer *out);

/** Keep the memory small again after a large body: at most `keep` bytes stay. Views handed out become invalid. */
void inflater_trim(struct inflater *inf, size_t keep);

#endif
