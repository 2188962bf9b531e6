/**
 * One log line put together in fixed memory. Inner header of common/log: only its own files and tests include
 * it.
 *
 * A line is never half a field: a field that does not fit is left out whole and the line says `cut`.
 *
 * Threads: one line, one thread.
 */
#ifndef MUSTER_COMMON_LOG_LINE_H
#define MUSTER_COMMON_LOG_LINE_H

#include "common/log/log.h"

enum {
    LINE_MAX_BYTES = 4096, /**< with its newline: what a pipe takes in one piece (PIPE_BUF) */
    LINE_END = 24,         /**< kept free for the mark of a cut line and the end */
    VALUE_MAX = 512,       /**< bytes of a value that are looked at */
};

struct line {
    bool json;
    bool full;   /**< the field now being added did not fit */
    size_t room; /**< bytes that it may have with its end: LINE_MAX_BYTES, or less */
    size_t len;
    char bytes[LINE_MAX_BYTES];
};

void line_begin(struct line *line, bool json);
/** @retval false  it did not fit; the line is as it was before */
bool line_field(struct line *line, const struct log_field *field);
/** The mark of a cut line, where wanted, and the newline. */
void line_end(struct line *line, bool cut);

#endif
