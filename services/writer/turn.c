#include "services/writer/turn.h"

#include "common/base/clock.h"

#include <errno.h>

void turn_init(struct turn *t)
{
    pthread_mutex_init(&t->lock, NULL);
    clock_cond_init(&t->given);
    t->is_taken = false;
}

void turn_clear(struct turn *t)
{
    pthread_cond_destroy(&t->given);
    pthread_mutex_destroy(&t->lock);
}

bool turn_take(struct turn *t, int wait_ms)
{
    const struct timespec until = clock_after(wait_ms);
    int result = 0;
    pthread_mutex_lock(&t->lock);
    while (t->is_taken && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&t->given, &t->lock, &until);
    bool is_ours = !t->is_taken;
    t->is_taken = true;
    pthread_mutex_unlock(&t->lock);
    return is_ours;
}

void turn_give(struct turn *t)
{
    pthread_mutex_lock(&t->lock);
    t->is_taken = false;
    pthread_cond_signal(&t->given);
    pthread_mutex_unlock(&t->lock);
}
