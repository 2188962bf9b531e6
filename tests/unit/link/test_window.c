/* How much a consumer holds: bytes beside credit; and waiting for several messages. */
#include "owner.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { BODY = 1000 };

struct window {
    struct owner owner;
    struct link_producer *producer;
    struct link_consumer *consumer;
};

static void open_window(struct window *w, size_t count, size_t bytes_max)
{
    char address[64];
    struct reason why = {0};
    const struct link_settings set = {.beat_ms = 20, .silence_ms = 5000, .bytes_max = bytes_max};
    snprintf(address, sizeof address, "ipc:///tmp/muster-test-window-%d.sock", (int)getpid());
    *w = (struct window){0};
    owner_init(&w->owner, count, BODY);
    cr_assert_eq(link_producer_new(address, &set, &w->owner.link, &w->producer, &why), ST_OK, "%s", why.text);
    cr_assert_eq(link_consumer_new(address, UPLOAD_MASK(UPLOAD_INVENTORY), 100, &set, &w->consumer, &why), ST_OK, "%s",
                 why.text);
}

static void close_window(struct window *w)
{
    link_consumer_destroy(w->consumer);
    link_producer_destroy(w->producer);
}

static size_t acknowledge(struct link_consumer *c, size_t count)
{
    size_t done = 0;
    for (struct link_delivery *d; done < count && (d = link_consumer_take(c, PATIENCE_MS)); done++)
        link_consumer_answer(c, d, LINK_ACK, NULL);
    return done;
}

Test(window, a_consumer_with_credit_left_gets_no_more_bytes_than_allowed)
{
    struct window w;
    struct link_delivery *held[3];
    open_window(&w, 20, 2 * BODY + 1); /* two are below it, so a third is given */
    for (size_t i = 0; i < COUNT(held); i++)
        cr_assert_not_null(held[i] = link_consumer_take(w.consumer, PATIENCE_MS));
    cr_expect_null(link_consumer_take(w.consumer, 100));
    cr_expect_eq(owner_out(&w.owner), 3);
    for (size_t i = 0; i < COUNT(held); i++)
        link_consumer_answer(w.consumer, held[i], LINK_ACK, NULL);
    cr_expect_eq(acknowledge(w.consumer, 17), 17, "what was answered makes room");
    close_window(&w);
}

Test(window, one_message_is_given_however_large)
{
    struct window w;
    open_window(&w, 3, 1);
    for (size_t i = 0; i < 3; i++) {
        struct link_delivery *d = link_consumer_take(w.consumer, PATIENCE_MS);
        cr_assert_not_null(d);
        cr_expect_null(link_consumer_take(w.consumer, 50), "one at a time");
        link_consumer_answer(w.consumer, d, LINK_ACK, NULL);
    }
    close_window(&w);
}

Test(window, what_a_consumer_lost_is_no_longer_counted)
{
    struct window w;
    struct reason why = {0};
    const struct link_settings set = {.beat_ms = 20};
    open_window(&w, 5, 1);
    struct link_delivery *d = link_consumer_take(w.consumer, PATIENCE_MS);
    cr_assert_not_null(d);
    struct link_consumer *other = NULL;
    cr_assert_eq(
        link_consumer_new(link_producer_address(w.producer), UPLOAD_MASK(UPLOAD_INVENTORY), 100, &set, &other, &why),
        ST_OK);
    link_consumer_answer(w.consumer, d, LINK_RETRY, NULL);
    link_consumer_destroy(w.consumer);
    w.consumer = other;
    cr_expect_eq(acknowledge(w.consumer, 5), 5);
    close_window(&w);
}

/* Waits a minute when it does not see that there are enough. */
Test(window, waiting_for_several_ends_when_they_are_there, .timeout = 30)
{
    struct window w;
    open_window(&w, 8, 0);
    link_consumer_wait(w.consumer, 8, 60000);
    for (size_t i = 0; i < 8; i++) {
        struct link_delivery *d = link_consumer_take(w.consumer, 0);
        cr_assert_not_null(d, "number %zu", i);
        link_consumer_answer(w.consumer, d, LINK_ACK, NULL);
    }
    close_window(&w);
}

Test(window, waiting_for_several_ends_with_the_time_and_with_the_consumer, .timeout = 30)
{
    struct window w;
    open_window(&w, 2, 0);
    link_consumer_wait(w.consumer, 3, 50);
    cr_expect_eq(acknowledge(w.consumer, 2), 2);
    link_consumer_stop(w.consumer);
    link_consumer_wait(w.consumer, 3, 60000);
    close_window(&w);
}
