/**
 * Patterns of the operator: regular expressions as OCS's console lets people write them (Perl's), compiled once, matched with limits so
 * that a costly one cannot hold the writer (libpcre2-8; its types stay in pattern.c).
 *
 * Threads: one thread.
 */
#ifndef MUSTER_WRITER_PATTERN_H
#define MUSTER_WRITER_PATTERN_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

struct pattern;

/** @param expression  UTF-8  @retval ST_INVALID no regular expression, or one that is too large  @retval ST_NO_MEMORY */
MUST_CHECK status pattern_compile(struct view expression, struct pattern **out);
void pattern_free(struct pattern *p); /**< NULL is allowed */
AUTO_DEFINE(struct pattern, pattern_free)

/** Whether it matches anywhere in the text; false also when it takes too long to say, or the text is no UTF-8. */
bool pattern_matches(const struct pattern *p, struct view text);

#endif
