#include "common/link/wire.h"

#include "common/base/clock.h"
#include "common/log/log.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>

METRICS_DEFINE(link_metrics, LINK_METRICS);

enum {
    BEAT_MS = 1000,
    SILENCE_MS = 10000,
    MESSAGE_MAX = 64 << 20,
    BYTES_MAX = 64 << 20,
    LINGER_MS = 200, /* for the last words of a producer; a consumer sets its own */
    RECONNECT_MS = 100,
    RECONNECT_MAX_MS = 2000, /* a partition that ends is noticed within 5 s */
    HANDSHAKE_MS = 5000,
};

struct link_settings wire_settings(const struct link_settings *set)
{
    struct link_settings full = set ? *set : (struct link_settings){0};
    if (full.beat_ms <= 0)
        full.beat_ms = BEAT_MS;
    if (full.silence_ms <= 0)
        full.silence_ms = SILENCE_MS;
    if (full.message_max == 0)
        full.message_max = MESSAGE_MAX;
    if (full.bytes_max == 0)
        full.bytes_max = BYTES_MAX;
    if (full.version == 0)
        full.version = LINK_VERSION;
    full.key = NULL; /* not ours beyond the call */
    return full;
}

void *wire_socket(void *context, int type, const struct link_settings *set, int64_t part_max)
{
    const struct {
        int option, value;
        bool router_only, dealer_only;
    } options[] = {
        {ZMQ_LINGER, LINGER_MS, false, false},
        {ZMQ_SNDHWM, WIRE_HIGH_WATER, false, false},
        {ZMQ_RCVHWM, WIRE_HIGH_WATER, false, false},
        {ZMQ_IPV6, 1, false, false},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS, false, false},
        {ZMQ_RECONNECT_IVL, RECONNECT_MS, false, false},
        {ZMQ_RECONNECT_IVL_MAX, RECONNECT_MAX_MS, false, false},
        {ZMQ_HEARTBEAT_IVL, set->beat_ms, false, false},
        {ZMQ_HEARTBEAT_TIMEOUT, set->silence_ms, false, false},
        {ZMQ_ROUTER_MANDATORY, 1, true, false},
        {ZMQ_IMMEDIATE, 1, false, true},
    };
    void *s = zmq_socket(context, type);
    bool is_good = s && zmq_setsockopt(s, ZMQ_MAXMSGSIZE, &part_max, sizeof part_max) == 0;
    for (size_t i = 0; is_good && i < COUNT(options); i++) {
        if ((options[i].router_only && type != ZMQ_ROUTER) || (options[i].dealer_only && type != ZMQ_DEALER))
            continue;
        is_good = zmq_setsockopt(s, options[i].option, &options[i].value, sizeof options[i].value) == 0;
    }
    if (s && !is_good) {
        zmq_close(s);
        return NULL;
    }
    return s;
}

void wire_end(void *context)
{
    while (context && zmq_ctx_term(context) != 0 && errno == EINTR)
        ;
}

static bool receive_part(void *socket, zmq_msg_t *part)
{
    int got;
    do
        got = zmq_msg_recv(part, socket, ZMQ_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got >= 0;
}

/* Take what follows the last part that we know: a message is received whole or not at all. */
static void drop_rest(void *socket)
{
    zmq_msg_t part;
    zmq_msg_init(&part);
    while (receive_part(socket, &part) && zmq_msg_more(&part))
        ;
    zmq_msg_close(&part);
}

bool wire_receive(void *socket, bool with_identity, struct wire_message *out)
{
    zmq_msg_init(&out->identity);
    zmq_msg_init(&out->head);
    zmq_msg_init(&out->body);
    out->has_body = out->is_too_long = false;
    bool has_more = true;
    if (with_identity) {
        if (!receive_part(socket, &out->identity))
            return false;
        has_more = zmq_msg_more(&out->identity);
    }
    if (has_more) {
        if (!receive_part(socket, &out->head))
            return false;
        has_more = zmq_msg_more(&out->head);
    }
    if (has_more) {
        out->has_body = receive_part(socket, &out->body);
        has_more = zmq_msg_more(&out->body);
    }
    if (has_more) {
        out->is_too_long = true;
        drop_rest(socket);
    }
    return true;
}

void wire_clear(struct wire_message *m)
{
    zmq_msg_close(&m->identity);
    zmq_msg_close(&m->head);
    zmq_msg_close(&m->body);
}

/* zmq_msg_data() wants a pointer that it does not write through. */
static const void *data_of(const zmq_msg_t *m)
{
    union {
        const zmq_msg_t *in;
        zmq_msg_t *out;
    } u = {m};
    return zmq_msg_data(u.out);
}

status wire_frame(const struct wire_message *m, unsigned newest, struct frame *out)
{
    struct frame f = {0};
    status st = frame_decode(data_of(&m->head), zmq_msg_size(&m->head), newest, &f);
    *out = f;
    if (st != ST_OK)
        return st;
    if (m->is_too_long || m->has_body != (f.body_len > 0) || zmq_msg_size(&m->body) != f.body_len)
        return ST_MALFORMED;
    return ST_OK;
}

static status send_bytes(void *socket, const void *data, size_t len, int flags)
{
    int sent;
    do
        sent = zmq_send(socket, data, len, flags | ZMQ_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? ST_UNAVAILABLE : ST_OK;
}

/* Only the first part can be refused (no such peer, pipe full): ZeroMQ takes the rest of a message that it began. */
status wire_send(void *socket, const struct wire_address *to, const struct frame *f, zmq_msg_t *body)
{
    uint8_t head[FRAME_SIZE];
    struct frame out = *f;
    out.body_len = body ? (uint32_t)zmq_msg_size(body) : 0;
    frame_encode(&out, head);
    if (to && send_bytes(socket, to->bytes, to->len, ZMQ_SNDMORE) != ST_OK)
        return ST_UNAVAILABLE;
    bool has_body = out.body_len > 0;
    if (send_bytes(socket, head, sizeof head, has_body ? ZMQ_SNDMORE : 0) != ST_OK)
        return ST_UNAVAILABLE;
    if (!has_body) {
        if (body)
            zmq_msg_close(body);
        return ST_OK;
    }
    int sent;
    do
        sent = zmq_msg_send(body, socket, ZMQ_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? ST_UNAVAILABLE : ST_OK;
}

status wire_send_reason(void *socket, const struct wire_address *to, struct frame f, const struct reason *why)
{
    if (!why)
        return wire_send(socket, to, &f, NULL);
    zmq_msg_t body;
    size_t code_len = strnlen(why->code, sizeof why->code - 1), text_len = strnlen(why->text, sizeof why->text - 1);
    if (zmq_msg_init_size(&body, code_len + 1 + text_len) != 0)
        return ST_UNAVAILABLE;
    char *p = zmq_msg_data(&body);
    memcpy(p, why->code, code_len);
    p[code_len] = '\0';
    memcpy(p + code_len + 1, why->text, text_len);
    status st = wire_send(socket, to, &f, &body);
    if (st != ST_OK)
        zmq_msg_close(&body);
    return st;
}

void wire_say(void *socket, const struct wire_address *to, struct frame f, const struct reason *why)
{
    if (wire_send_reason(socket, to, f, why) != ST_OK)
        log_debug("a last word is lost", LOG_NUMBER("kind", f.kind));
}

void wire_reason(const zmq_msg_t *body, const char *fallback, struct reason *out)
{
    const char *p = data_of(body);
    size_t len = zmq_msg_size(body), code_len = len ? strnlen(p, len) : 0;
    size_t text_at = code_len < len ? code_len + 1 : len;
    char code[sizeof out->code] = "";
    bool is_word = code_len > 0 && code_len < sizeof code;
    for (size_t i = 0; is_word && i < code_len; i++)
        is_word = p[i] == '_' || (p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'z');
    if (is_word)
        memcpy(code, p, code_len);
    size_t text_len = len - text_at < sizeof out->text ? len - text_at : sizeof out->text - 1;
    reason_set(out, is_word ? code : fallback, "%.*s", (int)text_len, len ? p + text_at : "");
}

static void release_body(void *body, void *hint)
{
    struct link_message *m = hint;
    m->release(body);
    free(m);
}

status wire_wrap(const struct link_message *m, zmq_msg_t *out)
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

status wake_init(struct wake *w)
{
    atomic_init(&w->is_set, false);
    w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return w->fd < 0 ? ST_IO : ST_OK;
}

void wake_clear(struct wake *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
}

void wake_up(struct wake *w)
{
    if (!atomic_exchange(&w->is_set, true))
        eventfd_write(w->fd, 1);
}

void wake_take(struct wake *w)
{
    eventfd_t ignored;
    (void)eventfd_read(w->fd, &ignored); /* empty when nobody woke us */
    atomic_exchange(&w->is_set, false);
}

uint64_t wire_random(void)
{
    uint64_t r = 0;
    if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r)
        r = (uint64_t)clock_wall_us() * 0x9e3779b97f4a7c15u ^ (uint64_t)getpid();
    return r;
}
