#include "services/writer/under_way.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

enum { LANES = 3, MAX = 4 };

struct waiter {
    struct under_way *u;
    size_t lane;
    atomic_bool *ended; /* what it waits for */
    bool was_ended;
    pthread_t thread;
};

static void *wait_and_look(void *ctx)
{
    struct waiter *w = ctx;
    under_way_wait(w->u, w->lane);
    w->was_ended = atomic_load(w->ended);
    under_way_end(w->u, w->lane);
    return NULL;
}

Test(under_way, other_devices_do_not_wait, .timeout = 30)
{
    AUTO(under_way_destroy) struct under_way *u = under_way_new(LANES, MAX);
    under_way_begin(u, 0, (uint64_t[]){7, 3, 3}, 3);
    under_way_begin(u, 1, (uint64_t[]){8, 2, 5}, 3);
    under_way_begin(u, 2, (uint64_t[]){1}, 0);
    under_way_wait(u, 2);
    under_way_wait(u, 1);
    under_way_wait(u, 0);
}

Test(under_way, the_first_does_not_wait_for_the_second, .timeout = 30)
{
    AUTO(under_way_destroy) struct under_way *u = under_way_new(LANES, MAX);
    under_way_begin(u, 1, (uint64_t[]){5}, 1);
    under_way_begin(u, 0, (uint64_t[]){5}, 1);
    under_way_wait(u, 1);
    under_way_end(u, 1);
    under_way_wait(u, 0);
    under_way_end(u, 0);
    under_way_begin(u, 1, (uint64_t[]){5}, 1);
    under_way_wait(u, 1);
}

Test(under_way, who_has_a_device_of_an_earlier_batch_waits_for_its_end, .timeout = 60)
{
    AUTO(under_way_destroy) struct under_way *u = under_way_new(LANES, MAX);
    for (int round = 0; round < 200; round++) {
        atomic_bool ended = false;
        struct waiter w[LANES - 1] = {{.u = u, .lane = 1, .ended = &ended}, {.u = u, .lane = 2, .ended = &ended}};
        under_way_begin(u, 0, (uint64_t[]){1, 9}, 2);
        under_way_begin(u, 1, (uint64_t[]){4, 9, 2}, 3);
        under_way_begin(u, 2, (uint64_t[]){2}, 1); /* waits for the one that waits */
        for (int i = 0; i < LANES - 1; i++)
            cr_assert_eq(pthread_create(&w[i].thread, NULL, wait_and_look, &w[i]), 0);
        atomic_store(&ended, true);
        under_way_end(u, 0);
        for (int i = 0; i < LANES - 1; i++) {
            pthread_join(w[i].thread, NULL);
            cr_expect(w[i].was_ended);
        }
    }
}
