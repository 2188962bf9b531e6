/*
 * A bucket is one number: the moment at which it will be full again. A request moves it on by the time in which one request's worth
 * flows in; it may not lie more than a minute ahead.
 */
#include "services/gateway/rate_limit.h"

#include <pthread.h>
#include <sys/random.h>

enum { WAYS = 8, MINUTE_US = 60000000 };

struct bucket {
    uint64_t key; /**< of the address; 0: free */
    int64_t full_us;
};

struct rate_limit {
    pthread_mutex_t lock;
    int64_t step_us; /**< one request; 0: no limit */
    uint64_t seed;   /**< so that nobody can choose addresses that share a set */
    size_t sets;     /**< a power of two */
    struct bucket buckets[];
};

static size_t sets_for(int64_t addresses)
{
    size_t sets = 1;
    while (sets * WAYS < (size_t)addresses)
        sets *= 2;
    return sets;
}

status rate_limit_new(int64_t per_minute, int64_t addresses, struct rate_limit **out)
{
    size_t sets = per_minute ? sets_for(addresses) : 1;
    struct rate_limit *r = calloc(1, sizeof *r + sets * WAYS * sizeof r->buckets[0]);
    if (!r)
        return ST_NO_MEMORY;
    pthread_mutex_init(&r->lock, NULL);
    r->sets = sets;
    r->step_us = per_minute ? MINUTE_US / per_minute : 0;
    if (getrandom(&r->seed, sizeof r->seed, GRND_NONBLOCK) != sizeof r->seed)
        r->seed = (uintptr_t)r; /* early at boot: better than none */
    *out = r;
    return ST_OK;
}

void rate_limit_destroy(struct rate_limit *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    x = (x ^ x >> 27) * 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static uint64_t key_of(const struct rate_limit *r, const struct upload_address *from)
{
    uint64_t head = 0;
    memcpy(&head, from->bytes, from->len == 4 ? 4 : 8);
    uint64_t key = mix(mix(head ^ r->seed) + from->len);
    return key ? key : 1;
}

/** The address's bucket, or the one of its set that is nearest to full, emptied of what it knew. */
static struct bucket *find(struct rate_limit *r, uint64_t key)
{
    struct bucket *set = &r->buckets[(key & (r->sets - 1)) * WAYS], *least = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key)
            return &set[i];
        if (set[i].full_us < least->full_us)
            least = &set[i];
    }
    *least = (struct bucket){.key = key};
    return least;
}

bool rate_limit_admits(struct rate_limit *r, const struct upload_address *from, int64_t now_ms)
{
    if (!r->step_us || from->len == 0)
        return true;
    int64_t now_us = now_ms * 1000;
    uint64_t key = key_of(r, from);
    pthread_mutex_lock(&r->lock);
    struct bucket *b = find(r, key);
    int64_t full_us = (b->full_us > now_us ? b->full_us : now_us) + r->step_us;
    bool admitted = full_us - now_us <= MINUTE_US;
    if (admitted)
        b->full_us = full_us;
    pthread_mutex_unlock(&r->lock);
    return admitted;
}
