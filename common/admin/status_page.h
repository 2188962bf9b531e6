/**
 * The JSON of /status and /events, and the questions for it. Inner header of common/admin.
 *
 * Threads: pure but for the metrics, which may be read at any time.
 */
#ifndef MUSTER_COMMON_ADMIN_STATUS_PAGE_H
#define MUSTER_COMMON_ADMIN_STATUS_PAGE_H

#include "common/base/buffer.h"

#include <stdbool.h>

/** `text` in quotes. What is not UTF-8 becomes '?', control bytes are escaped: any text gives valid JSON. */
void json_text(struct buffer *out, const char *text);
/** "2026-11-24T03:00:00Z" of microseconds since 1970, in quotes. */
void json_time(struct buffer *out, int64_t wall_us);
/** {"name": value, ...} of all registered metrics. @param text  as metrics_print() made it */
void json_metrics(struct buffer *out, struct view text);

/**
 * The value of a parameter of a query string, percent-decoded into `out`.
 * @return absent when it is not there, is damaged or does not fit
 */
struct view query_value(struct view query, const char *name, char *out, size_t room);

#endif
