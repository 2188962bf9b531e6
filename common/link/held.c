#include "common/link/held.h"

#include "common/base/clock.h"

#include <errno.h>

static void append(struct held_list *list, struct held *h)
{
    h->next = NULL;
    *list->end = h;
    list->end = &h->next;
}

static struct held *take_all(struct held_list *list)
{
    struct held *first = list->first;
    list->first = NULL;
    list->end = &list->first;
    return first;
}

void held_init(struct held_queue *q)
{
    *q = (struct held_queue){.wanted = 1};
    q->received.end = &q->received.first;
    q->answered.end = &q->answered.first;
    pthread_mutex_init(&q->lock, NULL);
    clock_cond_init(&q->arrived);
}

static void free_all(struct held *h)
{
    while (h) {
        struct held *next = h->next;
        held_free(h);
        h = next;
    }
}

void held_clear(struct held_queue *q)
{
    free_all(take_all(&q->received));
    free_all(take_all(&q->answered));
    pthread_cond_destroy(&q->arrived);
    pthread_mutex_destroy(&q->lock);
}

struct held *held_new(const struct frame *f, struct wire_message *m)
{
    struct held *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    zmq_msg_init(&h->body);
    zmq_msg_move(&h->body, &m->body);
    h->lease = f->lease;
    h->shown = (struct link_delivery){
        .id = f->id,
        .kind = (enum upload_kind)f->upload_kind,
        .attempt = f->attempt,
        .is_suspect = f->is_suspect,
        .body = zmq_msg_data(&h->body),
        .len = zmq_msg_size(&h->body),
    };
    metric_add(&link_metrics.held, 1);
    return h;
}

void held_free(struct held *h)
{
    metric_add(&link_metrics.held, -1);
    zmq_msg_close(&h->body);
    free(h);
}

bool held_put(struct held_queue *q, struct held *h)
{
    pthread_mutex_lock(&q->lock);
    bool is_taken = !q->is_stopped;
    if (is_taken) {
        append(&q->received, h);
        q->suspects += h->shown.is_suspect;
        if (++q->count >= q->wanted)
            pthread_cond_signal(&q->arrived);
    }
    pthread_mutex_unlock(&q->lock);
    return is_taken;
}

/* How many could be taken now, as far as it matters to who waits for `wanted` of them. */
static size_t takeable(const struct held_queue *q, size_t wanted)
{
    const struct held *h = q->received.first;
    if (!h || q->is_closed)
        return 0;
    if (q->alone)
        return h->shown.is_suspect && h->upstream == q->alone && q->taken == 0;
    if (q->suspects == 0)
        return q->count;
    size_t n = 0;
    while (n < wanted && !h->shown.is_suspect) { /* ends at a suspect: there is one */
        n++;
        h = h->next;
    }
    return n;
}

/* When it is stopped: until nothing is left that could be taken one day. */
static void wait_for(struct held_queue *q, size_t count, int wait_ms)
{
    const struct timespec until = clock_after(wait_ms > 0 ? wait_ms : 0);
    int result = wait_ms == 0 ? ETIMEDOUT : 0;
    while (takeable(q, count) < count && !(q->is_stopped && q->count < count) && result != ETIMEDOUT)
        result = wait_ms < 0 ? pthread_cond_wait(&q->arrived, &q->lock)
                             : pthread_cond_timedwait(&q->arrived, &q->lock, &until);
}

void held_wait(struct held_queue *q, size_t count, int wait_ms)
{
    pthread_mutex_lock(&q->lock);
    q->wanted = count;
    wait_for(q, count, wait_ms);
    q->wanted = 1;
    pthread_mutex_unlock(&q->lock);
}

struct held *held_take(struct held_queue *q, int wait_ms)
{
    struct held *h = NULL;
    pthread_mutex_lock(&q->lock);
    wait_for(q, 1, wait_ms);
    if (takeable(q, 1) > 0) {
        h = q->received.first;
        if (!(q->received.first = h->next))
            q->received.end = &q->received.first;
        h->is_taken = true;
        q->count--;
        q->suspects -= h->shown.is_suspect;
        q->taken++;
    }
    pthread_mutex_unlock(&q->lock);
    return h;
}

uint32_t held_next_suspect(struct held_queue *q, size_t *taken)
{
    pthread_mutex_lock(&q->lock);
    const struct held *h = q->received.first;
    uint32_t upstream = h && h->shown.is_suspect ? h->upstream : 0;
    *taken = q->taken;
    pthread_mutex_unlock(&q->lock);
    return upstream;
}

void held_close(struct held_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->is_closed = true;
    pthread_mutex_unlock(&q->lock);
}

void held_open(struct held_queue *q, uint32_t alone)
{
    pthread_mutex_lock(&q->lock);
    bool is_news = q->is_closed || q->alone != alone || alone != 0;
    q->is_closed = false;
    q->alone = alone;
    if (is_news && takeable(q, 1) > 0)
        pthread_cond_broadcast(&q->arrived);
    pthread_mutex_unlock(&q->lock);
}

void held_answer(struct held_queue *q, struct held *h)
{
    pthread_mutex_lock(&q->lock);
    append(&q->answered, h);
    q->taken -= h->is_taken;
    pthread_mutex_unlock(&q->lock);
}

struct held *held_answers(struct held_queue *q)
{
    pthread_mutex_lock(&q->lock);
    struct held *first = take_all(&q->answered);
    pthread_mutex_unlock(&q->lock);
    return first;
}

struct held *held_withdraw(struct held_queue *q, uint32_t upstream)
{
    struct held_list out = {NULL, &out.first};
    pthread_mutex_lock(&q->lock);
    struct held *h = take_all(&q->received);
    q->count = q->suspects = 0;
    while (h) {
        struct held *next = h->next;
        bool is_theirs = upstream == 0 || h->upstream == upstream;
        append(is_theirs ? &out : &q->received, h);
        q->count += !is_theirs;
        q->suspects += !is_theirs && h->shown.is_suspect;
        h = next;
    }
    if (q->is_stopped)
        pthread_cond_broadcast(&q->arrived); /* it may have been what was waited for */
    pthread_mutex_unlock(&q->lock);
    return out.first;
}

void held_stop(struct held_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->is_stopped = true;
    pthread_cond_broadcast(&q->arrived);
    pthread_mutex_unlock(&q->lock);
}

bool held_is_stopped(struct held_queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool is_stopped = q->is_stopped;
    pthread_mutex_unlock(&q->lock);
    return is_stopped;
}
