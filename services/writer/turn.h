/**
 * A turn that one thread at a time has. The others wait for it, each only so long: what it is for must be safe without it, or has to
 * wait for another time.
 *
 * Threads: any.
 */
#ifndef MUSTER_WRITER_TURN_H
#define MUSTER_WRITER_TURN_H

#include <pthread.h>
#include <stdbool.h>

struct turn {
    pthread_mutex_t lock;
    pthread_cond_t given;
    bool is_taken;
};

void turn_init(struct turn *t);
void turn_clear(struct turn *t); /**< nobody has it or waits for it any more */
/** @return whether it is ours now: false when nobody gave it within `wait_ms` */
bool turn_take(struct turn *t, int wait_ms);
void turn_give(struct turn *t);

#endif
