#include "common/upload/tag_marks.h"

enum { STEP = 64 };

static uint64_t bits_at(const char *p, unsigned i)
{
    return (uint64_t)block_bits(block_is(block_load(p + i), '<')) << i;
}

void tag_marks_find(struct tag_marks *m, const char *from, const char *end)
{
    size_t left = (size_t)(end - from), usable = left < TAG_MARKS_BEHIND ? 0 : left - TAG_MARKS_BEHIND;
    size_t len = usable < TAG_MARKS_PIECE ? usable : TAG_MARKS_PIECE;
    uint16_t *to = m->at;
    for (size_t at = 0; at + STEP <= len; at += STEP) {
        const char *p = from + at;
        uint64_t bits = bits_at(p, 0) | bits_at(p, 16) | bits_at(p, 32) | bits_at(p, 48);
        for (; bits; bits &= bits - 1)
            *to++ = (uint16_t)(at + (size_t)__builtin_ctzll(bits));
    }
    m->from = from;
    m->count = (size_t)(to - m->at);
    m->next = 0;
}
