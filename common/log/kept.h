/**
 * The last lines about devices, in memory. Inner header of common/log.
 *
 * Threads: any.
 */
#ifndef MUSTER_COMMON_LOG_KEPT_H
#define MUSTER_COMMON_LOG_KEPT_H

#include "common/log/line.h"

/** Whether a line with these fields is to be kept. */
bool kept_wants(const struct log_field *fields, size_t count);
/** @param line  JSON, at most LOG_KEPT_BYTES */
void kept_add(const struct line *line, const struct log_field *fields, size_t count);

#endif
