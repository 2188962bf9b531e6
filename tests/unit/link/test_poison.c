/* A message that kills who takes it: nothing that was given out beside it goes down with it. Consumers are real ones; one
 * that "dies" is destroyed without an answer, as the end of its process would. */
#include "owner.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

static const struct link_settings fast = {.beat_ms = 20, .silence_ms = 5000};

enum { COUNT_ALL = 40, POISON = 7, GIVES_UP = 4, CREDIT = 16, PEERS = 20 };

/* Owner that counts losses, marks suspects, and gives one up after GIVES_UP losses, as the spool does. */
struct ward {
    pthread_mutex_t lock;
    struct {
        bool is_out, is_done, is_given_up;
        unsigned lost;
    } messages[COUNT_ALL + 1];
};

static bool next(void *ctx, unsigned kinds, struct link_message *out)
{
    struct ward *w = ctx;
    bool is_found = false;
    (void)kinds;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 1; i <= COUNT_ALL && !is_found; i++) {
        if (w->messages[i].is_out || w->messages[i].is_done || w->messages[i].is_given_up)
            continue;
        w->messages[i].is_out = is_found = true;
        *out = (struct link_message){.id = {i, 0},
                                     .kind = UPLOAD_INVENTORY,
                                     .is_suspect = w->messages[i].lost > 0,
                                     .body = calloc(1, 8),
                                     .len = 8,
                                     .release = free};
    }
    pthread_mutex_unlock(&w->lock);
    return is_found;
}

static void verdict(void *ctx, struct upload_id id, enum link_verdict v, const struct reason *why)
{
    struct ward *w = ctx;
    (void)why;
    pthread_mutex_lock(&w->lock);
    w->messages[id.hi].is_out = false;
    w->messages[id.hi].is_done = v == LINK_ACK;
    w->messages[id.hi].lost += v == LINK_LOST;
    w->messages[id.hi].is_given_up = w->messages[id.hi].lost >= GIVES_UP;
    pthread_mutex_unlock(&w->lock);
}

static bool is_over(struct ward *w)
{
    bool is_over = true;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 1; i <= COUNT_ALL; i++)
        is_over = is_over && (w->messages[i].is_done || w->messages[i].is_given_up);
    pthread_mutex_unlock(&w->lock);
    return is_over;
}

/* In a process of its own: work until the poison comes (then die as a crash does) or nothing is left. */
static void consume(const char *address, void *ctx)
{
    (void)ctx;
    struct link_consumer *c = NULL;
    struct reason why;
    if (link_consumer_new(address, UPLOAD_MASK(UPLOAD_INVENTORY), CREDIT, &fast, &c, &why) != ST_OK)
        _exit(3);
    for (struct link_delivery *d; (d = link_consumer_take(c, 1500));) {
        if (d->id.hi == POISON)
            raise(SIGKILL);
        link_consumer_answer(c, d, LINK_ACK, NULL);
    }
    link_consumer_destroy(c);
    _exit(0);
}

Test(link_poison, ends_alone_and_after_a_bounded_number_of_deaths, .timeout = 60)
{
    struct ward w = {.lock = PTHREAD_MUTEX_INITIALIZER};
    const struct link_owner owner = {&w, next, verdict};
    struct link_producer *p = NULL;
    struct reason why;
    int deaths = 0;
    struct peer peers[PEERS];
    size_t used = 0;
    char address[64];
    for (size_t i = 0; i < PEERS; i++)
        peers[i] = peer_new(consume, NULL);
    snprintf(address, sizeof address, "ipc:///tmp/muster-test-poison-%d.sock", (int)getpid());
    cr_assert_eq(link_producer_new(address, &fast, &owner, &p, &why), ST_OK);
    while (!is_over(&w) && used < PEERS) {
        peer_begin(&peers[used], address);
        deaths += WIFSIGNALED(peer_end(&peers[used++]));
        cr_assert(BECOMES_TRUE(link_producer_consumers(p) == 0, PATIENCE_MS));
    }
    cr_expect_eq(deaths, GIVES_UP);
    for (size_t i = 1; i <= COUNT_ALL; i++) {
        cr_expect_eq(w.messages[i].is_done, i != POISON, "message %zu", i);
        if (i != POISON)
            cr_expect_leq(w.messages[i].lost, 1, "message %zu was lost %u times", i, w.messages[i].lost);
    }
    cr_expect(w.messages[POISON].is_given_up);
    while (used < PEERS)
        close(peers[used++].address);
    link_producer_destroy(p);
}

/* A suspect waits until its consumer holds nothing, and nothing comes beside it; another consumer is served meanwhile. */
Test(link_poison, a_suspect_is_held_alone, .timeout = 30)
{
    struct ward w = {.lock = PTHREAD_MUTEX_INITIALIZER};
    w.messages[3].lost = 1;
    const struct link_owner owner = {&w, next, verdict};
    struct link_producer *p = NULL;
    struct link_consumer *c = NULL;
    struct reason why;
    cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", &fast, &owner, &p, &why), ST_OK);
    cr_assert_eq(link_consumer_new(link_producer_address(p), ~0u, CREDIT, &fast, &c, &why), ST_OK);
    struct link_delivery *one = link_consumer_take(c, PATIENCE_MS), *two = link_consumer_take(c, PATIENCE_MS);
    cr_assert(one && two);
    cr_expect(one->id.hi == 1 && two->id.hi == 2);
    cr_expect_null(link_consumer_take(c, 100), "the suspect waits for both, and all others wait with it");
    link_consumer_answer(c, one, LINK_ACK, NULL);
    cr_expect_null(link_consumer_take(c, 100));
    link_consumer_answer(c, two, LINK_ACK, NULL);
    struct link_delivery *suspect = link_consumer_take(c, PATIENCE_MS);
    cr_assert_not_null(suspect);
    cr_expect(suspect->id.hi == 3 && suspect->is_suspect);
    cr_expect_null(link_consumer_take(c, 100), "nothing beside it");
    struct link_consumer *other = NULL;
    cr_assert_eq(link_consumer_new(link_producer_address(p), ~0u, CREDIT, &fast, &other, &why), ST_OK);
    struct link_delivery *d = link_consumer_take(other, PATIENCE_MS);
    cr_assert_not_null(d);
    cr_expect_not(d->is_suspect);
    link_consumer_answer(other, d, LINK_ACK, NULL);
    link_consumer_answer(c, suspect, LINK_ACK, NULL);
    for (int i = 0; i < 1000 && !is_over(&w); i++) {
        if ((d = link_consumer_take(c, 5)))
            link_consumer_answer(c, d, LINK_ACK, NULL);
        if ((d = link_consumer_take(other, 5)))
            link_consumer_answer(other, d, LINK_ACK, NULL);
    }
    cr_expect(is_over(&w));
    link_consumer_destroy(c);
    link_consumer_destroy(other);
    link_producer_destroy(p);
}
