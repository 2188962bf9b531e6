/* Rolling upgrades: builds of version n and n + 1 beside each other, and one that is further away. */
#include "owner.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct link_settings build_of(unsigned version)
{
    return (struct link_settings){.beat_ms = 20, .silence_ms = 5000, .version = version};
}

Test(link_versions, neighbours_work_together_in_both_directions, .timeout = 60)
{
    static const struct {
        unsigned producer, consumer;
        bool works;
    } cases[] = {{1, 1, true}, {2, 1, true}, {1, 2, true},  {2, 2, true},
                 {3, 2, true}, {2, 3, true}, {3, 1, false}, {1, 3, false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct owner o;
        struct link_producer *p = NULL;
        struct link_consumer *c = NULL;
        struct reason why;
        const struct link_settings theirs = build_of(cases[i].producer), mine = build_of(cases[i].consumer);
        int64_t refused = metric_get(&link_metrics.refused);
        owner_init(&o, 10, 50);
        cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", &theirs, &o.link, &p, &why), ST_OK);
        cr_assert_eq(link_consumer_new(link_producer_address(p), ~0u, 4, &mine, &c, &why), ST_OK);
        size_t n = 0;
        for (struct link_delivery *d; n < 10 && (d = link_consumer_take(c, cases[i].works ? 5000 : 300)); n++)
            link_consumer_answer(c, d, n % 3 ? LINK_ACK : LINK_RETRY, NULL);
        cr_expect_eq(n, cases[i].works ? 10 : 0, "producer %u, consumer %u: %zu", cases[i].producer, cases[i].consumer,
                     n);
        if (!cases[i].works) {
            cr_expect_gt(metric_get(&link_metrics.refused), refused, "it is counted");
            cr_expect_eq(owner_out(&o), 0, "nothing was given out");
        }
        link_consumer_destroy(c);
        link_producer_destroy(p);
    }
}

/* The consumer stays as it is; the producer is replaced by the next version, and by the one before again. */
Test(link_versions, a_producer_is_upgraded_and_downgraded_under_a_consumer, .timeout = 60)
{
    struct owner o;
    struct link_producer *p = NULL;
    struct link_consumer *c = NULL;
    struct reason why;
    char address[128] = "tcp://127.0.0.1:*";
    const struct link_settings mine = build_of(2);
    static const unsigned versions[] = {2, 3, 1, 2};
    owner_init(&o, 400, 50);
    for (size_t i = 0; i < COUNT(versions); i++) {
        const struct link_settings theirs = build_of(versions[i]);
        cr_assert_eq(link_producer_new(address, &theirs, &o.link, &p, &why), ST_OK, "%s", why.text);
        snprintf(address, sizeof address, "%s", link_producer_address(p));
        if (!c)
            cr_assert_eq(link_consumer_new(address, ~0u, 4, &mine, &c, &why), ST_OK);
        size_t wanted = owner_verdicts(&o, LINK_ACK) + 10;
        for (int k = 0; k < 1000 && owner_verdicts(&o, LINK_ACK) < wanted; k++) {
            struct link_delivery *d = link_consumer_take(c, 10);
            if (d)
                link_consumer_answer(c, d, LINK_ACK, NULL);
        }
        cr_expect_geq(owner_verdicts(&o, LINK_ACK), wanted, "producer of version %u", versions[i]);
        link_producer_destroy(p);
    }
    link_consumer_destroy(c);
}
