#include "services/gateway/spool/index.h"

#include <assert.h>

enum {
    CHUNK = 4096, /* entries that are allocated together */
    FIRST_BUCKETS = 1024,
    OUT_BUCKETS = 1024, /* what is out is bounded by the credit of the consumers */
};

enum place { FREE, BEHIND, IN_ORDER, RETURNED, DELAYED, OUT, ASIDE };

struct entry {
    struct indexed upload;
    uint8_t place;         /* enum place */
    uint32_t older, newer; /* neighbours in order of acceptance */
    uint32_t behind;       /* next of the same device */
    /* of the head of a device's chain */
    uint32_t bucket_next;      /* next head with the same bucket */
    uint32_t tail;             /* last of the chain */
    uint32_t inventories;      /* INVENTORY uploads in the chain */
    uint32_t newest_inventory; /* valid when there are any */
    uint32_t link;             /* IN_ORDER, OUT: next in that list; heaps: next sibling; FREE: next free one */
    uint32_t child;            /* heaps: first child */
    int64_t due_ms;            /* DELAYED */
};

struct list {
    uint32_t first, last;
};

struct index {
    struct entry **chunks;
    size_t chunk_count, chunk_room;
    uint32_t used; /* entries ever used: from here on they are new */
    uint32_t free; /* list of entries that were used before */
    size_t free_count, count;
    uint32_t oldest, newest;
    uint32_t *buckets;   /* heads by device hash */
    size_t bucket_count; /* a power of 2 */
    struct list in_order[UPLOAD_KIND_END];
    uint32_t returned[UPLOAD_KIND_END]; /* roots */
    uint32_t delayed;                   /* root */
    uint32_t out[OUT_BUCKETS];
};

static struct entry *at(const struct index *ix, uint32_t ref)
{
    return &ix->chunks[ref / CHUNK][ref % CHUNK];
}

static uint64_t mix(uint64_t h)
{
    return (h ^ h >> 32) * 0x9e3779b97f4a7c15u >> 20;
}

/* ---------------------------------------------------------------- memory ---- */

struct index *index_new(void)
{
    AUTO(index_destroy) struct index *ix = calloc(1, sizeof *ix);
    if (!ix)
        return NULL;
    ix->free = ix->oldest = ix->newest = ix->delayed = REF_NONE;
    for (int k = 0; k < UPLOAD_KIND_END; k++) {
        ix->in_order[k] = (struct list){REF_NONE, REF_NONE};
        ix->returned[k] = REF_NONE;
    }
    for (int i = 0; i < OUT_BUCKETS; i++)
        ix->out[i] = REF_NONE;
    ix->buckets = malloc(FIRST_BUCKETS * sizeof *ix->buckets);
    if (!ix->buckets)
        return NULL;
    ix->bucket_count = FIRST_BUCKETS;
    memset(ix->buckets, 0xff, FIRST_BUCKETS * sizeof *ix->buckets); /* REF_NONE */
    return STEAL(ix);
}

void index_destroy(struct index *ix)
{
    if (!ix)
        return;
    for (size_t i = 0; i < ix->chunk_count; i++)
        free(ix->chunks[i]);
    free(ix->chunks);
    free(ix->buckets);
    free(ix);
}

/* More buckets before chains get long; when there is no memory for them, chains stay long. */
static void grow_buckets(struct index *ix, size_t entries)
{
    size_t count = ix->bucket_count;
    while (count < entries)
        count *= 4;
    uint32_t *buckets = count > ix->bucket_count ? malloc(count * sizeof *buckets) : NULL;
    if (!buckets)
        return;
    memset(buckets, 0xff, count * sizeof *buckets);
    for (size_t i = 0; i < ix->bucket_count; i++) {
        for (uint32_t ref = ix->buckets[i], next; ref != REF_NONE; ref = next) {
            uint32_t *bucket = &buckets[mix(at(ix, ref)->upload.device_hash) & (count - 1)];
            next = at(ix, ref)->bucket_next;
            at(ix, ref)->bucket_next = *bucket;
            *bucket = ref;
        }
    }
    free(ix->buckets);
    ix->buckets = buckets;
    ix->bucket_count = count;
}

static status add_chunk(struct index *ix)
{
    if (ix->chunk_count == ix->chunk_room) {
        size_t room = ix->chunk_room ? ix->chunk_room * 2 : 16;
        struct entry **chunks = realloc(ix->chunks, room * sizeof *chunks);
        if (!chunks)
            return ST_NO_MEMORY;
        ix->chunks = chunks;
        ix->chunk_room = room;
    }
    struct entry *chunk = malloc(CHUNK * sizeof *chunk);
    if (!chunk)
        return ST_NO_MEMORY;
    ix->chunks[ix->chunk_count++] = chunk;
    return ST_OK;
}

status index_reserve(struct index *ix, size_t count)
{
    while (ix->free_count + (ix->chunk_count * CHUNK - ix->used) < count) {
        status st = ix->chunk_count < REF_NONE / CHUNK ? add_chunk(ix) : ST_NO_MEMORY;
        if (st != ST_OK)
            return st;
    }
    if (ix->count + count > ix->bucket_count * 2)
        grow_buckets(ix, ix->count + count);
    return ST_OK;
}

static uint32_t take_entry(struct index *ix)
{
    uint32_t ref = ix->free;
    if (ref == REF_NONE) {
        assert(ix->used < ix->chunk_count * CHUNK); /* index_reserve() was not called */
        return ix->used++;
    }
    ix->free = at(ix, ref)->link;
    ix->free_count--;
    return ref;
}

static void give_back(struct index *ix, uint32_t ref)
{
    at(ix, ref)->place = FREE;
    at(ix, ref)->link = ix->free;
    ix->free = ref;
    ix->free_count++;
}

/* ----------------------------------------------------------------- heaps ---- */

/* A pairing heap: the root is the smallest, and every child is larger than its parent. Needs no memory of its own, and
 * takes what arrives in order in constant time. */
static bool is_before(const struct index *ix, uint32_t a, uint32_t b)
{
    const struct entry *x = at(ix, a), *y = at(ix, b);
    if (x->place == DELAYED && x->due_ms != y->due_ms)
        return x->due_ms < y->due_ms;
    return upload_id_compare(x->upload.id, y->upload.id) < 0;
}

static uint32_t meld(struct index *ix, uint32_t a, uint32_t b)
{
    if (a == REF_NONE || b == REF_NONE)
        return a == REF_NONE ? b : a;
    uint32_t top = is_before(ix, a, b) ? a : b, below = top == a ? b : a;
    at(ix, below)->link = at(ix, top)->child;
    at(ix, top)->child = below;
    return top;
}

static uint32_t heap_add(struct index *ix, uint32_t root, uint32_t ref)
{
    at(ix, ref)->link = at(ix, ref)->child = REF_NONE;
    return meld(ix, root, ref);
}

/* The heap without its root: children are melded in pairs, then the pairs into one. */
static uint32_t heap_pop(struct index *ix, uint32_t root)
{
    uint32_t rest = at(ix, root)->child, pairs = REF_NONE;
    while (rest != REF_NONE) {
        uint32_t a = rest, b = at(ix, a)->link;
        rest = b == REF_NONE ? REF_NONE : at(ix, b)->link;
        at(ix, a)->link = REF_NONE;
        if (b != REF_NONE)
            at(ix, b)->link = REF_NONE;
        a = meld(ix, a, b);
        at(ix, a)->link = pairs;
        pairs = a;
    }
    uint32_t heap = REF_NONE;
    while (pairs != REF_NONE) {
        uint32_t next = at(ix, pairs)->link;
        at(ix, pairs)->link = REF_NONE;
        heap = meld(ix, heap, pairs);
        pairs = next;
    }
    return heap;
}

/* --------------------------------------------------------------- devices ---- */

static uint32_t *bucket_of(const struct index *ix, uint64_t device_hash)
{
    return &ix->buckets[mix(device_hash) & (ix->bucket_count - 1)];
}

/* Where the reference to the head of this device's chain is, or would be. */
static uint32_t *find_head(const struct index *ix, uint64_t device_hash)
{
    uint32_t *p = bucket_of(ix, device_hash);
    while (*p != REF_NONE && at(ix, *p)->upload.device_hash != device_hash)
        p = &at(ix, *p)->bucket_next;
    return p;
}

static void add_to_device(struct index *ix, uint32_t ref)
{
    struct entry *e = at(ix, ref);
    uint32_t *place = find_head(ix, e->upload.device_hash), head_ref = *place;
    struct list *list = &ix->in_order[e->upload.kind];
    if (head_ref == REF_NONE) {
        *place = head_ref = ref;
        e->tail = ref;
        e->place = IN_ORDER;
        if (list->first == REF_NONE)
            list->first = ref;
        else
            at(ix, list->last)->link = ref;
        list->last = ref;
    } else {
        struct entry *head = at(ix, head_ref);
        at(ix, head->tail)->behind = ref;
        head->tail = ref;
        e->place = BEHIND;
    }
    if (e->upload.kind == UPLOAD_INVENTORY) {
        at(ix, head_ref)->inventories++;
        at(ix, head_ref)->newest_inventory = ref;
    }
}

/* The one behind the head takes its place, with all that the head knew of the device. */
static void remove_head(struct index *ix, uint32_t ref)
{
    struct entry *e = at(ix, ref);
    uint32_t *place = find_head(ix, e->upload.device_hash);
    assert(*place == ref);
    if (e->behind == REF_NONE) {
        *place = e->bucket_next;
        return;
    }
    struct entry *next = at(ix, e->behind);
    *place = e->behind;
    next->bucket_next = e->bucket_next;
    next->tail = e->tail;
    next->inventories = e->inventories - (e->upload.kind == UPLOAD_INVENTORY);
    next->newest_inventory = e->newest_inventory;
    index_return(ix, e->behind);
}

/* -------------------------------------------------------------- the turn ---- */

void index_add(struct index *ix, const struct indexed *upload)
{
    uint32_t ref = take_entry(ix);
    struct entry *e = at(ix, ref);
    *e = (struct entry){.upload = *upload,
                        .older = ix->newest,
                        .newer = REF_NONE,
                        .behind = REF_NONE,
                        .bucket_next = REF_NONE,
                        .link = REF_NONE,
                        .child = REF_NONE};
    if (ix->newest == REF_NONE)
        ix->oldest = ref;
    else
        at(ix, ix->newest)->newer = ref;
    ix->newest = ref;
    ix->count++;
    add_to_device(ix, ref);
}

size_t index_count(const struct index *ix)
{
    return ix->count;
}

struct indexed *index_get(struct index *ix, uint32_t ref)
{
    return &at(ix, ref)->upload;
}

static uint32_t first_of(const struct index *ix, int kind)
{
    uint32_t a = ix->in_order[kind].first, b = ix->returned[kind];
    if (a == REF_NONE || b == REF_NONE)
        return a == REF_NONE ? b : a;
    return is_before(ix, a, b) ? a : b;
}

static uint32_t *out_bucket(const struct index *ix, struct upload_id id)
{
    const uint32_t *bucket = &ix->out[mix(id.hi ^ id.lo) & (OUT_BUCKETS - 1)];
    return (uint32_t *)(uintptr_t)bucket;
}

static void unlink_first(struct index *ix, uint32_t ref)
{
    struct entry *e = at(ix, ref);
    struct list *list = &ix->in_order[e->upload.kind];
    if (e->place == RETURNED) {
        ix->returned[e->upload.kind] = heap_pop(ix, ref);
        return;
    }
    list->first = e->link;
    if (list->first == REF_NONE)
        list->last = REF_NONE;
}

uint32_t index_give(struct index *ix, unsigned kinds)
{
    uint32_t best = REF_NONE;
    for (int k = 1; k < UPLOAD_KIND_END; k++) {
        uint32_t ref = kinds & UPLOAD_MASK(k) ? first_of(ix, k) : REF_NONE;
        if (ref != REF_NONE &&
            (best == REF_NONE || upload_id_compare(at(ix, ref)->upload.id, at(ix, best)->upload.id) < 0))
            best = ref;
    }
    if (best == REF_NONE)
        return REF_NONE;
    unlink_first(ix, best);
    struct entry *e = at(ix, best);
    uint32_t *bucket = out_bucket(ix, e->upload.id);
    e->place = OUT;
    e->link = *bucket;
    *bucket = best;
    return best;
}

uint32_t index_find_out(const struct index *ix, struct upload_id id)
{
    uint32_t ref = *out_bucket(ix, id);
    while (ref != REF_NONE && upload_id_compare(at(ix, ref)->upload.id, id) != 0)
        ref = at(ix, ref)->link;
    return ref;
}

/* No longer out, if it was. */
static void take_in(struct index *ix, uint32_t ref)
{
    struct entry *e = at(ix, ref);
    if (e->place != OUT)
        return;
    uint32_t *p = out_bucket(ix, e->upload.id);
    while (*p != ref)
        p = &at(ix, *p)->link;
    *p = e->link;
}

void index_remove(struct index *ix, uint32_t ref)
{
    struct entry *e = at(ix, ref);
    take_in(ix, ref);
    remove_head(ix, ref);
    *(e->older == REF_NONE ? &ix->oldest : &at(ix, e->older)->newer) = e->newer;
    *(e->newer == REF_NONE ? &ix->newest : &at(ix, e->newer)->older) = e->older;
    ix->count--;
    give_back(ix, ref);
}

void index_return(struct index *ix, uint32_t ref)
{
    struct entry *e = at(ix, ref);
    take_in(ix, ref);
    e->place = RETURNED;
    ix->returned[e->upload.kind] = heap_add(ix, ix->returned[e->upload.kind], ref);
}

void index_delay(struct index *ix, uint32_t ref, int64_t due_ms)
{
    struct entry *e = at(ix, ref);
    take_in(ix, ref);
    e->place = DELAYED;
    e->due_ms = due_ms;
    ix->delayed = heap_add(ix, ix->delayed, ref);
}

void index_set_aside(struct index *ix, uint32_t ref)
{
    take_in(ix, ref);
    at(ix, ref)->place = ASIDE;
}

bool index_wake_due(struct index *ix, int64_t now_ms)
{
    bool has_any = false;
    while (index_next_due(ix) <= now_ms) {
        uint32_t ref = ix->delayed;
        ix->delayed = heap_pop(ix, ref);
        index_return(ix, ref);
        has_any = true;
    }
    return has_any;
}

int64_t index_next_due(const struct index *ix)
{
    return ix->delayed == REF_NONE ? INT64_MAX : at(ix, ix->delayed)->due_ms;
}

/* --------------------------------------------------------------- looking ---- */

int64_t index_oldest_us(const struct index *ix)
{
    return ix->oldest == REF_NONE ? 0 : (int64_t)at(ix, ix->oldest)->upload.id.hi;
}

uint32_t index_find(const struct index *ix, uint64_t device_hash, struct upload_id id)
{
    uint32_t ref = *find_head(ix, device_hash);
    while (ref != REF_NONE && upload_id_compare(at(ix, ref)->upload.id, id) != 0)
        ref = at(ix, ref)->behind;
    return ref;
}

bool index_has(const struct index *ix, uint64_t device_hash, struct upload_id id)
{
    return index_find(ix, device_hash, id) != REF_NONE;
}

bool index_has_inventory(const struct index *ix, uint64_t device_hash, int64_t *received_us)
{
    uint32_t head = *find_head(ix, device_hash);
    if (head == REF_NONE || at(ix, head)->inventories == 0)
        return false;
    if (received_us)
        *received_us = (int64_t)at(ix, at(ix, head)->newest_inventory)->upload.id.hi;
    return true;
}
