/**
 * Figures of one run: printed as a table while they come, written as JSON at the end.
 *
 * Threads: one.
 */
#ifndef MUSTER_BENCH_REPORT_H
#define MUSTER_BENCH_REPORT_H

#include "common/base/buffer.h"

enum { REPORT_MAX = 256 };

/** One figure. Texts are static. */
struct figure {
    const char *stage, *unit;
    char what[72];
    double value;
    double bare; /**< the same of the bare parts in this run; 0: none */
    double goal; /**< of the ratio when there is a bare figure, else of the value; 0: none */
    bool less;   /**< less is better */
};

struct report {
    size_t count;
    struct figure figures[REPORT_MAX];
};

/** Take a figure and print its line. Ratio: value / bare, or bare / value where less is better: 1 is the bare part's own speed. */
void report_add(struct report *r, const struct figure *figure);
/** `figure->what` by printf. */
void report_format(struct report *r, struct figure figure, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_head(void);
/** @return false: the file could not be written */
MUST_CHECK bool report_write_json(const struct report *r, const char *path);

#endif
