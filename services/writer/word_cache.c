/* A hash table of chains, and a ring through all entries in the order of their last use. */
#include "services/writer/word_cache.h"

#include "services/writer/state.h"

struct entry {
    struct entry *chain;         /* next of the same bucket */
    struct entry *older, *newer; /* ring; the head of the ring is not a word */
    uint64_t hash;
    uint32_t id;
    uint32_t len;
    char word[];
};

struct word_cache {
    size_t count, max, mask;
    struct entry **buckets; /* mask + 1 of them */
    struct entry ring;      /* .older: used last, .newer: used longest ago */
};

static void unlink_ring(struct entry *e)
{
    e->older->newer = e->newer;
    e->newer->older = e->older;
}

static void link_newest(struct word_cache *c, struct entry *e)
{
    e->older = c->ring.older;
    e->newer = &c->ring;
    c->ring.older->newer = e;
    c->ring.older = e;
}

struct word_cache *word_cache_new(size_t max)
{
    size_t buckets = 16;
    while (buckets < max)
        buckets *= 2;
    struct word_cache *c = calloc(1, sizeof *c);
    if (c)
        c->buckets = calloc(buckets, sizeof(struct entry *));
    if (!c || !c->buckets) {
        free(c);
        return NULL;
    }
    c->max = max;
    c->mask = buckets - 1;
    c->ring.older = c->ring.newer = &c->ring;
    return c;
}

/* Where the pointer to the word's entry is, or where the chain ends. */
static struct entry **place_of(const struct word_cache *c, struct view word, uint64_t hash)
{
    struct entry **at = &c->buckets[hash & c->mask];
    while (*at && ((*at)->hash != hash || (*at)->len != word.len || memcmp((*at)->word, word.data, word.len) != 0))
        at = &(*at)->chain;
    return at;
}

uint32_t word_cache_get(struct word_cache *c, struct view word)
{
    struct entry *e = *place_of(c, word, state_hash(0, word.data, word.len));
    if (!e)
        return 0;
    unlink_ring(e);
    link_newest(c, e);
    return e->id;
}

static void drop_oldest(struct word_cache *c)
{
    struct entry *e = c->ring.newer;
    *place_of(c, (struct view){e->word, e->len}, e->hash) = e->chain;
    unlink_ring(e);
    free(e);
    c->count--;
}

void word_cache_put(struct word_cache *c, struct view word, uint32_t id)
{
    uint64_t hash = state_hash(0, word.data, word.len);
    struct entry *e = *place_of(c, word, hash);
    if (e) {
        e->id = id;
        return;
    }
    e = malloc(sizeof *e + word.len);
    if (!e)
        return;
    if (c->count == c->max)
        drop_oldest(c);
    *e = (struct entry){.hash = hash, .id = id, .len = (uint32_t)word.len};
    memcpy(e->word, word.data, word.len);
    *place_of(c, word, hash) = e;
    link_newest(c, e);
    c->count++;
}

void word_cache_clear(struct word_cache *c)
{
    while (c->count)
        drop_oldest(c);
}

size_t word_cache_count(const struct word_cache *c)
{
    return c->count;
}

void word_cache_destroy(struct word_cache *c)
{
    if (!c)
        return;
    word_cache_clear(c);
    free(c->buckets);
    free(c);
}
