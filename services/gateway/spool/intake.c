/*
 * Intake: whether an upload may be taken, its id, and its place in the committer's queue.
 */
#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/spool/state.h"

static struct append *append_new(const struct upload_head *head, struct view body, spool_done_fn *done, void *ctx)
{
    struct append *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->body = body;
    a->done = done;
    a->ctx = ctx;
    a->record.kind = head->kind;
    a->record.device_hash = head->device_hash;
    if (done || body.len == 0)
        return a;
    a->copy = malloc(body.len);
    if (!a->copy) {
        free(a);
        return NULL;
    }
    memcpy(a->copy, body.data, body.len);
    a->body.data = a->copy;
    return a;
}

/* With the lock. */
static bool has_pending(const struct spool *s, int64_t count)
{
    return (int64_t)(index_count(s->index) + s->waiting) >= count;
}

/* Whether it is to be said that there are as many as there may be: once, not for each one that is refused, nor when one place
 * becomes free and is taken again. With the lock. */
static bool becomes_crowded(struct spool *s)
{
    bool was_crowded = s->is_crowded;
    s->is_crowded = has_pending(s, was_crowded ? s->set.pending_max / 16 * 15 : s->set.pending_max);
    return s->is_crowded && !was_crowded;
}

/* May it be taken at all? With the lock. */
static status admit(struct spool *s, int64_t size)
{
    if (s->stops_committing)
        return ST_AGAIN;
    if (!s->is_healthy || (s->is_full && s->active == REF_NONE && s->prepared == REF_NONE))
        return ST_NO_SPACE;
    if (has_pending(s, s->set.pending_max))
        return ST_NO_SPACE;
    if (s->waiting_bytes > 0 && s->waiting_bytes + size > s->set.queue_max)
        return ST_AGAIN;
    return index_reserve(s->index, s->waiting + 1);
}

/* An id above all before it, also when the clock was set back. With the lock. */
static struct upload_id next_id(struct spool *s)
{
    uint64_t now = (uint64_t)s->calls->wall_us();
    s->last_us = now > s->last_us ? now : s->last_us + 1;
    s->sequence++;
    return (struct upload_id){s->last_us, (uint64_t)s->set.gateway_id << 48 | (s->sequence & 0xffffffffffffu)};
}

/* Ids, and with them the order on the disk, are given in the order of the queue; one that is taken back keeps its own. With the
 * lock. */
static void enqueue(struct spool *s, struct append *a, const struct upload_head *head, int64_t size)
{
    struct upload_head own = *head;
    if (!a->record.is_again)
        own.id = next_id(s);
    a->record.id = own.id;
    size_t len = upload_head_encode(&own, a->head + RECORD_HEAD);
    a->head_len = RECORD_HEAD + len;
    a->record.payload_len = (uint32_t)(len + a->body.len);
    bool is_first = !s->first, is_awaited = a->done != NULL || s->waiting_bytes > s->set.queue_max / 2;
    if (is_first)
        s->in_queue_ms = clock_steady_ms();
    *s->end = a;
    s->end = &a->next;
    s->waiting++;
    s->waiting_bytes += size;
    spool_update_gauges(s);
    if (is_first || (is_awaited && !s->is_awaited))
        pthread_cond_signal(&s->work);
    s->is_awaited = s->is_awaited || is_awaited;
}

static status append(struct spool *s, const struct upload_head *head, struct view body, bool is_again,
                     spool_done_fn *done, void *ctx)
{
    uint8_t encoded[UPLOAD_HEAD_MAX];
    size_t head_len = upload_head_encode(head, encoded);
    int64_t size = record_size(head_len + body.len);
    if (body.len > UINT32_MAX - UPLOAD_HEAD_MAX || SEGMENT_HEAD + size + ACK_SIZE > s->set.segment_size)
        return ST_TOO_BIG;
    struct append *a = append_new(head, body, done, ctx);
    if (!a)
        return ST_NO_MEMORY;
    a->record.is_again = is_again;
    pthread_mutex_lock(&s->lock);
    status st = admit(s, size);
    bool is_crowded_now = becomes_crowded(s);
    if (st == ST_OK)
        enqueue(s, a, head, size);
    pthread_mutex_unlock(&s->lock);
    if (is_crowded_now)
        log_warning("too many uploads in the spool: more are refused", LOG_NUMBER("max", s->set.pending_max));
    if (st == ST_OK)
        return ST_OK;
    metric_add(st == ST_AGAIN ? &spool_metrics.refused_busy : &spool_metrics.refused_full, 1);
    free(a->copy);
    free(a);
    return st;
}

status spool_append(struct spool *s, const struct upload_head *head, struct view body, spool_done_fn *done, void *ctx)
{
    return append(s, head, body, false, done, ctx);
}

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t is_told;
    status st; /* ST_COUNT: not yet */
};

static void take_outcome(void *ctx, status st, struct upload_id id)
{
    struct outcome *o = ctx;
    (void)id;
    pthread_mutex_lock(&o->lock);
    o->st = st;
    pthread_cond_signal(&o->is_told);
    pthread_mutex_unlock(&o->lock);
}

status spool_append_again(struct spool *s, struct view payload)
{
    struct outcome o = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, ST_COUNT};
    struct upload_head head;
    struct view body;
    status st = upload_head_decode(payload.data, payload.len, &head, &body);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&s->lock);
    bool is_there =
        index_has(s->index, head.device_hash, head.id); /* a crash came between this and its removal there */
    pthread_mutex_unlock(&s->lock);
    if (is_there)
        return ST_OK;
    st = append(s, &head, body, true, take_outcome, &o);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&o.lock);
    while (o.st == ST_COUNT)
        pthread_cond_wait(&o.is_told, &o.lock);
    pthread_mutex_unlock(&o.lock);
    return o.st;
}
