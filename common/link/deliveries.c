#include "common/link/deliveries.h"

#include <stdlib.h>

enum { SLOT_BITS = 16, FIRST_ROOM = 256 };

void deliveries_init(struct deliveries *d, uint64_t random)
{
    *d = (struct deliveries){.count = random >> (SLOT_BITS + 1)}; /* half the range is left to count in */
}

void deliveries_clear(struct deliveries *d)
{
    free(d->slots);
    *d = (struct deliveries){0};
}

static bool grow(struct deliveries *d)
{
    uint32_t room = d->room ? d->room * 2 : FIRST_ROOM;
    if (room > DELIVERIES_MAX)
        return false;
    struct delivery *slots = realloc(d->slots, room * sizeof *slots);
    if (!slots)
        return false;
    for (uint32_t i = d->room; i < room; i++)
        slots[i] = (struct delivery){.next_free = i + 1};
    d->slots = slots;
    d->room = room;
    return true;
}

uint64_t deliveries_add(struct deliveries *d, const void *consumer, struct upload_id id, size_t len)
{
    if (d->free == d->room && !grow(d))
        return 0;
    uint32_t slot = d->free;
    struct delivery *e = &d->slots[slot];
    d->free = e->next_free;
    d->count++;
    d->used++;
    *e = (struct delivery){.lease = d->count << SLOT_BITS | slot, .id = id, .consumer = consumer, .len = len};
    return e->lease;
}

static void release(struct deliveries *d, uint32_t slot)
{
    d->slots[slot] = (struct delivery){.next_free = d->free};
    d->free = slot;
    d->used--;
}

bool deliveries_take(struct deliveries *d, uint64_t lease, const void *consumer, struct upload_id id, size_t *len)
{
    uint32_t slot = (uint32_t)(lease & (DELIVERIES_MAX - 1));
    if (lease == 0 || slot >= d->room)
        return false;
    const struct delivery *e = &d->slots[slot];
    if (e->lease != lease || e->consumer != consumer || e->id.hi != id.hi || e->id.lo != id.lo)
        return false;
    *len = e->len;
    release(d, slot);
    return true;
}

bool deliveries_take_next(struct deliveries *d, const void *consumer, uint32_t *from, struct upload_id *id)
{
    for (; *from < d->room; ++*from) {
        const struct delivery *e = &d->slots[*from];
        if (e->lease == 0 || e->consumer != consumer)
            continue;
        *id = e->id;
        release(d, (*from)++);
        return true;
    }
    return false;
}
