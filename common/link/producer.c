/*
 * The producer: one thread owns the ROUTER. Each turn it takes what has arrived, hands out what consumers have credit
 * for (round robin, one at a time, so that a second consumer halves the work of the first at once), and once per beat
 * says that it lives and looks who does not.
 *
 *   unknown ──HELLO──> in session ──BYE, silence, send refused, frame not understood──> unknown
 *
 * A suspect (link.h) waits at the consumer whose turn it was until that one holds nothing; until it is answered nothing else
 * is given there.
 *
 * On the way back to "unknown" everything that the consumer held becomes LINK_LOST, or LINK_RETRY when it had said that it works at
 * nothing of it (IDLE, BYE). What an unknown consumer sends but HELLO is answered with a beat of session 0, upon which it says HELLO.
 */
#include "common/base/clock.h"
#include "common/link/bind.h"
#include "common/link/curve.h"
#include "common/link/deliveries.h"
#include "common/link/peers.h"
#include "common/log/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

enum { TURN_MAX = 256 }; /* messages taken or given before the other side of the work gets its turn */

struct link_producer {
    struct link_settings set;
    struct link_owner owner;
    char address[ADDRESS_TEXT];
    void *context, *socket;
    void *gate, *watch; /* NULL: without a key */
    struct curve_keys keys;
    struct wake wake;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_stopping, is_paused;
    atomic_size_t in_flight, consumers;
    /* the thread's own */
    struct deliveries deliveries;
    struct peers peers;
    int64_t next_beat_ms;
};

/* ------------------------------------------------------------ verdicts ---- */

static metric *verdict_metric(enum link_verdict verdict)
{
    switch (verdict) {
    case LINK_ACK: return &link_metrics.acks;
    case LINK_RETRY: return &link_metrics.retries;
    case LINK_REJECT: return &link_metrics.rejects;
    case LINK_LOST: break;
    }
    return &link_metrics.lost;
}

static void tell_owner(struct link_producer *p, struct upload_id id, enum link_verdict verdict,
                       const struct reason *why)
{
    metric_add(verdict_metric(verdict), 1);
    p->owner.verdict(p->owner.ctx, id, verdict, why);
    metric_add(&link_metrics.in_flight, -1);
    atomic_fetch_sub(&p->in_flight, 1); /* last: who sees none in flight has heard all verdicts */
}

/* ------------------------------------------------------------- sessions ---- */

/* What had not been begun is not lost with who held it: it is not to blame. */
static void take_back(struct link_producer *p, struct peer *c)
{
    struct upload_id id;
    for (uint32_t from = 0; deliveries_take_next(&p->deliveries, c, &from, &id);)
        tell_owner(p, id, c->is_idle ? LINK_RETRY : LINK_LOST, NULL);
    c->held = c->credit = 0;
    c->held_bytes = 0;
    c->is_alone = c->is_idle = false;
}

static void drop(struct link_producer *p, struct peer *c, const char *cause)
{
    log_info("consumer left", LOG_TEXT("address", p->address), LOG_TEXT("cause", cause), LOG_NUMBER("held", c->held));
    take_back(p, c);
    if (c->has_suspect) { /* it never left: not its fault */
        c->suspect.release(c->suspect.body);
        tell_owner(p, c->suspect.id, LINK_RETRY, NULL);
    }
    peers_remove(&p->peers, c);
    atomic_store(&p->consumers, p->peers.count);
    metric_add(&link_metrics.consumers, -1);
}

static void refuse(struct link_producer *p, const struct wire_address *to, struct frame f, const struct reason *why)
{
    f.kind = FRAME_REFUSED;
    metric_add(&link_metrics.refused, 1);
    log_warning("consumer refused", LOG_TEXT("address", p->address), LOG_REASON(why));
    wire_say(p->socket, to, f, why);
}

static void refuse_version(struct link_producer *p, const struct wire_address *to, unsigned version)
{
    struct reason why;
    reason_set(&why, "version", "the consumer speaks version %u of the link, this producer %u and the one before",
               version, p->set.version);
    refuse(p, to, (struct frame){.number = p->set.version}, &why);
}

/* It is let go, but not yet: see drop_unreachable(). */
static void lose_touch(struct link_producer *p, struct peer *c)
{
    c->is_unreachable = p->peers.has_unreachable = true;
}

/* @param confirms  serial of an IDLE; 0: it is a beat as others */
static void send_beat(struct link_producer *p, struct peer *c, uint32_t confirms)
{
    const struct frame f = {.version = c->version, .kind = FRAME_BEAT, .lease = c->session, .number = confirms};
    if (wire_send(p->socket, &c->address, &f, NULL) != ST_OK)
        lose_touch(p, c);
}

static struct peer *admit(struct link_producer *p, const struct wire_address *from, uint8_t version)
{
    struct peer *c = peers_add(&p->peers, from);
    if (!c) {
        static const struct reason why = {"too_many_consumers", "no room for another consumer"};
        refuse(p, from, (struct frame){.version = version}, &why);
        return NULL;
    }
    atomic_store(&p->consumers, p->peers.count);
    metric_add(&link_metrics.consumers, 1);
    log_info("consumer joined", LOG_TEXT("address", p->address), LOG_NUMBER("consumers", p->peers.count));
    return c;
}

/* A session that is repeated is only confirmed again; a new one of a consumer that we know ends the one before. */
static void hello(struct link_producer *p, const struct wire_address *from, struct peer *c, const struct frame *f)
{
    if (f->lease == 0) {
        metric_add(&link_metrics.malformed, 1);
        return;
    }
    if (!c && !(c = admit(p, from, f->version)))
        return;
    if (c->session != f->lease) {
        take_back(p, c);
        c->session = f->lease;
        metric_add(&link_metrics.sessions, 1);
    }
    c->version = f->version;
    c->kinds = f->number;
    c->heard_ms = clock_steady_ms();
    send_beat(p, c, 0);
}

/* --------------------------------------------------------------- answers ---- */

static void answer(struct link_producer *p, struct peer *c, const struct frame *f, const struct wire_message *m)
{
    static const enum link_verdict verdicts[FRAME_KIND_END] = {
        [FRAME_ACK] = LINK_ACK, [FRAME_RETRY] = LINK_RETRY, [FRAME_REJECT] = LINK_REJECT};
    size_t len;
    if (!deliveries_take(&p->deliveries, f->lease, c, f->id, &len)) {
        metric_add(&link_metrics.late, 1);
        return;
    }
    c->held--;
    c->held_bytes -= len;
    c->is_alone = c->is_alone && c->held > 0;
    enum link_verdict verdict = verdicts[f->kind];
    if (verdict == LINK_REJECT || (verdict == LINK_RETRY && m->has_body)) {
        struct reason why;
        wire_reason(&m->body, verdict == LINK_REJECT ? "rejected" : "retry", &why);
        tell_owner(p, f->id, verdict, &why);
    } else {
        tell_owner(p, f->id, verdict, NULL);
    }
}

static void hear_idle(struct link_producer *p, struct peer *c, const struct frame *f)
{
    c->is_idle = f->number != 0;
    send_beat(p, c, (uint32_t)f->lease);
}

static void handle_known(struct link_producer *p, struct peer *c, const struct frame *f, const struct wire_message *m)
{
    c->heard_ms = clock_steady_ms();
    switch (f->kind) {
    case FRAME_CREDIT: peer_grant(c, f->number); break;
    case FRAME_ACK:
    case FRAME_RETRY:
    case FRAME_REJECT: answer(p, c, f, m); break;
    case FRAME_BEAT: break;
    case FRAME_IDLE: hear_idle(p, c, f); break;
    case FRAME_BYE:
        c->is_idle = true; /* it has answered what it had begun */
        drop(p, c, "bye");
        break;
    default: metric_add(&link_metrics.malformed, 1); drop(p, c, "sent what only producers send");
    }
}

static void handle(struct link_producer *p, struct wire_message *m)
{
    struct wire_address from = {.len = (uint8_t)zmq_msg_size(&m->identity)};
    memcpy(from.bytes, zmq_msg_data(&m->identity), from.len);
    struct peer *c = peers_find(&p->peers, &from);
    struct frame f;
    status st = wire_frame(m, p->set.version, &f);
    if (st != ST_OK) {
        metric_add(&link_metrics.malformed, st == ST_MALFORMED);
        if (c)
            drop(p, c, "sent a frame that is not understood");
        if (st == ST_REFUSED)
            refuse_version(p, &from, f.version);
    } else if (f.kind == FRAME_HELLO) {
        hello(p, &from, c, &f);
    } else if (c) {
        handle_known(p, c, &f, m);
    } else if (f.kind != FRAME_BYE) {
        /* of session 0: "I do not know you" */
        wire_say(p->socket, &from, (struct frame){.version = f.version, .kind = FRAME_BEAT}, NULL);
    }
}

/* @return true when there may be more */
static bool receive(struct link_producer *p)
{
    struct wire_message m;
    for (int i = 0; i < TURN_MAX; i++) {
        if (!wire_receive(p->socket, true, &m))
            return false;
        handle(p, &m);
        wire_clear(&m);
    }
    return true;
}

/* ---------------------------------------------------------------- giving ---- */

static status send_message(struct link_producer *p, struct peer *c, const struct link_message *m, uint64_t lease)
{
    struct frame f = {
        .version = c->version,
        .kind = FRAME_MESSAGE,
        .is_suspect = m->is_suspect,
        .id = m->id,
        .upload_kind = (uint8_t)m->kind,
        .attempt = (uint8_t)(m->attempt < UINT8_MAX ? m->attempt : UINT8_MAX),
        .lease = lease,
    };
    zmq_msg_t body;
    if (wire_wrap(m, &body) != ST_OK)
        return ST_NO_MEMORY;
    status st = wire_send(p->socket, &c->address, &f, &body);
    if (st != ST_OK)
        zmq_msg_close(&body);
    return st;
}

static void unsent(struct link_producer *p, struct peer *c, struct upload_id id, uint64_t lease)
{
    size_t len;
    if (deliveries_take(&p->deliveries, lease, c, id, &len))
        tell_owner(p, id, LINK_RETRY, NULL);
    lose_touch(p, c);
}

/* @return false when nothing more can be given just now */
static bool deliver(struct link_producer *p, struct peer *c, const struct link_message *m)
{
    metric_add(&link_metrics.messages, 1);
    uint64_t lease = deliveries_add(&p->deliveries, c, m->id, m->len);
    if (lease == 0) {
        m->release(m->body);
        tell_owner(p, m->id, LINK_RETRY, NULL);
        return false;
    }
    if (send_message(p, c, m, lease) != ST_OK) {
        unsent(p, c, m->id, lease);
        return false;
    }
    c->credit--;
    c->held++;
    c->held_bytes += m->len;
    c->is_alone = m->is_suspect;
    return true;
}

/* One message of the owner for one consumer. @return false when there is none for it */
static bool give_next(struct link_producer *p, struct peer *c)
{
    struct link_message m = {0};
    if (!p->owner.next(p->owner.ctx, c->kinds, &m))
        return false;
    atomic_fetch_add(&p->in_flight, 1);
    metric_add(&link_metrics.in_flight, 1);
    if (m.len > p->set.message_max) {
        struct reason why;
        reason_set(&why, "too_big_for_link", "%zu bytes, a link carries %zu", m.len, p->set.message_max);
        m.release(m.body);
        tell_owner(p, m.id, LINK_REJECT, &why);
        return true;
    }
    if (!m.is_suspect || c->held == 0)
        return deliver(p, c, &m);
    c->suspect = m;
    c->has_suspect = true;
    return true;
}

static bool give(struct link_producer *p, struct peer *c)
{
    if (c->is_unreachable || c->is_idle || c->credit == 0 || c->held_bytes >= p->set.bytes_max)
        return false;
    if (c->is_alone || (c->has_suspect && c->held > 0))
        return false;
    if (!c->has_suspect)
        return give_next(p, c);
    c->has_suspect = false;
    return deliver(p, c, &c->suspect);
}

/* @return true when the turn ended before the work did */
static bool offer(struct link_producer *p)
{
    if (atomic_load(&p->is_paused))
        return false;
    int given = 0;
    for (size_t idle = 0; idle < p->peers.count && given < TURN_MAX;) {
        struct peer *c = p->peers.list[p->peers.turn++ % p->peers.count];
        if (give(p, c)) {
            given++;
            idle = 0;
        } else {
            idle++;
        }
    }
    return given == TURN_MAX;
}

/* ---------------------------------------------------------------- thread ---- */

static void beat(struct link_producer *p)
{
    int64_t now = clock_steady_ms();
    if (now < p->next_beat_ms)
        return;
    p->next_beat_ms = now + p->set.beat_ms;
    for (size_t i = p->peers.count; i-- > 0;) { /* backwards: drop() moves the last one to where the dropped one was */
        struct peer *c = p->peers.list[i];
        if (now - c->heard_ms > p->set.silence_ms)
            drop(p, c, "silent");
        else
            send_beat(p, c, 0);
    }
}

/* Once all that they said was heard: their last words may have been answers. */
static void drop_unreachable(struct link_producer *p)
{
    for (size_t i = p->peers.count; i-- > 0;)
        if (p->peers.list[i]->is_unreachable)
            drop(p, p->peers.list[i], "cannot be reached");
    p->peers.has_unreachable = false;
}

static void say_bye(struct link_producer *p)
{
    while (p->peers.count > 0) {
        struct peer *c = p->peers.list[p->peers.count - 1];
        wire_say(p->socket, &c->address, (struct frame){.version = c->version, .kind = FRAME_BYE}, NULL);
        drop(p, c, "the producer stops");
    }
}

static void *run(void *arg)
{
    struct link_producer *p = arg;
    bool has_more = false;
    while (!atomic_load(&p->is_stopping)) {
        int64_t wait = p->next_beat_ms - clock_steady_ms();
        zmq_pollitem_t items[] = {{p->socket, 0, ZMQ_POLLIN, 0},
                                  {NULL, p->wake.fd, ZMQ_POLLIN, 0},
                                  {p->gate, 0, ZMQ_POLLIN, 0},
                                  {p->watch, 0, ZMQ_POLLIN, 0}};
        int count = p->gate ? 4 : 2;
        if (zmq_poll(items, count, has_more || wait < 0 ? 0 : (long)wait) < 0 && errno != EINTR)
            break; /* the context is gone: only a bug of ours can do that */
        wake_take(&p->wake);
        if (p->gate)
            curve_gate_serve(p->gate, &p->keys);
        if (p->watch)
            curve_watch_serve(p->watch);
        has_more = receive(p);
        if (!has_more && p->peers.has_unreachable)
            drop_unreachable(p);
        has_more |= offer(p);
        beat(p);
        has_more |= p->peers.has_unreachable;
    }
    say_bye(p);
    return NULL;
}

/* ---------------------------------------------------------------- public ---- */

static bool make_sockets(struct link_producer *p)
{
    p->context = zmq_ctx_new();
    if (!p->context || wake_init(&p->wake) != ST_OK)
        return false;
    p->gate = curve_gate_open(p->context, &p->keys);
    if (!p->gate && errno)
        return false;
    p->socket = wire_socket(p->context, ZMQ_ROUTER, &p->set, WIRE_REASON_MAX);
    if (!p->socket || curve_listen(p->socket, &p->keys) != ST_OK)
        return false;
    p->watch = curve_watch_open(p->context, p->socket, &p->keys);
    return p->watch || !errno;
}

static status start(struct link_producer *p, const char *address, struct reason *why)
{
    if (!make_sockets(p)) {
        reason_set(why, "link", "cannot make a socket: %s", zmq_strerror(errno));
        return ST_IO;
    }
    status st = bind_at(p->socket, address, p->address, why);
    if (st != ST_OK)
        return st;
    p->has_thread = pthread_create(&p->thread, NULL, run, p) == 0;
    if (!p->has_thread) {
        reason_set(why, "link", "cannot start a thread");
        return ST_NO_MEMORY;
    }
    return ST_OK;
}

status link_producer_new(const char *address, const struct link_settings *set, const struct link_owner *owner,
                         struct link_producer **out, struct reason *why)
{
    AUTO(link_producer_destroy) struct link_producer *p = calloc(1, sizeof *p);
    if (!p)
        return ST_NO_MEMORY;
    p->wake.fd = -1;
    p->set = wire_settings(set);
    p->owner = *owner;
    deliveries_init(&p->deliveries, wire_random());
    status st = curve_keys(set ? set->key : NULL, &p->keys, why);
    if (st == ST_OK)
        st = start(p, address, why);
    if (st == ST_OK)
        *out = STEAL(p);
    return st;
}

const char *link_producer_address(const struct link_producer *p)
{
    return p->address;
}

void link_producer_wake(struct link_producer *p)
{
    wake_up(&p->wake);
}

size_t link_producer_in_flight(const struct link_producer *p)
{
    return atomic_load(&p->in_flight);
}

size_t link_producer_consumers(const struct link_producer *p)
{
    return atomic_load(&p->consumers);
}

void link_producer_pause(struct link_producer *p)
{
    atomic_store(&p->is_paused, true);
}

void link_producer_destroy(struct link_producer *p)
{
    if (!p)
        return;
    if (p->has_thread) {
        atomic_store(&p->is_stopping, true);
        wake_up(&p->wake);
        pthread_join(p->thread, NULL);
    }
    if (strncmp(p->address, "ipc://", 6) == 0) /* while we still listen, so it is ours; ZeroMQ leaves it */
        unlink(p->address + 6);
    if (p->socket)
        zmq_close(p->socket);
    if (p->gate)
        zmq_close(p->gate);
    if (p->watch)
        zmq_close(p->watch);
    wire_end(p->context);
    wake_clear(&p->wake);
    deliveries_clear(&p->deliveries);
    free(p);
}
