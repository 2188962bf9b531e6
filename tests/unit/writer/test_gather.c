/* What becomes a batch. The messages are no records: the batch refuses them, and counts them as it does all. */
#include "common/link/link.h"
#include "services/writer/batch.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { MINUTE_MS = 60000 }; /* longer than a test may take */

struct source {
    atomic_size_t left, next;
    struct link_producer *producer;
    struct link_consumer *consumer;
};

static bool give(void *ctx, unsigned kinds, struct link_message *out)
{
    struct source *s = ctx;
    (void)kinds;
    if (atomic_load(&s->left) == 0)
        return false;
    atomic_fetch_sub(&s->left, 1);
    *out = (struct link_message){.id = {1, atomic_fetch_add(&s->next, 1)},
                                 .kind = UPLOAD_INVENTORY,
                                 .body = calloc(1, 8),
                                 .len = 8,
                                 .release = free};
    return true;
}

static void hear(void *ctx, struct upload_id id, enum link_verdict verdict, const struct reason *why)
{
    (void)ctx, (void)id, (void)verdict, (void)why;
}

static void source_open(struct source *s)
{
    char address[64];
    struct reason why = {0};
    const struct link_settings set = {.beat_ms = 20};
    const struct link_owner owner = {s, give, hear};
    snprintf(address, sizeof address, "ipc:///tmp/muster-test-gather-%d.sock", (int)getpid());
    *s = (struct source){0};
    cr_assert_eq(link_producer_new(address, &set, &owner, &s->producer, &why), ST_OK, "%s", why.text);
    cr_assert_eq(link_consumer_new(address, UPLOAD_MASK(UPLOAD_INVENTORY), 100, &set, &s->consumer, &why), ST_OK, "%s",
                 why.text);
}

/* All of them have arrived when it returns. */
static void send(struct source *s, size_t count)
{
    atomic_store(&s->left, count);
    link_producer_wake(s->producer);
    link_consumer_wait(s->consumer, count, MINUTE_MS);
}

static size_t gather(struct source *s, struct batch *b, int more_ms)
{
    const struct reason why = {"test", "given back"};
    size_t count = batch_gather(b, s->consumer, MINUTE_MS, more_ms);
    batch_answer(b, s->consumer, &why);
    return count;
}

static void source_close(struct source *s)
{
    link_consumer_destroy(s->consumer);
    link_producer_destroy(s->producer);
}

Test(gather, one_that_comes_alone_does_not_wait, .timeout = 30)
{
    struct source s;
    source_open(&s);
    AUTO(batch_destroy) struct batch *b = batch_new(10, 1 << 20);
    for (int i = 0; i < 3; i++) {
        send(&s, 1);
        cr_expect_eq(gather(&s, b, MINUTE_MS), 1);
    }
    source_close(&s);
}

Test(gather, a_full_batch_does_not_wait, .timeout = 30)
{
    struct source s;
    source_open(&s);
    AUTO(batch_destroy) struct batch *b = batch_new(4, 1 << 20);
    send(&s, 8);
    cr_expect_eq(gather(&s, b, MINUTE_MS), 4);
    cr_expect_eq(gather(&s, b, MINUTE_MS), 4);
    source_close(&s);
}

Test(gather, several_wait_for_more_and_so_does_the_first_behind_them, .timeout = 30)
{
    struct source s;
    source_open(&s);
    AUTO(batch_destroy) struct batch *b = batch_new(4, 1 << 20);
    send(&s, 4);
    cr_expect_eq(gather(&s, b, MINUTE_MS), 4);
    send(&s, 1);
    cr_expect_eq(gather(&s, b, 20), 1, "the time is over");
    send(&s, 1);
    cr_expect_eq(gather(&s, b, MINUTE_MS), 1, "and it is quiet again");
    source_close(&s);
}
