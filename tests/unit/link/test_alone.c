/* A suspect of one producer and what the consumer holds of others: a consumer that dies of it takes nothing of theirs along. */
#include "owner.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

enum { CREDIT = 8, COUNT_EACH = 20 };

static const struct link_settings set = {.beat_ms = 20, .silence_ms = 5000};

static struct link_producer *listen_as(struct owner *o, const struct link_settings *as)
{
    struct link_producer *p = NULL;
    struct reason why = {0};
    cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", as, &o->link, &p, &why), ST_OK, "%s", why.text);
    return p;
}

static struct link_consumer *connect_to_both(const struct link_producer *a, const struct link_producer *b)
{
    char both[256];
    struct link_consumer *c = NULL;
    struct reason why = {0};
    snprintf(both, sizeof both, "%s,%s", link_producer_address(a), link_producer_address(b));
    cr_assert_eq(link_consumer_new(both, ~0u, CREDIT, &set, &c, &why), ST_OK, "%s", why.text);
    cr_assert(BECOMES_TRUE(link_consumer_producers(c) == 2, PATIENCE_MS));
    return c;
}

/* Die with the first suspect in hand, as a crash would. */
static void die_of_a_suspect(const char *addresses, void *ctx)
{
    struct link_consumer *c = NULL;
    struct reason why;
    (void)ctx;
    if (link_consumer_new(addresses, ~0u, CREDIT, &set, &c, &why) != ST_OK)
        _exit(3);
    for (struct link_delivery *d; (d = link_consumer_take(c, PATIENCE_MS));) {
        if (d->is_suspect)
            raise(SIGKILL);
        link_consumer_answer(c, d, LINK_ACK, NULL);
    }
    _exit(0);
}

Test(link_alone, who_dies_of_a_suspect_loses_nothing_of_other_producers, .timeout = 120)
{
    struct peer dying = peer_new(die_of_a_suspect, NULL);
    struct owner guilty, innocent;
    owner_init(&guilty, 1, 50);
    owner_init(&innocent, OWNER_MAX, 50); /* there is always something on its way */
    guilty.is_suspect = true;
    guilty.takes_back = false;
    struct link_producer *a = listen_as(&guilty, &set), *b = listen_as(&innocent, &set);
    char both[256];
    snprintf(both, sizeof both, "%s,%s", link_producer_address(b), link_producer_address(a));
    peer_begin(&dying, both);
    cr_expect(WIFSIGNALED(peer_end(&dying)));
    cr_expect(BECOMES_TRUE(owner_verdicts(&guilty, LINK_LOST) == 1, PATIENCE_MS));
    cr_expect(BECOMES_TRUE(link_producer_consumers(b) == 0, PATIENCE_MS));
    cr_expect_eq(owner_verdicts(&innocent, LINK_LOST), 0);
    link_producer_destroy(a);
    link_producer_destroy(b);
}

/* Take from a consumer of two until both owners are through. @return the most that was in hand beside a suspect */
static size_t serve(struct link_consumer *c, struct owner *a, struct owner *b)
{
    struct link_delivery *hand[2 * CREDIT];
    size_t count = 0, beside = 0;
    for (int idle = 0;
         owner_verdicts(a, LINK_ACK) + owner_verdicts(b, LINK_ACK) < 2 * COUNT_EACH && idle < PATIENCE_MS / 5;) {
        struct link_delivery *d = link_consumer_take(c, 5);
        idle = d ? 0 : idle + 1;
        if (d)
            hand[count++] = d;
        for (size_t i = 0; i < count; i++)
            if (hand[i]->is_suspect && count - 1 > beside)
                beside = count - 1;
        while (count > 0 && (!d || count == CREDIT)) /* some rest in hand while others come */
            link_consumer_answer(c, hand[--count], LINK_ACK, NULL);
    }
    return beside;
}

Test(link_alone, suspects_of_two_producers_are_handed_out_one_by_one, .timeout = 120)
{
    static const struct {
        bool suspects_a, suspects_b;
        unsigned version_b;
    } cases[] = {{true, true, 0}, {true, false, 0}, {false, true, 0},
                 {true, true, 1}, {true, false, 1}, {false, true, 1}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct owner first, second;
        struct link_settings old = set;
        old.version = cases[i].version_b; /* a producer that does not know of IDLE: nobody waits for its word */
        owner_init(&first, COUNT_EACH, 50);
        owner_init(&second, COUNT_EACH, 50);
        first.is_suspect = cases[i].suspects_a;
        second.is_suspect = cases[i].suspects_b;
        struct link_producer *a = listen_as(&first, &set), *b = listen_as(&second, &old);
        struct link_consumer *c = connect_to_both(a, b);
        cr_expect_eq(serve(c, &first, &second), 0, "case %zu: something was worked at beside a suspect", i);
        cr_expect_eq(owner_verdicts(&first, LINK_ACK), COUNT_EACH, "case %zu", i);
        cr_expect_eq(owner_verdicts(&second, LINK_ACK), COUNT_EACH, "case %zu", i);
        link_consumer_destroy(c);
        link_producer_destroy(a);
        link_producer_destroy(b);
    }
}

Test(link_alone, a_consumer_that_stops_has_lost_nothing, .timeout = 60)
{
    struct owner first, second;
    owner_init(&first, COUNT_EACH, 50);
    owner_init(&second, COUNT_EACH, 50);
    second.is_suspect = true;
    struct link_producer *a = listen_as(&first, &set), *b = listen_as(&second, &set);
    struct link_consumer *c = connect_to_both(a, b);
    cr_assert(BECOMES_TRUE(owner_out(&second) > 0, PATIENCE_MS));
    link_consumer_destroy(c);
    cr_expect(BECOMES_TRUE(link_producer_in_flight(a) == 0 && link_producer_in_flight(b) == 0, PATIENCE_MS));
    cr_expect_eq(owner_verdicts(&first, LINK_LOST), 0);
    cr_expect_eq(owner_verdicts(&second, LINK_LOST), 0);
    link_producer_destroy(a);
    link_producer_destroy(b);
}
