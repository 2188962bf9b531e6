/*
 * The producer: one thread owns the ROUTER. Each turn it takes what has arrived, hands out what consumers have credit
 * for (round robin, one at a time, so that a second consumer halves the work of the first at once), and once per beat
 * says that it lives and looks who does not.
 *
 *   unknown ──HELLO──> in session ──BYE, silence, send refused, frame not understood──> unknown
 *
 * On the way back to "unknown" everything that the consumer held becomes LINK_LOST. What an unknown consumer sends but
 * HELLO is answered with a beat of session 0, upon which it says HELLO.
 */
#include "common/base/clock.h"
#include "common/link/addresses.h"
#include "common/link/deliveries.h"
#include "common/link/wire.h"
#include "common/log/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
    CONSUMERS_MAX = 1024,
    TURN_MAX = 256, /* messages taken or given before the other side of the work gets its turn */
};

/* A consumer in session. */
struct peer {
    struct wire_address address;
    uint64_t session;
    unsigned kinds;
    uint32_t credit; /* messages that may still be given */
    uint32_t held;   /* given and not answered */
    int64_t heard_ms;
};

struct link_producer {
    struct link_settings set;
    struct link_owner owner;
    char address[ADDRESS_TEXT];
    void *context, *socket;
    struct wake wake;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_stopping, is_paused;
    atomic_size_t in_flight, consumers;
    /* the thread's own */
    struct deliveries deliveries;
    struct peer *peers[CONSUMERS_MAX];
    size_t peer_count;
    size_t turn; /* whose turn it is to be given something */
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
    atomic_fetch_sub(&p->in_flight, 1);
    metric_add(&link_metrics.in_flight, -1);
    metric_add(verdict_metric(verdict), 1);
    p->owner.verdict(p->owner.ctx, id, verdict, why);
}

/* ------------------------------------------------------------- sessions ---- */

static struct peer *find(const struct link_producer *p, const struct wire_address *from)
{
    for (size_t i = 0; i < p->peer_count; i++) {
        struct peer *c = p->peers[i];
        if (c->address.len == from->len && memcmp(c->address.bytes, from->bytes, from->len) == 0)
            return c;
    }
    return NULL;
}

static void lose_held(struct link_producer *p, struct peer *c)
{
    struct upload_id id;
    for (uint32_t from = 0; deliveries_take_next(&p->deliveries, c, &from, &id);)
        tell_owner(p, id, LINK_LOST, NULL);
    c->held = c->credit = 0;
}

static void drop(struct link_producer *p, struct peer *c, const char *cause)
{
    log_info("consumer left", LOG_TEXT("address", p->address), LOG_TEXT("cause", cause), LOG_NUMBER("held", c->held));
    lose_held(p, c);
    for (size_t i = 0; i < p->peer_count; i++)
        if (p->peers[i] == c)
            p->peers[i] = p->peers[--p->peer_count];
    free(c);
    atomic_store(&p->consumers, p->peer_count);
    metric_add(&link_metrics.consumers, -1);
}

static void refuse(struct link_producer *p, const struct wire_address *to, const char *code, const char *text)
{
    struct reason why;
    reason_set(&why, code, "%s", text);
    metric_add(&link_metrics.refused, 1);
    log_warning("consumer refused", LOG_TEXT("address", p->address), LOG_REASON(&why));
    wire_say(p->socket, to, FRAME_REFUSED, &why);
}

static status send_beat(struct link_producer *p, const struct wire_address *to, uint64_t session)
{
    return wire_send(p->socket, to, &(struct frame){.kind = FRAME_BEAT, .lease = session}, NULL);
}

static struct peer *admit(struct link_producer *p, const struct wire_address *from)
{
    struct peer *c = p->peer_count < CONSUMERS_MAX ? calloc(1, sizeof *c) : NULL;
    if (!c) {
        refuse(p, from, "too_many_consumers", "no room for another consumer");
        return NULL;
    }
    c->address = *from;
    p->peers[p->peer_count++] = c;
    atomic_store(&p->consumers, p->peer_count);
    metric_add(&link_metrics.consumers, 1);
    log_info("consumer joined", LOG_TEXT("address", p->address), LOG_NUMBER("consumers", p->peer_count));
    return c;
}

/* A session that is repeated is only confirmed again; a new one of a consumer that we know ends the one before. */
static void hello(struct link_producer *p, const struct wire_address *from, struct peer *c, const struct frame *f)
{
    if (f->lease == 0) {
        metric_add(&link_metrics.malformed, 1);
        return;
    }
    if (!c && !(c = admit(p, from)))
        return;
    if (c->session != f->lease) {
        lose_held(p, c);
        c->session = f->lease;
        metric_add(&link_metrics.sessions, 1);
    }
    c->kinds = f->number;
    c->heard_ms = clock_steady_ms();
    if (send_beat(p, from, c->session) != ST_OK)
        drop(p, c, "cannot be reached");
}

/* --------------------------------------------------------------- answers ---- */

/* 0 takes back what was granted and is not used: the consumer stops. */
static void grant(struct peer *c, uint32_t more)
{
    uint64_t most = c->held < WIRE_CREDIT_MAX ? WIRE_CREDIT_MAX - c->held : 0;
    uint64_t sum = more == 0 ? 0 : (uint64_t)c->credit + more;
    c->credit = (uint32_t)(sum < most ? sum : most);
}

static void answer(struct link_producer *p, struct peer *c, const struct frame *f, const struct wire_message *m)
{
    static const enum link_verdict verdicts[FRAME_KIND_END] = {
        [FRAME_ACK] = LINK_ACK, [FRAME_RETRY] = LINK_RETRY, [FRAME_REJECT] = LINK_REJECT};
    if (!deliveries_take(&p->deliveries, f->lease, c, f->id)) {
        metric_add(&link_metrics.late, 1);
        return;
    }
    c->held--;
    enum link_verdict verdict = verdicts[f->kind];
    if (verdict == LINK_REJECT || (verdict == LINK_RETRY && m->has_body)) {
        struct reason why;
        wire_reason(&m->body, verdict == LINK_REJECT ? "rejected" : "retry", &why);
        tell_owner(p, f->id, verdict, &why);
    } else {
        tell_owner(p, f->id, verdict, NULL);
    }
}

static void handle_known(struct link_producer *p, struct peer *c, const struct frame *f, const struct wire_message *m)
{
    c->heard_ms = clock_steady_ms();
    switch (f->kind) {
    case FRAME_CREDIT: grant(c, f->number); break;
    case FRAME_ACK:
    case FRAME_RETRY:
    case FRAME_REJECT: answer(p, c, f, m); break;
    case FRAME_BEAT: break;
    case FRAME_BYE: drop(p, c, "bye"); break;
    default: metric_add(&link_metrics.malformed, 1); drop(p, c, "sent what only producers send");
    }
}

static void handle(struct link_producer *p, struct wire_message *m)
{
    struct wire_address from = {.len = (uint8_t)zmq_msg_size(&m->identity)};
    memcpy(from.bytes, zmq_msg_data(&m->identity), from.len);
    struct peer *c = find(p, &from);
    struct frame f;
    status st = wire_frame(m, &f);
    if (st != ST_OK) {
        metric_add(&link_metrics.malformed, st == ST_MALFORMED);
        if (c)
            drop(p, c, "sent a frame that is not understood");
        if (st == ST_REFUSED)
            refuse(p, &from, "version", "this producer does not speak that version of the link");
    } else if (f.kind == FRAME_HELLO) {
        hello(p, &from, c, &f);
    } else if (c) {
        handle_known(p, c, &f, m);
    } else if (f.kind != FRAME_BYE) {
        wire_say(p->socket, &from, FRAME_BEAT, NULL); /* of session 0: "I do not know you" */
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

static void release_body(void *body, void *hint)
{
    struct link_message *m = hint;
    m->release(body);
    free(m);
}

/* The owner's memory as a ZeroMQ message, without a copy. On failure the body is released. */
static status wrap_body(const struct link_message *m, zmq_msg_t *out)
{
    struct link_message *keep = malloc(sizeof *keep);
    if (keep)
        *keep = *m;
    if (!keep || zmq_msg_init_data(out, m->body, m->len, release_body, keep) != 0) {
        free(keep);
        m->release(m->body);
        return ST_NO_MEMORY;
    }
    return ST_OK;
}

static status send_message(struct link_producer *p, struct peer *c, const struct link_message *m, uint64_t lease)
{
    struct frame f = {
        .kind = FRAME_MESSAGE,
        .id = m->id,
        .upload_kind = (uint8_t)m->kind,
        .attempt = (uint8_t)(m->attempt < UINT8_MAX ? m->attempt : UINT8_MAX),
        .lease = lease,
    };
    zmq_msg_t body;
    if (wrap_body(m, &body) != ST_OK)
        return ST_NO_MEMORY;
    status st = wire_send(p->socket, &c->address, &f, &body);
    if (st != ST_OK)
        zmq_msg_close(&body);
    return st;
}

/* One message to one consumer. @return false when the owner has none for it */
static bool give(struct link_producer *p, struct peer *c)
{
    struct link_message m = {0};
    if (!p->owner.next(p->owner.ctx, c->kinds, &m))
        return false;
    atomic_fetch_add(&p->in_flight, 1);
    metric_add(&link_metrics.in_flight, 1);
    metric_add(&link_metrics.messages, 1);
    if (m.len > p->set.message_max) {
        struct reason why;
        reason_set(&why, "too_big_for_link", "%zu bytes, a link carries %zu", m.len, p->set.message_max);
        m.release(m.body);
        tell_owner(p, m.id, LINK_REJECT, &why);
        return true;
    }
    uint64_t lease = deliveries_add(&p->deliveries, c, m.id);
    if (lease == 0) {
        m.release(m.body);
        tell_owner(p, m.id, LINK_LOST, NULL);
        return false;
    }
    c->credit--;
    c->held++;
    status st = send_message(p, c, &m, lease);
    if (st != ST_OK)
        drop(p, c, st == ST_NO_MEMORY ? "no memory" : "cannot be reached");
    return true;
}

/* @return true when the turn ended before the work did */
static bool offer(struct link_producer *p)
{
    if (atomic_load(&p->is_paused))
        return false;
    int given = 0;
    for (size_t idle = 0; idle < p->peer_count && given < TURN_MAX;) {
        struct peer *c = p->peers[p->turn++ % p->peer_count];
        if (c->credit > 0 && give(p, c)) {
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
    for (size_t i = p->peer_count; i-- > 0;) { /* backwards: drop() moves the last one to where the dropped one was */
        struct peer *c = p->peers[i];
        if (now - c->heard_ms > p->set.silence_ms)
            drop(p, c, "silent");
        else if (send_beat(p, &c->address, c->session) != ST_OK)
            drop(p, c, "cannot be reached");
    }
}

static void say_bye(struct link_producer *p)
{
    while (p->peer_count > 0) {
        struct peer *c = p->peers[p->peer_count - 1];
        wire_say(p->socket, &c->address, FRAME_BYE, NULL);
        drop(p, c, "the producer stops");
    }
}

static void *run(void *arg)
{
    struct link_producer *p = arg;
    bool has_more = false;
    while (!atomic_load(&p->is_stopping)) {
        int64_t wait = p->next_beat_ms - clock_steady_ms();
        zmq_pollitem_t items[] = {{p->socket, 0, ZMQ_POLLIN, 0}, {NULL, p->wake.fd, ZMQ_POLLIN, 0}};
        if (zmq_poll(items, COUNT(items), has_more || wait < 0 ? 0 : (long)wait) < 0 && errno != EINTR)
            break; /* the context is gone: only a bug of ours can do that */
        wake_take(&p->wake);
        has_more = receive(p);
        has_more |= offer(p);
        beat(p);
    }
    say_bye(p);
    return NULL;
}

/* --------------------------------------------------------------- binding ---- */

/* ZeroMQ removes an IPC socket that is there and binds its own: a second process would silently take the place of the
 * first. Whether somebody listens, only a connection tells. */
static bool somebody_listens(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    memcpy(to.sun_path, path, strnlen(path, sizeof to.sun_path - 1));
    AUTO(fd_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

static status bind_failed(const char *address, struct reason *why)
{
    int error = errno;
    reason_set(why, "bind", "cannot listen at %s: %s", address, zmq_strerror(error));
    switch (error) {
    case EADDRINUSE: return ST_CONFLICT;
    case EINVAL:
    case ENODEV:
    case EADDRNOTAVAIL:
    case ENAMETOOLONG: return ST_INVALID;
    default: return ST_IO;
    }
}

static status listen_at(struct link_producer *p, const char *text, struct reason *why)
{
    struct address a;
    status st = address_parse(view_of(text), true, &a, why);
    if (st != ST_OK)
        return st;
    if (strncmp(a.text, "ipc://", 6) == 0 && somebody_listens(a.text + 6)) {
        reason_set(why, "bind", "cannot listen at %s: another process does", a.text);
        return ST_CONFLICT;
    }
    char numeric[1][ADDRESS_TEXT]; /* ZeroMQ binds to numbers and devices only */
    if (a.is_name && address_expand(&a, numeric, 1) == 1)
        memcpy(a.text, numeric[0], sizeof a.text);
    if (zmq_bind(p->socket, a.text) != 0)
        return bind_failed(a.text, why);
    size_t len = sizeof p->address;
    if (zmq_getsockopt(p->socket, ZMQ_LAST_ENDPOINT, p->address, &len) != 0)
        memcpy(p->address, a.text, sizeof p->address);
    return ST_OK;
}

static status start(struct link_producer *p, const char *address, struct reason *why)
{
    p->context = zmq_ctx_new();
    p->socket = p->context ? wire_socket(p->context, ZMQ_ROUTER, &p->set, WIRE_REASON_MAX) : NULL;
    if (!p->socket || wake_init(&p->wake) != ST_OK) {
        reason_set(why, "link", "cannot make a socket: %s", zmq_strerror(errno));
        return ST_IO;
    }
    status st = listen_at(p, address, why);
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
    status st = start(p, address, why);
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
    wire_end(p->context);
    wake_clear(&p->wake);
    deliveries_clear(&p->deliveries);
    free(p);
}
