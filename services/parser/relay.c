#include "services/parser/relay.h"

#include "services/parser/parser_metrics.h"

#include <pthread.h>
#include <stdatomic.h>

/* The bytes of a record, shared by us (until the verdict) and the link (until it has sent them). */
struct bytes {
    atomic_int users;
    size_t len;
    char data[];
};

struct held {
    struct held *next;
    struct link_delivery *delivery;
    struct bytes *bytes;
    bool is_out; /* with a writer */
    unsigned lost;
};

struct relay {
    struct link_consumer *consumer;
    struct link_producer *producer;
    size_t bytes_max;
    unsigned lost_max;
    atomic_bool is_stopping;
    pthread_mutex_t mutex;      /* of what follows */
    pthread_cond_t room;        /* there is some, or nobody is to wait for it any more */
    struct held *first, **tail; /* in the order of arrival */
    size_t count, bytes;
    bool nobody_waits;
};

static void bytes_release(struct bytes *b)
{
    if (atomic_fetch_sub(&b->users, 1) == 1)
        free(b);
}

static void release_body(void *body)
{
    bytes_release((struct bytes *)((char *)body - offsetof(struct bytes, data)));
}

static bool next_record(void *ctx, unsigned kinds, struct link_message *out)
{
    struct relay *r = ctx;
    pthread_mutex_lock(&r->mutex);
    struct held *h = r->first;
    while (h && (h->is_out || !(kinds & UPLOAD_MASK(h->delivery->kind))))
        h = h->next;
    if (h) {
        h->is_out = true;
        atomic_fetch_add(&h->bytes->users, 1);
        *out = (struct link_message){.id = h->delivery->id,
                                     .kind = h->delivery->kind,
                                     .attempt = h->delivery->attempt + h->lost,
                                     .is_suspect = h->lost > 0 || h->delivery->is_suspect,
                                     .body = h->bytes->data,
                                     .len = h->bytes->len,
                                     .release = release_body};
    }
    pthread_mutex_unlock(&r->mutex);
    return h != NULL;
}

static struct held **find(struct relay *r, struct upload_id id)
{
    struct held **at = &r->first;
    while (*at && upload_id_compare((*at)->delivery->id, id) != 0)
        at = &(*at)->next;
    return at;
}

static struct held *take_out(struct relay *r, struct held **at)
{
    struct held *h = *at;
    *at = h->next;
    if (!*at)
        r->tail = at;
    metric_set(&parser_metrics.held, (int64_t)--r->count);
    r->bytes -= h->bytes->len;
    pthread_cond_broadcast(&r->room);
    return h;
}

static void answer(struct relay *r, struct held *h, enum link_verdict verdict, const struct reason *why)
{
    link_consumer_answer(r->consumer, h->delivery, verdict, why);
    bytes_release(h->bytes);
    free(h);
}

/* A writer's word goes to the gateway as it is; a writer that is gone costs another try with the next one, or is told to the
 * gateway, which counts how often that happens. */
static void on_verdict(void *ctx, struct upload_id id, enum link_verdict verdict, const struct reason *why)
{
    struct relay *r = ctx;
    struct held *done = NULL;
    pthread_mutex_lock(&r->mutex);
    struct held **at = find(r, id);
    if (*at && verdict == LINK_LOST && (atomic_load(&r->is_stopping) || ++(*at)->lost < r->lost_max))
        (*at)->is_out = false;
    else if (*at)
        done = take_out(r, at);
    pthread_mutex_unlock(&r->mutex);
    if (!done)
        return;
    const struct reason lost = {LINK_WHY_LOST, "its writer fell silent"};
    if (verdict == LINK_LOST)
        answer(r, done, LINK_RETRY, &lost);
    else
        answer(r, done, verdict, why);
}

status relay_new(const char *bind, struct link_consumer *consumer, size_t bytes_max, unsigned lost_max,
                 const struct link_settings *link, struct relay **out, struct reason *why)
{
    AUTO(relay_destroy) struct relay *r = calloc(1, sizeof *r);
    if (!r)
        return ST_NO_MEMORY;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->room, NULL);
    r->consumer = consumer;
    r->bytes_max = bytes_max;
    r->lost_max = lost_max;
    r->tail = &r->first;
    const struct link_owner owner = {r, next_record, on_verdict};
    status st = link_producer_new(bind, link, &owner, &r->producer, why);
    if (st == ST_OK)
        *out = STEAL(r);
    return st;
}

/* The gateway has lost sight of us and gives us again what we still hold: the delivery before is void, its record is not.
 * @return the void delivery, to be answered without the mutex; NULL: it is new */
static struct link_delivery *renew(struct relay *r, struct link_delivery *d)
{
    struct link_delivery *former = NULL;
    pthread_mutex_lock(&r->mutex);
    struct held **at = find(r, d->id);
    if (*at) {
        former = (*at)->delivery;
        (*at)->delivery = d;
    }
    pthread_mutex_unlock(&r->mutex);
    return former;
}

void relay_offer(struct relay *r, struct link_delivery *d, struct view record)
{
    struct link_delivery *former = renew(r, d);
    if (former) {
        link_consumer_answer(r->consumer, former, LINK_RETRY, NULL);
        return;
    }
    struct held *h = calloc(1, sizeof *h);
    struct bytes *bytes = malloc(sizeof *bytes + record.len);
    if (!h || !bytes) {
        free(h);
        free(bytes);
        const struct reason why = {"memory", "out of memory for a record"};
        link_consumer_answer(r->consumer, d, LINK_RETRY, &why);
        return;
    }
    atomic_init(&bytes->users, 1);
    bytes->len = record.len;
    memcpy(bytes->data, record.data, record.len);
    h->delivery = d;
    h->bytes = bytes;
    pthread_mutex_lock(&r->mutex);
    *r->tail = h;
    r->tail = &h->next;
    metric_set(&parser_metrics.held, (int64_t)++r->count);
    r->bytes += record.len;
    pthread_mutex_unlock(&r->mutex);
    link_producer_wake(r->producer);
}

void relay_wait_room(struct relay *r)
{
    pthread_mutex_lock(&r->mutex);
    while (r->bytes >= r->bytes_max && !r->nobody_waits)
        pthread_cond_wait(&r->room, &r->mutex);
    pthread_mutex_unlock(&r->mutex);
}

void relay_stop_waiting(struct relay *r)
{
    pthread_mutex_lock(&r->mutex);
    r->nobody_waits = true;
    pthread_cond_broadcast(&r->room);
    pthread_mutex_unlock(&r->mutex);
}

size_t relay_held(struct relay *r)
{
    pthread_mutex_lock(&r->mutex);
    size_t count = r->count;
    pthread_mutex_unlock(&r->mutex);
    return count;
}

size_t relay_writers(const struct relay *r)
{
    return link_producer_consumers(r->producer);
}

void relay_destroy(struct relay *r)
{
    if (!r)
        return;
    atomic_store(&r->is_stopping, true); /* a writer that loses us is not to blame */
    link_producer_destroy(r->producer);  /* what was out comes back as lost */
    const struct reason why = {"parser_stopped", "the parser was stopped; another one takes it"};
    while (r->first)
        answer(r, take_out(r, &r->first), LINK_RETRY, &why);
    pthread_cond_destroy(&r->room);
    pthread_mutex_destroy(&r->mutex);
    free(r);
}
