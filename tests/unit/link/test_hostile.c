/* A consumer that is made by hand: it dies, lies, or speaks something else. */
#include "owner.h"

#include "common/link/frame.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <zmq.h>

static const struct link_settings fast = {.beat_ms = 20, .silence_ms = 1000};

struct puppet {
    struct owner owner;
    struct link_producer *producer;
    void *context, *socket;
};

static void connect_again(struct puppet *p)
{
    const int zero = 0;
    p->socket = zmq_socket(p->context, ZMQ_DEALER);
    zmq_setsockopt(p->socket, ZMQ_LINGER, &zero, sizeof zero);
    cr_assert_eq(zmq_connect(p->socket, link_producer_address(p->producer)), 0);
}

static void start(struct puppet *p, size_t count)
{
    *p = (struct puppet){0};
    owner_init(&p->owner, count, 10);
    struct reason why = {0};
    cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", &fast, &p->owner.link, &p->producer, &why), ST_OK);
    p->context = zmq_ctx_new();
    connect_again(p);
}

static void end(struct puppet *p)
{
    zmq_close(p->socket);
    zmq_ctx_term(p->context);
    link_producer_destroy(p->producer);
}

static void say(struct puppet *p, struct frame f)
{
    uint8_t raw[FRAME_SIZE];
    frame_encode(&f, raw);
    cr_assert_eq(zmq_send(p->socket, raw, sizeof raw, 0), FRAME_SIZE);
}

/* The next frame that can be understood, for at most two seconds. */
static bool hear_any(struct puppet *p, struct frame *out)
{
    zmq_pollitem_t item = {p->socket, 0, ZMQ_POLLIN, 0};
    while (zmq_poll(&item, 1, 2000) > 0) {
        uint8_t raw[256];
        int len = zmq_recv(p->socket, raw, sizeof raw, 0), more = 0;
        size_t size = sizeof more;
        zmq_getsockopt(p->socket, ZMQ_RCVMORE, &more, &size);
        if (more)
            zmq_recv(p->socket, (uint8_t[256]){0}, 256, 0);
        if (frame_decode(raw, (size_t)len, LINK_VERSION, out) == ST_OK)
            return true;
    }
    return false;
}

/* Skip to the next one of this kind. */
static bool hear(struct puppet *p, enum link_kind kind, struct frame *out)
{
    for (int i = 0; i < 200 && hear_any(p, out); i++)
        if (out->kind == kind)
            return true;
    return false;
}

static void join(struct puppet *p, uint64_t session, uint32_t credit)
{
    struct frame f;
    say(p, (struct frame){.kind = FRAME_HELLO, .number = UPLOAD_MASK(UPLOAD_INVENTORY), .lease = session});
    do
        cr_assert(hear(p, FRAME_BEAT, &f), "no answer to HELLO");
    while (f.lease != session);
    say(p, (struct frame){.kind = FRAME_CREDIT, .number = credit});
}

Test(link_hostile, what_a_killed_consumer_held_is_lost_and_given_again)
{
    struct puppet p;
    struct frame f;
    start(&p, 5);
    join(&p, 1, 3);
    for (int i = 0; i < 3; i++)
        cr_assert(hear(&p, FRAME_MESSAGE, &f));
    zmq_close(p.socket);
    cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_LOST) == 3, PATIENCE_MS));
    connect_again(&p);
    join(&p, 2, 5);
    for (int i = 0; i < 5; i++)
        cr_expect(hear(&p, FRAME_MESSAGE, &f), "message %d", i);
    end(&p);
}

/* Say that nothing is worked at, and wait for the producer's word. */
static void say_idle(struct puppet *p, uint32_t serial)
{
    struct frame f;
    say(p, (struct frame){.kind = FRAME_IDLE, .number = 1, .lease = serial});
    do
        cr_assert(hear(p, FRAME_BEAT, &f));
    while (f.number != serial);
}

/* What it holds has not been begun, it says: nothing more is given to it, and nothing of it is lost when it dies. */
Test(link_hostile, what_an_idle_consumer_held_comes_back_and_is_not_lost)
{
    struct puppet p;
    struct frame f;
    start(&p, 4);
    join(&p, 1, 2);
    for (int i = 0; i < 2; i++)
        cr_assert(hear(&p, FRAME_MESSAGE, &f));
    say_idle(&p, 7);
    say(&p, (struct frame){.kind = FRAME_CREDIT, .number = 1});
    say(&p, (struct frame){.kind = FRAME_IDLE, .number = 1, .lease = 8});
    do
        cr_assert(hear_any(&p, &f) && f.kind == FRAME_BEAT, "idle ones are given nothing");
    while (f.number != 8);
    say(&p, (struct frame){.kind = FRAME_IDLE, .number = 0, .lease = 9});
    cr_assert(hear(&p, FRAME_MESSAGE, &f));
    say_idle(&p, 10);
    zmq_close(p.socket);
    cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_RETRY) == 3, PATIENCE_MS));
    cr_expect_eq(owner_verdicts(&p.owner, LINK_LOST), 0);
    connect_again(&p);
    end(&p);
}

Test(link_hostile, a_silent_consumer_loses_what_it_held_and_answers_too_late)
{
    struct puppet p;
    struct frame f;
    start(&p, 1);
    p.owner.takes_back = false;
    join(&p, 1, 1);
    cr_assert(hear(&p, FRAME_MESSAGE, &f));
    cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_LOST) == 1, PATIENCE_MS), "silence is noticed");
    cr_expect(BECOMES_TRUE(link_producer_consumers(p.producer) == 0, PATIENCE_MS));
    say(&p, (struct frame){.kind = FRAME_ACK, .id = f.id, .lease = f.lease});
    do
        cr_assert(hear(&p, FRAME_BEAT, &f));
    while (f.lease != 0);
    cr_expect_eq(owner_verdicts(&p.owner, LINK_ACK), 0);
    end(&p);
}

Test(link_hostile, an_answer_counts_once_and_for_its_own_delivery_only)
{
    struct puppet p;
    struct frame a, b, beat;
    start(&p, 2);
    join(&p, 1, 2);
    cr_assert(hear(&p, FRAME_MESSAGE, &a));
    cr_assert(hear(&p, FRAME_MESSAGE, &b));
    say(&p, (struct frame){.kind = FRAME_ACK, .id = b.id, .lease = a.lease});
    say(&p, (struct frame){.kind = FRAME_ACK, .id = a.id, .lease = a.lease + 65536});
    say(&p, (struct frame){.kind = FRAME_ACK, .id = a.id, .lease = 0xffff});
    say(&p, (struct frame){.kind = FRAME_ACK, .id = a.id, .lease = a.lease});
    say(&p, (struct frame){.kind = FRAME_ACK, .id = a.id, .lease = a.lease});
    cr_assert(hear(&p, FRAME_BEAT, &beat));
    cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_ACK) == 1, PATIENCE_MS));
    cr_expect_eq(link_producer_in_flight(p.producer), 1);
    end(&p);
}

Test(link_hostile, a_new_session_on_the_same_line_ends_the_one_before)
{
    struct puppet p;
    struct frame f;
    start(&p, 1);
    join(&p, 1, 1);
    cr_assert(hear(&p, FRAME_MESSAGE, &f));
    join(&p, 2, 1);
    struct frame again;
    cr_assert(hear(&p, FRAME_MESSAGE, &again));
    cr_expect_neq(again.lease, f.lease);
    cr_expect_eq(again.attempt, 1);
    cr_expect_eq(owner_verdicts(&p.owner, LINK_LOST), 1);
    end(&p);
}

Test(link_hostile, another_version_is_refused)
{
    struct puppet p;
    struct frame f;
    uint8_t raw[FRAME_SIZE];
    start(&p, 1);
    frame_encode(&(struct frame){.kind = FRAME_HELLO, .number = ~0u, .lease = 1}, raw);
    raw[4] = LINK_VERSION + 1;
    cr_assert_eq(zmq_send(p.socket, raw, sizeof raw, 0), FRAME_SIZE);
    cr_expect(hear(&p, FRAME_REFUSED, &f));
    cr_expect_eq(link_producer_consumers(p.producer), 0);
    end(&p);
}

Test(link_hostile, credit_is_taken_back_by_zero)
{
    struct puppet p;
    struct frame f;
    start(&p, 0);
    join(&p, 1, 5);
    say(&p, (struct frame){.kind = FRAME_CREDIT, .number = 0});
    say(&p, (struct frame){.kind = FRAME_HELLO, .number = UPLOAD_MASK(UPLOAD_INVENTORY), .lease = 1});
    cr_assert(hear(&p, FRAME_BEAT, &f));
    cr_assert(hear(&p, FRAME_BEAT, &f)); /* the answer to HELLO, so CREDIT was read */
    owner_add(&p.owner);
    link_producer_wake(p.producer);
    say(&p, (struct frame){.kind = FRAME_BEAT});
    cr_assert(hear(&p, FRAME_BEAT, &f));
    cr_assert(hear(&p, FRAME_BEAT, &f));
    cr_expect_eq(owner_out(&p.owner), 0);
    say(&p, (struct frame){.kind = FRAME_CREDIT, .number = 1});
    cr_expect(hear(&p, FRAME_MESSAGE, &f));
    end(&p);
}

/* Every one ends the session of who sends it; the next good consumer is served as ever. */
Test(link_hostile, garbage_ends_the_session_and_harms_nobody_else)
{
    static const struct {
        const char *what, *parts[4];
    } garbage[] = {
        {"no frame", {"hello"}},
        {"an empty part", {""}},
        {"four parts", {"a", "b", "c", "d"}},
    };
    struct puppet p;
    struct frame f;
    start(&p, 1);
    for (size_t i = 0; i < COUNT(garbage); i++) {
        join(&p, i + 1, 1);
        cr_assert(hear(&p, FRAME_MESSAGE, &f), "%s", garbage[i].what);
        for (size_t k = 0; k < 4 && garbage[i].parts[k]; k++)
            zmq_send(p.socket, garbage[i].parts[k], strlen(garbage[i].parts[k]),
                     k < 3 && garbage[i].parts[k + 1] ? ZMQ_SNDMORE : 0);
        cr_expect(BECOMES_TRUE(owner_verdicts(&p.owner, LINK_LOST) == i + 1, PATIENCE_MS), "%s", garbage[i].what);
    }
    end(&p);
}
