#include "owner.h"

#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const struct link_settings fast = {.beat_ms = 20, .silence_ms = 5000};
static const unsigned inventories = UPLOAD_MASK(UPLOAD_INVENTORY);

struct pair {
    struct owner owner;
    struct link_producer *producer;
    struct link_consumer *consumer;
    char address[64];
};

static void listen_at(struct pair *p, const char *address)
{
    struct reason why = {0};
    status st = link_producer_new(address, &fast, &p->owner.link, &p->producer, &why);
    cr_assert_eq(st, ST_OK, "%s", why.text);
    snprintf(p->address, sizeof p->address, "%s", link_producer_address(p->producer));
}

static struct link_consumer *connect_to(const char *address, unsigned credit)
{
    struct link_consumer *c = NULL;
    struct reason why = {0};
    status st = link_consumer_new(address, inventories, credit, &fast, &c, &why);
    cr_assert_eq(st, ST_OK, "%s", why.text);
    return c;
}

static void make_pair(struct pair *p, const char *address, size_t count, size_t body_len, unsigned credit)
{
    *p = (struct pair){0};
    owner_init(&p->owner, count, body_len);
    listen_at(p, address);
    p->consumer = connect_to(p->address, credit);
}

static void clear_pair(struct pair *p)
{
    link_consumer_destroy(p->consumer);
    link_producer_destroy(p->producer);
}

/* Take and acknowledge until nothing comes for a while or `most` were taken. */
static size_t work(struct link_consumer *c, size_t most)
{
    size_t n = 0;
    for (struct link_delivery *d; n < most && (d = link_consumer_take(c, PATIENCE_MS)); n++)
        link_consumer_answer(c, d, LINK_ACK, NULL);
    return n;
}

static const char *ipc_address(void)
{
    static char text[64];
    snprintf(text, sizeof text, "ipc:///tmp/muster-test-link-%d.sock", (int)getpid());
    return text;
}

Test(link, carries_every_message_over_ipc_and_tcp)
{
    const char *addresses[] = {ipc_address(), "tcp://127.0.0.1:*", "tcp://localhost:*"};
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct pair p;
        make_pair(&p, addresses[i], 200, 3000, 16);
        cr_expect_eq(work(p.consumer, 200), 200, "%s", addresses[i]);
        cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_ACK) == 200, PATIENCE_MS));
        cr_expect_eq(link_producer_in_flight(p.producer), 0);
        clear_pair(&p);
    }
}

Test(link, a_delivery_says_what_was_sent)
{
    struct pair p;
    make_pair(&p, ipc_address(), 1, 70000, 4);
    struct link_delivery *d = link_consumer_take(p.consumer, PATIENCE_MS);
    cr_assert_not_null(d);
    cr_expect_eq(d->id.hi, 1);
    cr_expect_eq(d->id.lo, 2);
    cr_expect_eq(d->kind, UPLOAD_INVENTORY);
    cr_expect_eq(d->attempt, 0);
    cr_assert_eq(d->len, 70000);
    cr_expect(d->body[0] == 1 && d->body[69999] == 1);
    link_consumer_answer(p.consumer, d, LINK_ACK, NULL);
    clear_pair(&p);
}

Test(link, an_empty_body_travels)
{
    struct pair p;
    make_pair(&p, ipc_address(), 3, 0, 4);
    cr_expect_eq(work(p.consumer, 3), 3);
    clear_pair(&p);
}

Test(link, no_more_than_the_credit_is_given_out)
{
    struct pair p;
    make_pair(&p, ipc_address(), 50, 10, 5);
    struct link_delivery *held[5];
    for (int i = 0; i < 5; i++)
        cr_assert_not_null(held[i] = link_consumer_take(p.consumer, PATIENCE_MS));
    cr_expect_null(link_consumer_take(p.consumer, 60));
    cr_expect_eq(link_producer_in_flight(p.producer), 5);
    link_consumer_answer(p.consumer, held[0], LINK_ACK, NULL);
    struct link_delivery *more = link_consumer_take(p.consumer, PATIENCE_MS);
    cr_assert_not_null(more);
    for (int i = 1; i < 5; i++)
        link_consumer_answer(p.consumer, held[i], LINK_ACK, NULL);
    link_consumer_answer(p.consumer, more, LINK_ACK, NULL);
    cr_expect_eq(work(p.consumer, 44), 44);
    clear_pair(&p);
}

Test(link, verdicts_and_reasons_arrive)
{
    struct pair p;
    make_pair(&p, ipc_address(), 1, 10, 4);
    p.owner.takes_back = true;
    struct link_delivery *d = link_consumer_take(p.consumer, PATIENCE_MS);
    cr_assert_not_null(d);
    link_consumer_answer(p.consumer, d, LINK_RETRY, NULL);
    cr_assert(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_RETRY) == 1, PATIENCE_MS));
    link_producer_wake(p.producer);
    d = link_consumer_take(p.consumer, PATIENCE_MS);
    cr_assert_not_null(d);
    cr_expect_eq(d->attempt, 1);
    struct reason why;
    reason_set(&why, "xml_doctype", "a DOCTYPE at byte 17");
    link_consumer_answer(p.consumer, d, LINK_REJECT, &why);
    cr_assert(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_REJECT) == 1, PATIENCE_MS));
    cr_expect_str_eq(p.owner.last_why.code, "xml_doctype");
    cr_expect_str_eq(p.owner.last_why.text, "a DOCTYPE at byte 17");
    clear_pair(&p);
}

/* With beats so far apart that none comes during the test: only the wake can have sent it. */
Test(link, a_wake_sends_at_once)
{
    struct pair p = {0};
    struct link_settings slow = {.beat_ms = 4 * PATIENCE_MS, .silence_ms = 40 * PATIENCE_MS};
    struct reason why;
    owner_init(&p.owner, 1, 100);
    cr_assert_eq(link_producer_new(ipc_address(), &slow, &p.owner.link, &p.producer, &why), ST_OK);
    cr_assert_eq(link_consumer_new(ipc_address(), inventories, 8, &slow, &p.consumer, &why), ST_OK);
    cr_assert_eq(work(p.consumer, 1), 1);
    for (int i = 0; i < 50; i++) {
        owner_add(&p.owner);
        link_producer_wake(p.producer);
        cr_assert_eq(work(p.consumer, 1), 1, "%d", i);
        cr_assert(BECOMES_TRUE(link_producer_in_flight(p.producer) == 0, PATIENCE_MS));
    }
    clear_pair(&p);
}

Test(link, two_consumers_share)
{
    struct pair p;
    make_pair(&p, ipc_address(), 40, 10, 4);
    struct link_consumer *other = connect_to(p.address, 4);
    struct link_delivery *mine[4], *theirs[4];
    cr_assert(BECOMES_TRUE(link_producer_consumers(p.producer) == 2, PATIENCE_MS));
    for (int i = 0; i < 4; i++) {
        cr_assert_not_null(mine[i] = link_consumer_take(p.consumer, PATIENCE_MS));
        cr_assert_not_null(theirs[i] = link_consumer_take(other, PATIENCE_MS));
    }
    for (int i = 0; i < 4; i++) {
        link_consumer_answer(p.consumer, mine[i], LINK_ACK, NULL);
        link_consumer_answer(other, theirs[i], LINK_ACK, NULL);
    }
    size_t left = 32;
    for (int idle = 0; left > 0 && idle < PATIENCE_MS / 10; idle++)
        for (int i = 0; i < 2; i++) {
            struct link_consumer *c = i ? other : p.consumer;
            struct link_delivery *d = link_consumer_take(c, 5);
            if (!d)
                continue;
            link_consumer_answer(c, d, LINK_ACK, NULL);
            left--;
            idle = 0;
        }
    cr_expect_eq(left, 0);
    link_consumer_destroy(other);
    clear_pair(&p);
}

Test(link, what_a_leaving_consumer_was_not_asked_for_goes_to_another)
{
    struct pair p;
    make_pair(&p, ipc_address(), 10, 10, 10);
    struct link_delivery *d = link_consumer_take(p.consumer, PATIENCE_MS);
    cr_assert_not_null(d);
    link_consumer_answer(p.consumer, d, LINK_ACK, NULL);
    link_consumer_destroy(p.consumer);
    cr_expect(BECOMES_TRUE(link_producer_in_flight(p.producer) == 0, PATIENCE_MS));
    cr_expect_eq(owner_verdicts(&p.owner, LINK_ACK), 1);
    p.consumer = connect_to(p.address, 4);
    cr_expect_eq(work(p.consumer, 9), 9);
    clear_pair(&p);
}

Test(link, a_stopped_consumer_gives_out_what_it_has_and_no_more)
{
    struct pair p;
    make_pair(&p, ipc_address(), 3, 10, 2);
    struct link_delivery *d = link_consumer_take(p.consumer, PATIENCE_MS);
    cr_assert_not_null(d);
    cr_assert(BECOMES_TRUE(owner_out(&p.owner) == 2, PATIENCE_MS));
    link_consumer_stop(p.consumer);
    link_consumer_answer(p.consumer, d, LINK_ACK, NULL);
    while ((d = link_consumer_take(p.consumer, -1)))
        link_consumer_answer(p.consumer, d, LINK_ACK, NULL);
    cr_assert(BECOMES_TRUE(link_producer_in_flight(p.producer) == 0, PATIENCE_MS));
    cr_expect_geq(owner_verdicts(&p.owner, LINK_ACK), 1);
    clear_pair(&p);
}

/* The consumer may have handed out some of the old session before it notices: their answers are dropped, and the messages
 * come again. */
Test(link, a_producer_that_starts_again_is_served_again)
{
    struct pair p;
    make_pair(&p, "tcp://127.0.0.1:*", 10, 10, 4);
    struct link_delivery *old = link_consumer_take(p.consumer, PATIENCE_MS), *d;
    cr_assert_not_null(old);
    size_t first = old->id.hi;
    link_producer_destroy(p.producer);
    cr_expect_eq(owner_out(&p.owner), 0, "what was in flight is handed back");
    char address[64];
    snprintf(address, sizeof address, "%s", p.address);
    listen_at(&p, address);
    link_consumer_answer(p.consumer, old, LINK_ACK, NULL);
    for (int i = 0; i < 400 && owner_verdicts(&p.owner, LINK_ACK) < 10; i++)
        if ((d = link_consumer_take(p.consumer, 10)))
            link_consumer_answer(p.consumer, d, LINK_ACK, NULL);
    cr_expect_eq(owner_verdicts(&p.owner, LINK_ACK), 10);
    cr_expect_eq(p.owner.attempts[first], 2, "the answer of the old session did not count");
    clear_pair(&p);
}

Test(link, one_consumer_serves_several_producers)
{
    struct pair a, b;
    make_pair(&a, "tcp://127.0.0.1:*", 20, 10, 4);
    link_consumer_destroy(a.consumer);
    b = (struct pair){0};
    owner_init(&b.owner, 20, 10);
    listen_at(&b, "tcp://127.0.0.1:*");
    char both[256];
    snprintf(both, sizeof both, "%s, %s", a.address, b.address);
    struct link_consumer *c = connect_to(both, 4);
    cr_expect_eq(work(c, 40), 40);
    cr_expect_eq(link_consumer_producers(c), 2);
    link_consumer_destroy(c);
    link_producer_destroy(a.producer);
    link_producer_destroy(b.producer);
}

Test(link, a_message_above_the_maximum_is_handed_back)
{
    struct pair p = {0};
    owner_init(&p.owner, 2, 1000);
    struct link_settings small = fast;
    small.message_max = 999;
    struct reason why;
    cr_assert_eq(link_producer_new(ipc_address(), &small, &p.owner.link, &p.producer, &why), ST_OK);
    p.consumer = connect_to(ipc_address(), 4);
    cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_REJECT) == 2, PATIENCE_MS));
    cr_expect_str_eq(p.owner.last_why.code, "too_big_for_link");
    clear_pair(&p);
}

Test(link, a_paused_producer_gives_nothing_out)
{
    struct pair p = {0};
    owner_init(&p.owner, 2, 10);
    listen_at(&p, ipc_address());
    link_producer_pause(p.producer);
    p.consumer = connect_to(p.address, 4);
    cr_assert(BECOMES_TRUE(link_consumer_producers(p.consumer) == 1, PATIENCE_MS));
    cr_expect_null(link_consumer_take(p.consumer, 60));
    clear_pair(&p);
}

Test(link, an_address_in_use_is_a_conflict)
{
    const char *addresses[] = {ipc_address(), "tcp://127.0.0.1:*"};
    for (size_t i = 0; i < COUNT(addresses); i++) {
        struct pair p = {0};
        owner_init(&p.owner, 0, 0);
        listen_at(&p, addresses[i]);
        struct link_producer *second = NULL;
        struct reason why;
        cr_expect_eq(link_producer_new(p.address, &fast, &p.owner.link, &second, &why), ST_CONFLICT, "%s", p.address);
        cr_expect_null(second);
        link_producer_destroy(p.producer);
    }
}
