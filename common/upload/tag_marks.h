/** Inner: where the '<' of a piece of text are, found for a whole piece at once: that costs less than looking for one after the other. */
#ifndef MUSTER_COMMON_UPLOAD_TAG_MARKS_H
#define MUSTER_COMMON_UPLOAD_TAG_MARKS_H

#include "common/base/block.h"

enum {
    TAG_MARKS_PIECE = 4096,       /**< bytes that are looked at; what is found of them stays in the nearest cache */
    TAG_MARKS_BEHIND = 2 + BLOCK, /**< bytes from a mark on that may be read */
};

struct tag_marks {
    const char *from;
    size_t count, next; /**< `next`: the first one that is not used up, the user's */
    uint16_t at[TAG_MARKS_PIECE];
};

/** Those from `from` on, as far as TAG_MARKS_BEHIND bytes of each are before `end`; perhaps not all of them. `next` becomes 0. */
void tag_marks_find(struct tag_marks *m, const char *from, const char *end);

#endif
