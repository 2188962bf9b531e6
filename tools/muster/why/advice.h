/**
 * What a reason code means and what to do: the table of docs/reasons.md, as it is in the program.
 *
 * Threads: pure.
 */
#ifndef MUSTER_TOOLS_ADVICE_H
#define MUSTER_TOOLS_ADVICE_H

#include "common/base/bytes.h"

extern const struct view reasons_page; /**< docs/reasons.md */

struct advice {
    struct view meaning, remedy; /**< of the page */
};

/** @return false: the page has no such code */
bool advice_find(struct view page, const char *code, struct advice *out);

#endif
