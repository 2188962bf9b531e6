/* CURVE: who has the installation's key is served; nobody else gets a frame. */
#include "owner.h"

#include "common/link/frame.h"

#include <criterion/criterion.h>
#include <zmq.h>

static char ours[LINK_KEY_TEXT], theirs[LINK_KEY_TEXT];

static struct link_settings with_key(const char *key)
{
    return (struct link_settings){.beat_ms = 20, .silence_ms = 5000, .key = key};
}

static struct link_producer *listen_with(struct owner *o, const char *key)
{
    struct link_producer *p = NULL;
    struct reason why = {0};
    const struct link_settings set = with_key(key);
    owner_init(o, 5, 100);
    cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", &set, &o->link, &p, &why), ST_OK, "%s", why.text);
    return p;
}

static struct link_consumer *connect_with(const struct link_producer *p, const char *key)
{
    struct link_consumer *c = NULL;
    struct reason why = {0};
    const struct link_settings set = with_key(key);
    cr_assert_eq(link_consumer_new(link_producer_address(p), ~0u, 4, &set, &c, &why), ST_OK, "%s", why.text);
    return c;
}

static size_t take_all(struct link_consumer *c, size_t most)
{
    size_t n = 0;
    for (struct link_delivery *d; n < most && (d = link_consumer_take(c, PATIENCE_MS)); n++)
        link_consumer_answer(c, d, LINK_ACK, NULL);
    return n;
}

static void make_keys(void)
{
    cr_assert_eq(link_key_make(ours), ST_OK);
    cr_assert_eq(link_key_make(theirs), ST_OK);
    cr_assert_str_neq(ours, theirs);
}

Test(link_keys, the_same_key_serves, .init = make_keys, .timeout = 30)
{
    struct owner o;
    struct link_producer *p = listen_with(&o, ours);
    struct link_consumer *c = connect_with(p, ours);
    cr_expect_eq(take_all(c, 5), 5);
    link_consumer_destroy(c);
    link_producer_destroy(p);
}

/* The one with the key is served beside them, so they had their time. */
Test(link_keys, another_key_or_none_gets_nothing, .init = make_keys, .timeout = 30)
{
    struct owner o;
    struct link_producer *p = listen_with(&o, ours);
    const char *const keys[] = {theirs, "", NULL};
    for (size_t i = 0; i < COUNT(keys); i++) {
        int64_t before = metric_get(&link_metrics.refused);
        struct link_consumer *stranger = connect_with(p, keys[i]);
        cr_expect_null(link_consumer_take(stranger, 400), "stranger %zu", i);
        cr_expect_eq(link_consumer_producers(stranger), 0);
        cr_expect_eq(link_producer_consumers(p), 0);
        cr_expect(BECOMES_TRUE(metric_get(&link_metrics.refused) > before, PATIENCE_MS), "stranger %zu is not counted",
                  i);
        link_consumer_destroy(stranger);
    }
    cr_expect_eq(owner_out(&o), 0);
    struct link_consumer *c = connect_with(p, ours);
    cr_expect_eq(take_all(c, 5), 5);
    link_consumer_destroy(c);
    link_producer_destroy(p);
}

/* Knows our public half (it is no secret) and has another secret one: only the gate keeps it out. */
Test(link_keys, a_member_of_nothing_that_knows_the_public_half_is_refused, .init = make_keys, .timeout = 30)
{
    struct owner o;
    struct link_producer *p = listen_with(&o, ours);
    char our_public[LINK_KEY_TEXT], their_public[LINK_KEY_TEXT];
    int64_t before = metric_get(&link_metrics.refused);
    cr_assert_eq(zmq_curve_public(our_public, ours), 0);
    cr_assert_eq(zmq_curve_public(their_public, theirs), 0);
    void *context = zmq_ctx_new(), *s = zmq_socket(context, ZMQ_DEALER);
    const int zero = 0, patience = 500;
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, our_public, strlen(our_public));
    zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, their_public, strlen(their_public));
    zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, theirs, strlen(theirs));
    cr_assert_eq(zmq_connect(s, link_producer_address(p)), 0);
    uint8_t raw[FRAME_SIZE];
    frame_encode(&(struct frame){.kind = FRAME_HELLO, .number = ~0u, .lease = 1}, raw);
    cr_assert_eq(zmq_send(s, raw, sizeof raw, 0), FRAME_SIZE);
    cr_expect(BECOMES_TRUE(metric_get(&link_metrics.refused) > before, PATIENCE_MS));
    cr_expect_eq(zmq_recv(s, raw, sizeof raw, 0), -1);
    cr_expect_eq(link_producer_consumers(p), 0);
    zmq_close(s);
    zmq_ctx_term(context);
    link_producer_destroy(p);
}

Test(link_keys, what_is_no_key_is_said_and_not_quoted)
{
    const char *const wrong[] = {"short", "0123456789012345678901234567890123456789x",
                                 "0123456789 0123456789012345678901234567890",
                                 "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct reason why = {0};
        cr_expect_eq(link_key_check(wrong[i], &why), ST_INVALID, "%zu", i);
        cr_expect_null(strstr(why.text, wrong[i]));
    }
    char padded[LINK_KEY_TEXT + 4] = " ";
    struct reason why = {0};
    cr_assert_eq(link_key_make(ours), ST_OK);
    strcat(padded, ours);
    strcat(padded, "\n");
    cr_expect_eq(link_key_check(padded, &why), ST_OK, "a file's last line end does not matter");
}
