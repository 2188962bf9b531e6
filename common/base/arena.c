#include "common/base/arena.h"

#include <stddef.h>
#include <stdlib.h>

enum { PIECE = 64 * 1024, ALIGN = _Alignof(max_align_t) };

struct piece {
    struct piece *next;
    size_t room, used;
    _Alignas(max_align_t) char bytes[];
};

struct arena {
    struct piece *first; /* kept over a reset */
    struct piece *now;
    size_t max, used;
    bool met_cap; /* by the last allocation that failed */
};

static struct piece *piece_new(size_t room)
{
    struct piece *p = malloc(sizeof *p + room);
    if (p)
        *p = (struct piece){.room = room};
    return p;
}

struct arena *arena_new(size_t max)
{
    struct arena *a = malloc(sizeof *a);
    if (!a)
        return NULL;
    struct piece *first = piece_new(PIECE);
    if (!first) {
        free(a);
        return NULL;
    }
    *a = (struct arena){.first = first, .now = first, .max = max};
    return a;
}

void arena_reset(struct arena *a)
{
    for (struct piece *p = a->first->next, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    a->first->next = NULL;
    a->first->used = 0;
    a->now = a->first;
    a->used = 0;
    a->met_cap = false;
}

void arena_destroy(struct arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    free(a->first);
    free(a);
}

void *arena_alloc(struct arena *a, size_t len)
{
    if (len > a->max - a->used) {
        a->met_cap = true;
        return NULL;
    }
    len = (len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (len > a->now->room - a->now->used) {
        struct piece *p = piece_new(len > PIECE ? len : PIECE);
        if (!p) {
            a->met_cap = false;
            return NULL;
        }
        a->now->next = p;
        a->now = p;
    }
    void *at = a->now->bytes + a->now->used;
    a->now->used += len;
    a->used = a->used + len > a->max ? a->max : a->used + len;
    return at;
}

struct view arena_copy(struct arena *a, struct view v)
{
    if (!v.data)
        return v;
    char *at = arena_alloc(a, v.len + 1);
    if (!at)
        return VIEW_ABSENT;
    if (v.len)
        memcpy(at, v.data, v.len);
    at[v.len] = '\0';
    return (struct view){at, v.len};
}

status arena_failure(const struct arena *a)
{
    return a->met_cap ? ST_TOO_BIG : ST_NO_MEMORY;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
