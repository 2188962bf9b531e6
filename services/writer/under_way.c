#include "services/writer/under_way.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct batch_under_way {
    uint64_t number; /* ascends; 0: none */
    size_t count;
    uint64_t *devices; /* owned; sorted */
};

struct under_way {
    size_t lanes;
    uint64_t last; /* number that was given */
    pthread_mutex_t lock;
    pthread_cond_t ended;
    struct batch_under_way batches[];
};

struct under_way *under_way_new(size_t lanes, size_t max)
{
    AUTO(under_way_destroy) struct under_way *u = calloc(1, sizeof *u + lanes * sizeof u->batches[0]);
    if (!u)
        return NULL;
    pthread_mutex_init(&u->lock, NULL);
    pthread_cond_init(&u->ended, NULL);
    for (; u->lanes < lanes; u->lanes++)
        if (!(u->batches[u->lanes].devices = calloc(max, sizeof(uint64_t))))
            return NULL;
    return STEAL(u);
}

void under_way_destroy(struct under_way *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < u->lanes; i++)
        free(u->batches[i].devices);
    pthread_cond_destroy(&u->ended);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

static int compare_devices(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Nobody else reads the devices of a batch without number, and those of one with a number stay. */
void under_way_begin(struct under_way *u, size_t lane, const uint64_t *devices, size_t count)
{
    struct batch_under_way *b = &u->batches[lane];
    memcpy(b->devices, devices, count * sizeof *devices);
    qsort(b->devices, count, sizeof *devices, compare_devices);
    b->count = count;
    pthread_mutex_lock(&u->lock);
    b->number = ++u->last;
    pthread_mutex_unlock(&u->lock);
}

static bool have_common(const struct batch_under_way *a, const struct batch_under_way *b)
{
    for (size_t i = 0, k = 0; i < a->count && k < b->count;) {
        if (a->devices[i] == b->devices[k])
            return true;
        if (a->devices[i] < b->devices[k])
            i++;
        else
            k++;
    }
    return false;
}

static bool has_to_wait(const struct under_way *u, const struct batch_under_way *b)
{
    for (size_t i = 0; i < u->lanes; i++)
        if (u->batches[i].number && u->batches[i].number < b->number && have_common(&u->batches[i], b))
            return true;
    return false;
}

void under_way_wait(struct under_way *u, size_t lane)
{
    pthread_mutex_lock(&u->lock);
    while (has_to_wait(u, &u->batches[lane]))
        pthread_cond_wait(&u->ended, &u->lock);
    pthread_mutex_unlock(&u->lock);
}

void under_way_end(struct under_way *u, size_t lane)
{
    pthread_mutex_lock(&u->lock);
    u->batches[lane].number = 0;
    pthread_cond_broadcast(&u->ended);
    pthread_mutex_unlock(&u->lock);
}
