/* What a consumer does when the other end freezes, falls silent or lies; and a consumer that is frozen and comes back. */
#include "owner.h"

#include "common/link/frame.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <zmq.h>

static const struct link_settings fast = {.beat_ms = 20, .silence_ms = 1000};

/* ---- a producer made by hand ---- */

struct impostor {
    void *context, *socket;
    char address[128];
};

static void open_impostor(struct impostor *p)
{
    const int zero = 0, patience = 5000;
    size_t len = sizeof p->address;
    p->context = zmq_ctx_new();
    p->socket = zmq_socket(p->context, ZMQ_ROUTER);
    zmq_setsockopt(p->socket, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(p->socket, ZMQ_RCVTIMEO, &patience, sizeof patience);
    cr_assert_eq(zmq_bind(p->socket, "tcp://127.0.0.1:*"), 0);
    cr_assert_eq(zmq_getsockopt(p->socket, ZMQ_LAST_ENDPOINT, p->address, &len), 0);
}

static void close_impostor(struct impostor *p)
{
    zmq_close(p->socket);
    zmq_ctx_term(p->context);
}

struct caller {
    uint8_t bytes[256];
    size_t len;
};

/* The next frame of this kind. */
static struct frame hear(struct impostor *p, enum link_kind kind, struct caller *from)
{
    struct frame f = {0};
    for (int i = 0; i < 1000; i++) {
        uint8_t raw[256];
        int who = zmq_recv(p->socket, from->bytes, sizeof from->bytes, 0);
        cr_assert_geq(who, 0, "nothing comes");
        from->len = (size_t)who;
        int len = zmq_recv(p->socket, raw, sizeof raw, 0);
        if (len >= 0 && frame_decode(raw, (size_t)len, LINK_VERSION, &f) == ST_OK && f.kind == kind)
            return f;
    }
    cr_assert_fail("no frame of kind %d", kind);
    return f;
}

static void say(struct impostor *p, const struct caller *to, struct frame f, const char *body)
{
    uint8_t raw[FRAME_SIZE];
    f.body_len = body ? (uint32_t)strlen(body) : 0;
    frame_encode(&f, raw);
    zmq_send(p->socket, to->bytes, to->len, ZMQ_SNDMORE);
    zmq_send(p->socket, raw, sizeof raw, body ? ZMQ_SNDMORE : 0);
    if (body)
        zmq_send(p->socket, body, strlen(body), 0);
}

/* Answer a HELLO and wait for the credit. */
static void join(struct impostor *p, struct caller *from)
{
    struct frame f = hear(p, FRAME_HELLO, from);
    say(p, from, (struct frame){.kind = FRAME_BEAT, .lease = f.lease}, NULL);
    hear(p, FRAME_CREDIT, from);
}

struct scene {
    struct impostor impostor;
    struct owner owner;
    struct link_producer *honest;
    struct link_consumer *consumer; /* of both */
};

static void open_scene(struct scene *s)
{
    char both[512];
    struct reason why;
    *s = (struct scene){0};
    open_impostor(&s->impostor);
    owner_init(&s->owner, 20, 100);
    cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", &fast, &s->owner.link, &s->honest, &why), ST_OK);
    snprintf(both, sizeof both, "%s %s", s->impostor.address, link_producer_address(s->honest));
    cr_assert_eq(link_consumer_new(both, ~0u, 8, &fast, &s->consumer, &why), ST_OK);
}

/* The honest one is served, whatever the other one did. */
static void close_scene(struct scene *s)
{
    for (int i = 0; i < 2000 && owner_verdicts(&s->owner, LINK_ACK) < 20; i++) {
        struct link_delivery *d = link_consumer_take(s->consumer, 5);
        if (d)
            link_consumer_answer(s->consumer, d, LINK_ACK, NULL);
    }
    cr_expect_eq(owner_verdicts(&s->owner, LINK_ACK), 20);
    link_consumer_destroy(s->consumer);
    link_producer_destroy(s->honest);
    close_impostor(&s->impostor);
}

Test(link_cut, a_producer_that_falls_silent_is_greeted_again, .timeout = 60)
{
    struct scene s;
    struct caller from;
    open_scene(&s);
    join(&s.impostor, &from);
    cr_assert(BECOMES_TRUE(link_consumer_producers(s.consumer) == 2, PATIENCE_MS));
    cr_expect(BECOMES_TRUE(link_consumer_producers(s.consumer) == 1, PATIENCE_MS), "silence is noticed");
    join(&s.impostor, &from); /* the way back was open all the time */
    close_scene(&s);
}

static void send_garbage(struct impostor *p, const struct caller *to, size_t i)
{
    static const char *const parts[][3] = {{"hello"}, {""}, {"a", "b", "c"}, {"MLNK"}};
    zmq_send(p->socket, to->bytes, to->len, ZMQ_SNDMORE);
    for (size_t k = 0; k < 3 && parts[i][k]; k++)
        zmq_send(p->socket, parts[i][k], strlen(parts[i][k]), k < 2 && parts[i][k + 1] ? ZMQ_SNDMORE : 0);
}

Test(link_cut, garbage_of_a_producer_ends_its_session_only, .timeout = 60)
{
    for (size_t i = 0; i < 4; i++) {
        struct scene s;
        struct caller from;
        int64_t before = metric_get(&link_metrics.malformed);
        open_scene(&s);
        join(&s.impostor, &from);
        send_garbage(&s.impostor, &from, i);
        cr_expect(BECOMES_TRUE(metric_get(&link_metrics.malformed) > before, PATIENCE_MS), "%zu is counted", i);
        cr_expect(BECOMES_TRUE(link_consumer_producers(s.consumer) == 1, PATIENCE_MS), "%zu", i);
        close_scene(&s);
    }
}

Test(link_cut, more_than_was_granted_is_not_taken, .timeout = 60)
{
    struct scene s;
    struct caller from;
    int64_t before = metric_get(&link_metrics.malformed);
    open_scene(&s);
    join(&s.impostor, &from);
    for (uint64_t i = 0; i < 9; i++)
        say(&s.impostor, &from,
            (struct frame){.kind = FRAME_MESSAGE, .id = {77, i}, .upload_kind = UPLOAD_INVENTORY, .lease = i + 1}, "x");
    cr_expect(BECOMES_TRUE(metric_get(&link_metrics.malformed) > before, PATIENCE_MS));
    close_scene(&s);
}

/* ---- a consumer that is frozen ---- */

enum { TAKEN = 'T', GO_ON = 'G' };

struct sleep_words {
    int said[2], told[2];
};

/* In a process of its own: take one, say so, wait until told, acknowledge it much too late, and serve from then on. */
static void sleepwalker(const char *address, void *ctx)
{
    const struct sleep_words *w = ctx;
    int said = w->said[1], told = w->told[0];
    struct link_consumer *c = NULL;
    struct reason why;
    char word = TAKEN;
    if (link_consumer_new(address, ~0u, 1, &fast, &c, &why) != ST_OK)
        _exit(3);
    struct link_delivery *d = link_consumer_take(c, PATIENCE_MS);
    if (!d || write(said, &word, 1) != 1 || read(told, &word, 1) != 1)
        _exit(4);
    link_consumer_answer(c, d, LINK_ACK, NULL);
    while ((d = link_consumer_take(c, -1)))
        link_consumer_answer(c, d, LINK_ACK, NULL);
    _exit(0);
}

Test(link_cut, a_frozen_consumer_loses_what_it_held_and_may_come_back, .timeout = 60)
{
    struct owner o;
    struct link_producer *p = NULL;
    struct link_consumer *other = NULL;
    struct reason why;
    struct sleep_words words;
    char word = GO_ON;
    cr_assert(pipe(words.said) == 0 && pipe(words.told) == 0);
    struct peer peer = peer_new(sleepwalker, &words);
    pid_t pid = peer.pid;
    owner_init(&o, 1, 100);
    cr_assert_eq(link_producer_new("tcp://127.0.0.1:*", &fast, &o.link, &p, &why), ST_OK);
    peer_begin(&peer, link_producer_address(p));
    cr_assert_eq(read(words.said[0], &word, 1), 1);
    kill(pid, SIGSTOP);
    cr_assert(BECOMES_TRUE(owner_verdicts(&o, LINK_LOST) == 1, PATIENCE_MS), "the lease passes on");
    cr_assert_eq(link_consumer_new(link_producer_address(p), ~0u, 4, &fast, &other, &why), ST_OK);
    struct link_delivery *d = link_consumer_take(other, PATIENCE_MS);
    cr_assert_not_null(d);
    cr_expect_eq(write(words.told[1], &word, 1), 1);
    kill(pid, SIGCONT);
    cr_assert(BECOMES_TRUE(link_producer_consumers(p) == 2, PATIENCE_MS), "it is back");
    cr_expect_eq(owner_verdicts(&o, LINK_ACK), 0, "its late answer does not count");
    link_consumer_answer(other, d, LINK_ACK, NULL);
    cr_expect(BECOMES_TRUE(owner_verdicts(&o, LINK_ACK) == 1, PATIENCE_MS));
    for (int i = 0; i < 20; i++)
        owner_add(&o);
    link_consumer_destroy(other);
    link_producer_wake(p);
    cr_expect(BECOMES_TRUE(owner_verdicts(&o, LINK_ACK) == 21, PATIENCE_MS), "it serves again");
    kill(pid, SIGKILL);
    peer_end(&peer);
    link_producer_destroy(p);
}
