#include "common/link/alone.h"

/* Producers of version 1 do not know the frame: what they gave is then to blame with the rest, as it was in that version. */
static bool is_told(const struct upstream *u)
{
    return u->state == JOINED && u->version >= FRAME_IDLE_VERSION;
}

/* One that cannot be sent to is not confirmed either, and leaves with the next beat. */
static void tell(struct alone *a, struct upstream *u)
{
    bool is_idle = a->upstream != 0 && u->number != a->upstream;
    if (!is_told(u) || u->is_idle == is_idle)
        return;
    u->is_idle = is_idle;
    u->unconfirmed = ++a->serial ? a->serial : ++a->serial; /* 0 is what other beats say */
    upstream_send(u, (struct frame){.kind = FRAME_IDLE, .number = is_idle, .lease = u->unconfirmed});
}

void alone_joined(struct alone *a, struct upstream *u)
{
    tell(a, u);
}

void alone_arrange(struct alone *a, const struct upstreams *all, struct held_queue *q)
{
    size_t taken;
    uint32_t next = held_next_suspect(q, &taken);
    if (next != a->upstream && (a->upstream == 0 || taken == 0)) {
        held_close(q);
        a->upstream = next;
    }
    bool all_know = true;
    for (size_t i = 0; i < all->count; i++) {
        struct upstream *u = all->list[i];
        tell(a, u);
        all_know = all_know && (!is_told(u) || u->unconfirmed == 0);
    }
    if (all_know)
        held_open(q, a->upstream);
}
