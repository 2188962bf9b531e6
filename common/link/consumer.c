/*
 * The consumer: one thread owns a DEALER for every producer ("upstream"). What it receives goes to held.h, where the
 * threads that do the work take it; their answers come back the same way and are sent by the thread.
 *
 *              connected: say HELLO(session)          a beat repeats the session: grant credit
 *     AWAY ─────────────────────────────────> GREETED ───────────────────────────────────────> JOINED
 *      ^                                         │                                               │
 *      └────── no answer within a beat ──────────┘                                               │
 *      └────── BYE, silence, a beat with another session, REFUSED (then after a pause), ─────────┘
 *              nothing can be sent (connection lost)
 *
 * On the way back to AWAY what was received in that session is forgotten: what nobody has taken is freed, and what was
 * taken finds, when it is answered, that its session is over. The producer hands both to somebody else.
 *
 * Credit: granted and unused + held (of whatever session) never exceeds what link_consumer_new() was told, so memory is
 * bounded also for a producer that comes and goes. It is granted again in lots of a quarter: a frame for each would
 * double the traffic, a whole window at once would leave the line empty between.
 */
#include "common/base/clock.h"
#include "common/link/alone.h"
#include "common/log/log.h"

#include <errno.h>
#include <stdio.h>

enum {
    TURN_MAX = 64, /* messages of one upstream before the others get their turn */
    REFUSED_PAUSE_BEATS = 10,
    FLUSH_MS = 1000, /* for the last answers */
};

struct link_consumer {
    struct link_settings set;
    unsigned kinds;
    uint32_t credit;
    struct wake wake;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_ending;
    atomic_size_t producers;
    struct held_queue queue;
    /* the thread's own, once it runs */
    struct upstreams upstreams;
    struct alone alone;
    bool told_stop;
    int64_t next_beat_ms;
};

/* -------------------------------------------------------------- sessions ---- */

static void leave(struct link_consumer *c, struct upstream *u, const char *cause, int64_t pause_ms)
{
    if (u->state == JOINED) {
        log_info("producer left", LOG_TEXT("address", u->address), LOG_TEXT("cause", cause),
                 LOG_NUMBER("held", u->held));
        atomic_fetch_sub(&c->producers, 1);
        metric_add(&link_metrics.producers, -1);
    }
    u->state = AWAY;
    u->session = 0;
    u->granted = 0;
    u->is_idle = false;
    u->unconfirmed = 0;
    u->version = (uint8_t)c->set.version;
    u->greet_ms = clock_steady_ms() + pause_ms;
    for (struct held *h = held_withdraw(&c->queue, u->number); h;) {
        struct held *next = h->next;
        held_free(h);
        u->held--;
        h = next;
    }
}

static void greet(struct link_consumer *c, struct upstream *u)
{
    if (u->session == 0) /* said again it is the same: an answer that takes longer than a beat is still one to it */
        u->session = wire_random() | 1;
    u->greet_ms = clock_steady_ms();
    if (upstream_send(u, (struct frame){.kind = FRAME_HELLO, .number = c->kinds, .lease = u->session}) == ST_OK)
        u->state = GREETED;
}

static void grant(struct link_consumer *c, struct upstream *u)
{
    if (u->state != JOINED || c->told_stop || u->granted + u->held >= c->credit)
        return;
    uint32_t more = c->credit - u->granted - u->held;
    if (more < c->credit / 4)
        return;
    if (upstream_send(u, (struct frame){.kind = FRAME_CREDIT, .number = more}) != ST_OK)
        leave(c, u, "cannot be reached", 0);
    else
        u->granted += more;
}

static void joined(struct link_consumer *c, struct upstream *u)
{
    u->state = JOINED;
    u->heard_ms = clock_steady_ms();
    atomic_fetch_add(&c->producers, 1);
    metric_add(&link_metrics.producers, 1);
    metric_add(&link_metrics.sessions, 1);
    log_info("producer joined", LOG_TEXT("address", u->address));
    alone_joined(&c->alone, u);
    grant(c, u);
}

/* ------------------------------------------------------------- receiving ---- */

static void take_in(struct link_consumer *c, struct upstream *u, const struct frame *f, struct wire_message *m)
{
    if (u->state != JOINED)
        return; /* of a session that we have left: the producer knows, or will with the next HELLO */
    if (u->granted == 0) {
        metric_add(&link_metrics.malformed, 1);
        leave(c, u, "sent more than it was granted", c->set.beat_ms);
        return;
    }
    struct held *h = held_new(f, m);
    if (!h) {
        leave(c, u, "no memory", c->set.beat_ms);
        return;
    }
    u->granted--;
    u->held++;
    h->upstream = u->number;
    h->session = u->session;
    metric_add(&link_metrics.messages, 1);
    if (held_put(&c->queue, h))
        return;
    h->verdict = LINK_RETRY; /* it was on its way when we stopped: back at once */
    held_answer(&c->queue, h);
}

static void hear_beat(struct link_consumer *c, struct upstream *u, const struct frame *f)
{
    if (u->state == GREETED && f->lease == u->session)
        joined(c, u);
    else if (u->state == JOINED && f->lease != u->session)
        leave(c, u, "does not know this session", 0);
    else if (u->state == JOINED && f->number == u->unconfirmed)
        u->unconfirmed = 0;
}

/* For its version: one that we speak, too, is tried at once (a rolling upgrade), else now and then. */
static void hear_refused(struct link_consumer *c, struct upstream *u, const struct frame *f,
                         const struct wire_message *m)
{
    struct reason why;
    wire_reason(&m->body, "refused", &why);
    metric_add(&link_metrics.refused, 1);
    uint8_t offered = (uint8_t)(f->number <= UINT8_MAX ? f->number : 0);
    if (u->state == GREETED && offered < u->version && frame_is_spoken(offered, c->set.version)) {
        log_info("older producer", LOG_TEXT("address", u->address), LOG_NUMBER("version", offered));
        leave(c, u, "older version", 0);
        u->version = offered;
        return;
    }
    log_error("refused by a producer", LOG_TEXT("address", u->address), LOG_REASON(&why));
    leave(c, u, "refused", (int64_t)c->set.beat_ms * REFUSED_PAUSE_BEATS);
}

static void handle(struct link_consumer *c, struct upstream *u, struct wire_message *m)
{
    struct frame f;
    status st = wire_frame(m, c->set.version, &f);
    u->heard_ms = clock_steady_ms();
    switch (st == ST_OK ? f.kind : FRAME_KIND_END) {
    case FRAME_MESSAGE: take_in(c, u, &f, m); break;
    case FRAME_BEAT: hear_beat(c, u, &f); break;
    case FRAME_BYE: leave(c, u, "bye", c->set.beat_ms / 4); break;
    case FRAME_REFUSED: hear_refused(c, u, &f, m); break;
    default:
        metric_add(st == ST_REFUSED ? &link_metrics.refused : &link_metrics.malformed, 1);
        leave(c, u, st == ST_REFUSED ? "speaks another version" : "sent a frame that is not understood",
              (int64_t)c->set.beat_ms * REFUSED_PAUSE_BEATS);
    }
}

/* @return true when there may be more */
static bool receive(struct link_consumer *c, struct upstream *u)
{
    for (int i = 0; i < TURN_MAX; i++) {
        struct wire_message m;
        if (!wire_receive(u->socket, false, &m))
            return false;
        handle(c, u, &m);
        wire_clear(&m);
    }
    return true;
}

/* --------------------------------------------------------------- answers ---- */

static void send_answer(struct link_consumer *c, struct upstream *u, const struct held *h)
{
    static const enum link_kind kinds[] = {
        [LINK_ACK] = FRAME_ACK, [LINK_RETRY] = FRAME_RETRY, [LINK_REJECT] = FRAME_REJECT, [LINK_LOST] = FRAME_RETRY};
    static metric *const counters[] = {[LINK_ACK] = &link_metrics.acks,
                                       [LINK_RETRY] = &link_metrics.retries,
                                       [LINK_REJECT] = &link_metrics.rejects,
                                       [LINK_LOST] = &link_metrics.retries};
    u->held--;
    if (u->state != JOINED || u->session != h->session) {
        metric_add(&link_metrics.late, 1);
        return;
    }
    struct frame f = {.version = u->version, .kind = kinds[h->verdict], .id = h->shown.id, .lease = h->lease};
    metric_add(counters[h->verdict], 1);
    if (wire_send_reason(u->socket, NULL, f, h->has_why ? &h->why : NULL) != ST_OK)
        leave(c, u, "cannot be reached", 0);
}

static void send_answers(struct link_consumer *c)
{
    for (struct held *h = held_answers(&c->queue); h;) {
        struct held *next = h->next;
        struct upstream *u = upstreams_find(&c->upstreams, h->upstream);
        if (u)
            send_answer(c, u, h);
        held_free(h);
        h = next;
    }
    for (size_t i = 0; i < c->upstreams.count; i++)
        grant(c, c->upstreams.list[i]);
}

/* Once: take back what was granted, so that producers give it to others. */
static void tell_stop(struct link_consumer *c)
{
    if (c->told_stop || !held_is_stopped(&c->queue))
        return;
    c->told_stop = true;
    for (size_t i = 0; i < c->upstreams.count; i++)
        if (c->upstreams.list[i]->state == JOINED)
            upstream_send(c->upstreams.list[i], (struct frame){.kind = FRAME_CREDIT}); /* silence would say it, too */
}

/* ---------------------------------------------------------------- thread ---- */

static void beat_one(struct link_consumer *c, struct upstream *u, int64_t now)
{
    if (u->state == GREETED && now - u->greet_ms >= c->set.beat_ms)
        u->state = AWAY;
    if (u->state != JOINED)
        return;
    if (now - u->heard_ms > c->set.silence_ms)
        leave(c, u, "silent", 0);
    else if (upstream_send(u, (struct frame){.kind = FRAME_BEAT}) != ST_OK)
        leave(c, u, "cannot be reached", 0);
}

static void beat(struct link_consumer *c)
{
    int64_t now = clock_steady_ms();
    if (now < c->next_beat_ms)
        return;
    c->next_beat_ms = now + c->set.beat_ms;
    for (size_t i = 0; i < c->upstreams.count; i++)
        beat_one(c, c->upstreams.list[i], now);
    upstreams_drop_vanished(&c->upstreams);
}

/* Wait for: answers, new addresses, frames, and for a line to those who were not greeted yet. */
static void wait_for_work(struct link_consumer *c, bool has_more)
{
    zmq_pollitem_t items[UPSTREAMS_MAX + 2];
    int64_t now = clock_steady_ms(), until = c->next_beat_ms;
    for (size_t i = 0; i < c->upstreams.count; i++) {
        const struct upstream *u = c->upstreams.list[i];
        bool greets = u->state == AWAY && now >= u->greet_ms && !c->told_stop;
        if (u->state == AWAY && !greets && u->greet_ms > now && u->greet_ms < until)
            until = u->greet_ms;
        items[i] = (zmq_pollitem_t){u->socket, 0, (short)(ZMQ_POLLIN | (greets ? ZMQ_POLLOUT : 0)), 0};
    }
    int n = (int)c->upstreams.count;
    items[n++] = (zmq_pollitem_t){NULL, c->wake.fd, ZMQ_POLLIN, 0};
    if (c->upstreams.resolver)
        items[n++] = (zmq_pollitem_t){NULL, resolver_fd(c->upstreams.resolver), ZMQ_POLLIN, 0};
    (void)zmq_poll(items, n, has_more || until <= now ? 0 : (long)(until - now)); /* whatever it says: look at all */
    wake_take(&c->wake);
}

static bool turn(struct link_consumer *c)
{
    bool has_more = false;
    int64_t now = clock_steady_ms();
    for (size_t i = 0; i < c->upstreams.count; i++) {
        struct upstream *u = c->upstreams.list[i];
        has_more |= receive(c, u);
        if (u->state == AWAY && now >= u->greet_ms && !c->told_stop)
            greet(c, u);
    }
    return has_more;
}

/* What nobody took goes back at once and is not counted against it. */
static void say_bye(struct link_consumer *c)
{
    const int flush = FLUSH_MS;
    c->told_stop = true; /* nothing more is granted */
    send_answers(c);
    for (struct held *h = held_withdraw(&c->queue, 0); h;) {
        struct held *next = h->next;
        h->verdict = LINK_RETRY;
        held_answer(&c->queue, h);
        h = next;
    }
    send_answers(c);
    for (size_t i = 0; i < c->upstreams.count; i++) {
        struct upstream *u = c->upstreams.list[i];
        zmq_setsockopt(u->socket, ZMQ_LINGER, &flush, sizeof flush);
        if (u->state == JOINED)
            upstream_send(u, (struct frame){.kind = FRAME_BYE}); /* silence would say it, too */
        leave(c, u, "the consumer stops", 0);
    }
}

static void *run(void *arg)
{
    struct link_consumer *c = arg;
    bool has_more = false;
    while (!atomic_load(&c->is_ending)) {
        wait_for_work(c, has_more);
        has_more = turn(c);
        tell_stop(c);
        send_answers(c);
        alone_arrange(&c->alone, &c->upstreams, &c->queue);
        upstreams_resolved(&c->upstreams);
        beat(c);
    }
    say_bye(c);
    return NULL;
}

/* ---------------------------------------------------------------- public ---- */

static status start(struct link_consumer *c, const char *addresses, struct reason *why)
{
    status st = wake_init(&c->wake);
    if (st == ST_OK)
        st = upstreams_open(&c->upstreams, &c->set, addresses, why);
    if (st == ST_OK && pthread_create(&c->thread, NULL, run, c) != 0)
        st = ST_NO_MEMORY;
    c->has_thread = st == ST_OK;
    if (st != ST_OK && st != ST_INVALID)
        reason_set(why, "link", "cannot connect to %s: %s", addresses, status_name(st));
    return st;
}

status link_consumer_new(const char *addresses, unsigned kinds, unsigned credit, const struct link_settings *set,
                         struct link_consumer **out, struct reason *why)
{
    if (credit < 1 || credit > WIRE_CREDIT_MAX) {
        reason_set(why, "credit", "a credit of %u is not between 1 and %d", credit, WIRE_CREDIT_MAX);
        return ST_INVALID;
    }
    AUTO(link_consumer_destroy) struct link_consumer *c = calloc(1, sizeof *c);
    if (!c)
        return ST_NO_MEMORY;
    c->wake.fd = -1;
    c->set = wire_settings(set);
    c->kinds = kinds;
    c->credit = credit;
    held_init(&c->queue);
    status st = curve_keys(set ? set->key : NULL, &c->upstreams.keys, why);
    if (st == ST_OK)
        st = start(c, addresses, why);
    if (st == ST_OK)
        *out = STEAL(c);
    return st;
}

struct link_delivery *link_consumer_take(struct link_consumer *c, int wait_ms)
{
    struct held *h = held_take(&c->queue, wait_ms);
    return h ? &h->shown : NULL;
}

void link_consumer_wait(struct link_consumer *c, size_t count, int wait_ms)
{
    held_wait(&c->queue, count, wait_ms);
}

void link_consumer_answer(struct link_consumer *c, struct link_delivery *d, enum link_verdict verdict,
                          const struct reason *why)
{
    struct held *h = (struct held *)d; /* its first member */
    h->verdict = verdict;
    h->has_why = why && verdict != LINK_ACK;
    if (h->has_why)
        h->why = *why;
    held_answer(&c->queue, h);
    wake_up(&c->wake);
}

size_t link_consumer_producers(const struct link_consumer *c)
{
    return atomic_load(&c->producers);
}

void link_consumer_stop(struct link_consumer *c)
{
    held_stop(&c->queue);
    wake_up(&c->wake);
}

void link_consumer_destroy(struct link_consumer *c)
{
    if (!c)
        return;
    if (c->has_thread) {
        atomic_store(&c->is_ending, true);
        wake_up(&c->wake);
        pthread_join(c->thread, NULL);
    }
    upstreams_close(&c->upstreams);
    wake_clear(&c->wake);
    held_clear(&c->queue);
    free(c);
}
