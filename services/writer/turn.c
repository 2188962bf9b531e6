#include "services/writer/turn.h"

#include <errno.h>
#include <time.h>

void turn_init(struct turn *t)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->given, &attributes);
    pthread_condattr_destroy(&attributes);
    t->is_taken = false;
}

void turn_clear(struct turn *t)
{
    pthread_cond_destroy(&t->given);
    pthread_mutex_destroy(&t->lock);
}

static struct timespec after(int wait_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += wait_ms / 1000;
    t.tv_nsec += wait_ms % 1000 * 1000000L;
    if (t.tv_nsec >= 1000000000L) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000L;
    }
    return t;
}

bool turn_take(struct turn *t, int wait_ms)
{
    struct timespec until = after(wait_ms);
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
