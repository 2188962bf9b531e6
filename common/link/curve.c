#include "common/link/curve.h"

#include "common/log/log.h"

#include <errno.h>
#include <zmq.h>

enum { RAW_KEY = 32, ZAP_FRAMES_MAX = 16, ZAP_TEXT = 256 };

/* ------------------------------------------------------------------ keys ---- */

status link_key_make(char out[LINK_KEY_TEXT])
{
    char open[LINK_KEY_TEXT];
    return zmq_curve_keypair(open, out) == 0 ? ST_OK : ST_IO;
}

status curve_keys(const char *text, struct curve_keys *out, struct reason *why)
{
    static const char blanks[] = " \t\r\n";
    *out = (struct curve_keys){0};
    const char *begin = text ? text + strspn(text, blanks) : "";
    size_t len = strcspn(begin, blanks);
    if (len == 0)
        return ST_OK;
    if (len == LINK_KEY_TEXT - 1 && begin[len + strspn(begin + len, blanks)] == '\0') {
        memcpy(out->secret, begin, len);
        if (zmq_curve_public(out->open, out->secret) == 0)
            return ST_OK;
    }
    *out = (struct curve_keys){0};
    reason_set(why, "link_key", "the key of the links is not one that muster keys makes: %d characters are expected",
               LINK_KEY_TEXT - 1);
    return ST_INVALID;
}

status link_key_check(const char *text, struct reason *why)
{
    struct curve_keys ignored;
    return curve_keys(text, &ignored, why);
}

/* --------------------------------------------------------------- sockets ---- */

static bool set_text(void *socket, int option, const char *value)
{
    return zmq_setsockopt(socket, option, value, strlen(value)) == 0;
}

static bool set_own(void *socket, const struct curve_keys *keys)
{
    return set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret) && set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->open);
}

status curve_listen(void *socket, const struct curve_keys *keys)
{
    const int yes = 1;
    if (!keys->secret[0])
        return ST_OK;
    return zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0 && set_own(socket, keys) &&
                   set_text(socket, ZMQ_ZAP_DOMAIN, "muster")
               ? ST_OK
               : ST_IO;
}

status curve_connect(void *socket, const struct curve_keys *keys)
{
    if (!keys->secret[0])
        return ST_OK;
    return set_text(socket, ZMQ_CURVE_SERVERKEY, keys->open) && set_own(socket, keys) ? ST_OK : ST_IO;
}

/* ------------------------------------------------------------------ gate ---- */

void *curve_gate_open(void *context, const struct curve_keys *keys)
{
    const int zero = 0;
    errno = 0;
    if (!keys->secret[0])
        return NULL;
    void *gate = zmq_socket(context, ZMQ_REP);
    if (gate && zmq_setsockopt(gate, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
        zmq_bind(gate, "inproc://zeromq.zap.01") == 0)
        return gate;
    int error = errno;
    if (gate)
        zmq_close(gate);
    errno = error ? error : EMFILE;
    return NULL;
}

/* A question has seven frames: version, its id, domain, address, identity, mechanism, credentials. */
struct question {
    char id[ZAP_TEXT], address[ZAP_TEXT], mechanism[ZAP_TEXT];
    uint8_t key[RAW_KEY];
    size_t id_len, key_len;
};

static void copy_text(char *out, const char *data, size_t len)
{
    len = len < ZAP_TEXT - 1 ? len : ZAP_TEXT - 1;
    memcpy(out, data, len);
    out[len] = '\0';
}

/* @return false when there is none now */
static bool receive(void *gate, struct question *q)
{
    *q = (struct question){0};
    int more = 1;
    size_t size = sizeof more;
    for (int i = 0; more && i < ZAP_FRAMES_MAX; i++) {
        char data[ZAP_TEXT];
        int got = zmq_recv(gate, data, sizeof data, ZMQ_DONTWAIT);
        if (got < 0)
            return false;
        size_t len = (size_t)got < sizeof data ? (size_t)got : sizeof data;
        switch (i) {
        case 1:
            memcpy(q->id, data, len);
            q->id_len = len;
            break;
        case 3: copy_text(q->address, data, len); break;
        case 5: copy_text(q->mechanism, data, len); break;
        case 6:
            q->key_len = (size_t)got;
            memcpy(q->key, data, len < RAW_KEY ? len : RAW_KEY);
            break;
        default: break;
        }
        zmq_getsockopt(gate, ZMQ_RCVMORE, &more, &size);
    }
    return true;
}

static bool is_member(const struct question *q, const struct curve_keys *keys)
{
    uint8_t ours[RAW_KEY];
    return strcmp(q->mechanism, "CURVE") == 0 && q->key_len == RAW_KEY && zmq_z85_decode(ours, keys->open) &&
           memcmp(q->key, ours, RAW_KEY) == 0; /* public halves: nothing to be learnt from the time it takes */
}

static void reply(void *gate, const struct question *q, bool is_let_in)
{
    const char *const code = is_let_in ? "200" : "400", *const text = is_let_in ? "OK" : "another key";
    const struct {
        const char *data;
        size_t len;
    } parts[] = {{"1.0", 3}, {q->id, q->id_len}, {code, 3}, {text, strlen(text)}, {"", 0}, {"", 0}};
    for (size_t i = 0; i < COUNT(parts); i++)
        zmq_send(gate, parts[i].data, parts[i].len, ZMQ_DONTWAIT | (i + 1 < COUNT(parts) ? ZMQ_SNDMORE : 0));
}

void curve_gate_serve(void *gate, const struct curve_keys *keys)
{
    struct question q;
    while (receive(gate, &q)) {
        bool is_let_in = is_member(&q, keys);
        reply(gate, &q, is_let_in);
        if (is_let_in)
            continue;
        metric_add(&link_metrics.refused, 1);
        log_warning("consumer refused", LOG_TEXT("from", q.address), LOG_TEXT("code", "link_key"),
                    LOG_TEXT("reason", "its key is not ours"));
    }
}

/* ----------------------------------------------------------------- watch ---- */

void *curve_watch_open(void *context, void *socket, const struct curve_keys *keys)
{
    static const char place[] = "inproc://muster.handshakes";
    /* Who speaks without keys sees from our greeting that we do not, and leaves: without a detail. */
    const int zero = 0, events = ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
    errno = 0;
    if (!keys->secret[0])
        return NULL;
    void *watch = zmq_socket(context, ZMQ_PAIR);
    if (watch && zmq_setsockopt(watch, ZMQ_LINGER, &zero, sizeof zero) == 0 &&
        zmq_socket_monitor(socket, place, events) == 0 && zmq_connect(watch, place) == 0)
        return watch;
    int error = errno;
    if (watch)
        zmq_close(watch);
    errno = error ? error : EMFILE;
    return NULL;
}

/* Of each event two frames: its number and value, and the address that was listened at. */
void curve_watch_serve(void *watch)
{
    uint8_t event[8];
    while (zmq_recv(watch, event, sizeof event, ZMQ_DONTWAIT) >= 0) {
        int more = 0;
        size_t size = sizeof more;
        if (zmq_getsockopt(watch, ZMQ_RCVMORE, &more, &size) == 0 && more)
            continue;
        metric_add(&link_metrics.refused, 1);
        log_warning("consumer refused", LOG_TEXT("code", "link_key"), LOG_TEXT("reason", "it has no key, or not ours"));
    }
}
