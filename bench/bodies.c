#include "bench/stages.h"

status bodies_make(struct bodies *out, const struct fleet *f, enum bodies_kind kind, unsigned first, unsigned count,
                   struct fleet_moment m)
{
    AUTO(buffer_clear) struct buffer xml = BUFFER_INIT(4 << 20);
    *out =
        (struct bodies){.memory = BUFFER_INIT((size_t)count * (1 << 20)), .views = calloc(count, sizeof *out->views)};
    if (!out->views)
        return ST_NO_MEMORY;
    for (unsigned i = 0; i < count; i++) {
        size_t before = out->memory.len;
        buffer_reset(&xml);
        m.device = first + i;
        if (kind == BODIES_PROLOG)
            fleet_prolog(f, m.device, &xml);
        else
            fleet_inventory(f, &m, &xml);
        if (buffer_status(&xml) != ST_OK)
            return buffer_status(&xml);
        fleet_compress(buffer_view(&xml), &out->memory);
        out->views[out->count++].len = out->memory.len - before;
    }
    size_t at = 0; /* only now the memory moves no more */
    for (unsigned i = 0; i < count; at += out->views[i++].len)
        out->views[i].data = out->memory.data + at;
    return buffer_status(&out->memory);
}

void bodies_clear(struct bodies *b)
{
    buffer_clear(&b->memory);
    free(b->views);
    *b = (struct bodies){0};
}
