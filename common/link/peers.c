#include "common/link/peers.h"

struct peer *peers_find(const struct peers *all, const struct wire_address *from)
{
    for (size_t i = 0; i < all->count; i++) {
        struct peer *c = all->list[i];
        if (c->address.len == from->len && memcmp(c->address.bytes, from->bytes, from->len) == 0)
            return c;
    }
    return NULL;
}

struct peer *peers_add(struct peers *all, const struct wire_address *from)
{
    struct peer *c = all->count < PEERS_MAX ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return NULL;
    c->address = *from;
    all->list[all->count++] = c;
    return c;
}

void peers_remove(struct peers *all, struct peer *c)
{
    for (size_t i = 0; i < all->count; i++)
        if (all->list[i] == c)
            all->list[i] = all->list[--all->count];
    free(c);
}

void peer_grant(struct peer *c, uint32_t more)
{
    uint64_t most = c->held < WIRE_CREDIT_MAX ? WIRE_CREDIT_MAX - c->held : 0;
    uint64_t sum = more == 0 ? 0 : (uint64_t)c->credit + more;
    c->credit = (uint32_t)(sum < most ? sum : most);
}
