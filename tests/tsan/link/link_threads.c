/* A producer, two consumers of three threads each, one that leaves in the midst: every message is acknowledged. */
#include "common/link/link.h"

#include <pthread.h>
#include <stdio.h>

/* libzmq is not instrumented: how it hands a message from thread to thread cannot be seen. Races within our own code have
 * no frame of it. */
__attribute__((visibility("default"))) const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "race:libzmq.so\n";
}

enum { MESSAGES = 2000, THREADS = 3, BODY = 500 };

struct owner {
    pthread_mutex_t lock;
    bool is_out[MESSAGES], is_done[MESSAGES];
    size_t done, lost;
};

static bool next(void *ctx, unsigned kinds, struct link_message *out)
{
    struct owner *o = ctx;
    bool is_found = false;
    (void)kinds;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < MESSAGES && !is_found; i++) {
        if (o->is_out[i] || o->is_done[i])
            continue;
        is_found = o->is_out[i] = true;
        *out = (struct link_message){
            .id = {i, 1}, .kind = UPLOAD_CONTACT, .body = calloc(1, BODY), .len = BODY, .release = free};
    }
    pthread_mutex_unlock(&o->lock);
    return is_found;
}

static void verdict(void *ctx, struct upload_id id, enum link_verdict v, const struct reason *why)
{
    struct owner *o = ctx;
    (void)why;
    pthread_mutex_lock(&o->lock);
    o->is_out[id.hi] = false;
    o->is_done[id.hi] = v == LINK_ACK;
    o->done += v == LINK_ACK;
    o->lost += v == LINK_LOST;
    pthread_mutex_unlock(&o->lock);
}

static void *work(void *arg)
{
    struct link_consumer *c = arg;
    size_t sum = 0;
    for (struct link_delivery *d; (d = link_consumer_take(c, -1));) {
        for (size_t i = 0; i < d->len; i++)
            sum += d->body[i];
        link_consumer_answer(c, d, LINK_ACK, NULL);
    }
    return (void *)sum;
}

struct side {
    struct link_consumer *consumer;
    pthread_t threads[THREADS];
};

static void begin(struct side *s, const char *address)
{
    const struct link_settings set = {.beat_ms = 50, .silence_ms = 2000};
    struct reason why;
    if (link_consumer_new(address, UPLOAD_MASK(UPLOAD_CONTACT), 16, &set, &s->consumer, &why) != ST_OK)
        abort();
    for (int i = 0; i < THREADS; i++)
        pthread_create(&s->threads[i], NULL, work, s->consumer);
}

static void finish(struct side *s)
{
    link_consumer_stop(s->consumer);
    for (int i = 0; i < THREADS; i++)
        pthread_join(s->threads[i], NULL);
    link_consumer_destroy(s->consumer);
}

static size_t done(struct owner *o)
{
    pthread_mutex_lock(&o->lock);
    size_t n = o->done;
    pthread_mutex_unlock(&o->lock);
    return n;
}

int main(void)
{
    static struct owner owner = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct link_settings set = {.beat_ms = 50, .silence_ms = 2000};
    const struct link_owner link = {&owner, next, verdict};
    struct link_producer *p = NULL;
    struct reason why;
    struct side a, b;
    if (link_producer_new("tcp://127.0.0.1:*", &set, &link, &p, &why) != ST_OK)
        return 1;
    begin(&a, link_producer_address(p));
    begin(&b, link_producer_address(p));
    while (done(&owner) < MESSAGES / 2)
        usleep(1000);
    finish(&a);
    for (int left = 20000; done(&owner) < MESSAGES && left > 0; left--) {
        link_producer_wake(p);
        usleep(1000);
    }
    size_t seen = done(&owner);
    finish(&b);
    link_producer_destroy(p);
    printf("%zu of %d acknowledged\n", seen, MESSAGES);
    return seen == MESSAGES ? 0 : 1;
}
