/**
 * The requests that make a group, as the console stores them: SQL that somebody typed. We run what is one plain SELECT, and nothing
 * else (gotchas G-50).
 *
 * Threads: pure.
 */
#ifndef MUSTER_WRITER_GROUP_REQUEST_H
#define MUSTER_WRITER_GROUP_REQUEST_H

#include "common/base/buffer.h"

enum { GROUP_REQUESTS_MAX = 64, GROUP_TEXT_MAX = 1 << 20 };

/**
 * Whether a text is one SELECT that only reads: it begins with SELECT, has no second statement, no INTO, no FOR UPDATE or SHARE and no
 * comment that a server would run. What stands in quotes is no part of the statement.
 */
bool group_request_is_select(struct view text);

struct group_requests {
    size_t count;
    struct buffer texts[GROUP_REQUESTS_MAX];
};

void group_requests_clear(struct group_requests *r);
static inline void group_requests_clear_p(struct group_requests *r)
{
    group_requests_clear(r);
}
/**
 * The texts of all REQUEST elements of groups.XMLDEF, in order.
 * @retval ST_MALFORMED  @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status group_requests_read(struct view xmldef, struct group_requests *out, struct reason *why);

#endif
