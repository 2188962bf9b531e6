/**
 * What a consumer holds, between its link thread and the threads that do the work: deliveries that were received and
 * not yet taken, and answers that were given and not yet sent. Private to common/link.
 *
 * Threads: any.
 */
#ifndef MUSTER_COMMON_LINK_HELD_H
#define MUSTER_COMMON_LINK_HELD_H

#include "common/link/wire.h"

#include <pthread.h>

/** A delivery with what its answer needs. */
struct held {
    struct link_delivery shown; /**< what link_consumer_take() hands out; first, so that it can be found again */
    zmq_msg_t body;             /**< owns shown.body */
    uint32_t upstream;          /**< number of who sent it */
    uint64_t session, lease;
    enum link_verdict verdict;
    bool has_why;
    bool is_taken; /**< by who does the work */
    struct reason why;
    struct held *next;
};

struct held_list {
    struct held *first, **end;
};

struct held_queue {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct held_list received, answered;
    size_t count;    /**< in `received` */
    size_t suspects; /**< of these */
    size_t taken;    /**< by who does the work, and not answered */
    bool is_closed;  /**< nothing is given out: see alone.h */
    uint32_t alone;  /**< only suspects of this upstream are given out, one at a time; 0: all but suspects */
    size_t wanted;   /**< who waits is woken when there are so many */
    bool is_stopped; /**< take returns NULL instead of waiting */
};

void held_init(struct held_queue *q);
void held_clear(struct held_queue *q); /**< frees what is in it */

/** Make one of a message; its body moves over. @return NULL when memory is out */
struct held *held_new(const struct frame *f, struct wire_message *m);
void held_free(struct held *h);

/** @return false when the queue is stopped: nobody will take it, it is still the caller's */
bool held_put(struct held_queue *q, struct held *h);
/** As link_consumer_wait(). */
void held_wait(struct held_queue *q, size_t count, int wait_ms);
/** @param wait_ms  as link_consumer_take() */
struct held *held_take(struct held_queue *q, int wait_ms);
/** The work is done (or nobody will do it): hand it to the link thread. */
void held_answer(struct held_queue *q, struct held *h);
/** All answers since the last call, oldest first. */
struct held *held_answers(struct held_queue *q);
/** Take out what was received of `upstream` (0: of anyone) and not taken yet. */
struct held *held_withdraw(struct held_queue *q, uint32_t upstream);
/** Whose suspect is the next to be taken. @return 0: it is no suspect, or there is none. @param taken  as in the queue */
uint32_t held_next_suspect(struct held_queue *q, size_t *taken);
/** Give nothing out until held_open(). */
void held_close(struct held_queue *q);
/** @param alone  as in the queue */
void held_open(struct held_queue *q, uint32_t alone);
void held_stop(struct held_queue *q);
bool held_is_stopped(struct held_queue *q);

#endif
