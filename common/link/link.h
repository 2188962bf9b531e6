/**
 * The wire between services: pull with credit over ZeroMQ (ROUTER at the producer, DEALER at the consumer).
 *
 * A consumer announces which upload kinds it takes and grants credit; the producer sends no more than that. Every
 * message is answered with ack, retry or reject; beats go both ways; when a consumer falls silent, everything it held
 * is handed back to the producer's owner, which offers it again. So a message is never forgotten between two services,
 * and may be delivered twice: what it does must be repeatable (the writer's is, by upload id).
 *
 * Poison: a message that kills who takes it must not drag down what was given out beside it. A suspect (one that was lost
 * with a consumer before) is given to a consumer that holds nothing else of this producer, and nothing beside it. The
 * consumer hands it out when it works at nothing, of whichever producer, and when all other producers have confirmed to
 * know that (IDLE): should it die, they take back what it held as not begun.
 *
 * ZeroMQ is known in this module only.
 *
 * Frame, sent as one ZeroMQ message part in front of the body part; 48 bytes, big-endian:
 *
 *   offset  size  field
 *        0     4  magic      "MLNK"
 *        4     1  version    of the session, see below
 *        5     1  kind       enum link_kind
 *        6     2  flags      bit 0: a suspect, given alone (message); a receiver ignores bits it does not know
 *        8    16  upload id  (message, ack, retry, reject; else 0)
 *       24     1  upload kind (message), 0 else
 *       25     1  attempt    how often it was offered before, 255 = 255 or more (message)
 *       26     2  reserved   0
 *       28     4  a number:  hello: mask of upload kinds; credit: messages granted more,
 *                            0 takes back what is not used yet; refused for its version: newest that is spoken;
 *                            idle: 1, or 0 when it is over; beat of a producer: the serial of the idle that it
 *                            confirms, else 0
 *       32     8  lease      message: number of this delivery, repeated by the answer to it; a late answer to a
 *                            delivery that was given to somebody else is recognised by it and ignored.
 *                            hello: number of the session that the consumer wants to begin, not 0.
 *                            beat of a producer: the session that it has with this consumer; 0: "I do not know you".
 *                            idle: its serial, not 0, below 2^32
 *       40     4  body_len   bytes of the body part (0: there is no body part)
 *       44     4  crc        CRC-32C of bytes 0..43
 *
 *   consumer -> producer:  HELLO, CREDIT, ACK, RETRY, REJECT (body: "code\0text"), BEAT, BYE, IDLE (from version 2 on:
 *                          nothing of what it holds has been begun; BYE says the same for the last time)
 *   producer -> consumer:  MESSAGE, BEAT, BYE, REFUSED (body: why; e.g. a version it does not speak)
 *
 * Session: a consumer says HELLO until a beat repeats its session number, and only then grants credit. A connection
 * that was lost and made again is a new, unknown consumer to the producer (ROUTER names connections, not peers), and so
 * is every consumer to a producer that was restarted: whatever an unknown one sends but HELLO is answered by a beat with
 * session 0, upon which the consumer drops what it holds of the old session and says HELLO again. So both ends agree
 * within a beat on what is held, whatever was lost between them.
 *
 * Versions: both ends speak LINK_VERSION and LINK_VERSION - 1. A consumer says HELLO in its newest one; a producer answers
 * in the version of the HELLO, or with REFUSED and the newest it speaks, upon which a consumer that speaks that one, too,
 * says HELLO in it. So services of version n and n + 1 work together in any order of a rolling upgrade; what is further
 * apart is refused, counted and logged, and nothing was given out. Bytes 0 to 47 of HELLO and REFUSED are the same in
 * every version.
 *
 * Keys: with link_settings.key both ends do CURVE (encrypted, mutually authenticated). One key pair serves a whole
 * installation: who has its secret half is a member, nobody else gets or sends a frame. `muster keys` makes one.
 *
 * Threads: a producer and a consumer each run a thread of their own that owns the socket. All functions here may be
 * called from any thread.
 */
#ifndef MUSTER_COMMON_LINK_LINK_H
#define MUSTER_COMMON_LINK_LINK_H

#include "common/base/cleanup.h"
#include "common/metrics/metrics.h"
#include "common/upload/upload.h"

enum { LINK_VERSION = 2 };

/** What a consumer said about a message, or what became of it. */
enum link_verdict {
    LINK_ACK, /**< done, durable: forget it */
    LINK_RETRY, /**< could not be done now (database away), or was not begun by a consumer that is gone: offer it again, later */
    LINK_REJECT, /**< will never work: quarantine it (`why` says why) */
    LINK_LOST,   /**< the consumer fell silent with it: offer it again, now */
};

/** Code of a LINK_RETRY's reason: whom the consumer gave it to fell silent. Who counts such losses counts this one, too. */
#define LINK_WHY_LOST "consumer_lost"

enum { LINK_KEY_TEXT = 41 }; /**< a key in Z85, with its NUL */

/** Make the secret key of an installation. @retval ST_IO no randomness */
MUST_CHECK status link_key_make(char out[LINK_KEY_TEXT]);
/** Whether `text` is one (blanks around it are allowed). @retval ST_INVALID with `why`, which never quotes it */
MUST_CHECK status link_key_check(const char *text, struct reason *why);

/** Common to both ends. 0 in a field means its default. */
struct link_settings {
    int beat_ms;        /**< pause between beats; default 1000 */
    int silence_ms;     /**< silent for longer: gone; default 10000 */
    size_t message_max; /**< bytes of one message; a consumer drops the connection at a larger one, a producer hands a
                              larger one back with LINK_REJECT; default 64 MiB */
    size_t bytes_max;   /**< producer: bytes given to one consumer and not answered; one message is always given.
                              Default 64 MiB */
    const char *key;    /**< the installation's secret key, used during the call only; NULL or "": plain text */
    unsigned version;   /**< newest version spoken; default LINK_VERSION. For tests of rolling upgrades */
};

#define LINK_METRICS(X)                                                                                                \
    X(messages, "muster_link_messages_total", METRIC_COUNTER, "deliveries sent or received")                           \
    X(acks, "muster_link_verdicts_total{verdict=\"ack\"}", METRIC_COUNTER, "deliveries by what became of them")        \
    X(retries, "muster_link_verdicts_total{verdict=\"retry\"}", METRIC_COUNTER, "deliveries by what became of them")   \
    X(rejects, "muster_link_verdicts_total{verdict=\"reject\"}", METRIC_COUNTER, "deliveries by what became of them")  \
    X(lost, "muster_link_verdicts_total{verdict=\"lost\"}", METRIC_COUNTER, "deliveries by what became of them")       \
    X(late, "muster_link_late_answers_total", METRIC_COUNTER, "answers to deliveries that were given to others")       \
    X(malformed, "muster_link_malformed_total", METRIC_COUNTER, "frames that could not be understood")                 \
    X(refused, "muster_link_refused_total", METRIC_COUNTER, "peers refused: version, key, number of consumers")        \
    X(sessions, "muster_link_sessions_total", METRIC_COUNTER, "sessions begun with a peer")                            \
    X(consumers, "muster_link_consumers", METRIC_GAUGE, "consumers in session")                                        \
    X(producers, "muster_link_producers", METRIC_GAUGE, "producers in session")                                        \
    X(in_flight, "muster_link_in_flight", METRIC_GAUGE, "messages given out and not answered")                         \
    X(held, "muster_link_held", METRIC_GAUGE, "messages received and not answered")
METRICS_DECLARE(link_metrics, LINK_METRICS);

/* ------------------------------------------------------------------ producer ---- */

/** One message on its way out. The link calls `release` once it no longer needs `body`: from a thread of its own or of
 *  ZeroMQ's, at any time, also while link_producer_destroy() runs; it must not call back. free() is what it is for. */
struct link_message {
    struct upload_id id;
    enum upload_kind kind;
    unsigned attempt; /**< deliveries before this one */
    bool is_suspect;  /**< was lost with a consumer before: to be given alone */
    void *body;
    size_t len;
    void (*release)(void *body);
};

/** The owner's side: called on the link's thread, must not block for long, must not call link_producer_destroy(). */
struct link_owner {
    void *ctx;
    /** The next message of one of these kinds (mask of UPLOAD_MASK) for a consumer with credit. The owner gives each
     *  message out once until its verdict. @return false when there is none: call link_producer_wake() when there is. */
    bool (*next)(void *ctx, unsigned kinds, struct link_message *out);
    /** Exactly once for every message that next() gave. `why` is NULL unless verdict is LINK_REJECT or LINK_RETRY. */
    void (*verdict)(void *ctx, struct upload_id id, enum link_verdict verdict, const struct reason *why);
};

struct link_producer;

/**
 * Bind and start.
 * @param address  "tcp://host:port" (host may be a star: all; port may be a star: any free one, for tests) or
 *                 "ipc:///path" (at most 107 bytes of path)
 * @param owner    copied; its ctx must outlive the producer
 * @retval ST_INVALID not an address, not a key  @retval ST_CONFLICT in use  @retval ST_NO_MEMORY  @retval ST_IO
 */
MUST_CHECK status link_producer_new(const char *address, const struct link_settings *set,
                                    const struct link_owner *owner, struct link_producer **out, struct reason *why);
/** Where it listens, the port filled in; valid as long as the producer. */
const char *link_producer_address(const struct link_producer *p);
/** There may be something for next() to give. Cheap; any thread. */
void link_producer_wake(struct link_producer *p);
/** Messages given out and not answered yet. */
size_t link_producer_in_flight(const struct link_producer *p);
/** Consumers that are connected and not silent. */
size_t link_producer_consumers(const struct link_producer *p);
/** Give out nothing more (answers are still taken). */
void link_producer_pause(struct link_producer *p);
/** Stop: whatever is in flight gets LINK_LOST, then the thread ends. NULL is allowed. */
void link_producer_destroy(struct link_producer *p);
AUTO_DEFINE(struct link_producer, link_producer_destroy)

/* ------------------------------------------------------------------ consumer ---- */

/** A message that was received; owned by who took it until link_consumer_answer(). */
struct link_delivery {
    struct upload_id id;
    enum upload_kind kind;
    unsigned attempt;
    bool is_suspect;     /**< was lost with a consumer before; given alone */
    const uint8_t *body; /**< valid until the answer */
    size_t len;
};

struct link_consumer;

/**
 * Connect and start.
 * @param addresses  one or more producers, separated by commas or blanks: "ipc:///run/a.sock tcp://parser:5602". A TCP
 *                   name stands for all its addresses; it is resolved again every few seconds, new ones are connected,
 *                   vanished ones let go once they are silent (one that drains has left the name but not the line).
 * @param kinds      mask of UPLOAD_MASK
 * @param credit     messages held and not answered at most, per producer (4 to 64 is sensible)
 * @retval ST_INVALID an address or the key is wrong  @retval ST_NO_MEMORY  @retval ST_IO
 */
MUST_CHECK status link_consumer_new(const char *addresses, unsigned kinds, unsigned credit,
                                    const struct link_settings *set, struct link_consumer **out, struct reason *why);
/** The next message, waiting at most `wait_ms` (0: do not wait, -1: until there is one or the consumer is stopped).
 *  @return NULL when there was none in time or the consumer is stopped and empty */
struct link_delivery *link_consumer_take(struct link_consumer *c, int wait_ms);
/** Wait until `count` of them can be taken, or `wait_ms` have passed, or the consumer is stopped: one wake-up where taking them one by
 *  one would cost one each. For consumers of which one thread takes. */
void link_consumer_wait(struct link_consumer *c, size_t count, int wait_ms);
/** Answer and free a delivery: LINK_ACK, LINK_RETRY or LINK_REJECT (then `why` must be given). Answers to a producer that
 *  is gone are dropped: it hands the message to somebody else. */
void link_consumer_answer(struct link_consumer *c, struct link_delivery *d, enum link_verdict verdict,
                          const struct reason *why);
/** Producers that are connected and not silent. */
size_t link_consumer_producers(const struct link_consumer *c);
/** Grant no more credit and let take() return NULL once what was received is taken; answers still go out. */
void link_consumer_stop(struct link_consumer *c);
/** Say BYE, flush answers (at most a second), end the thread. All deliveries must have been answered. NULL is allowed. */
void link_consumer_destroy(struct link_consumer *c);
AUTO_DEFINE(struct link_consumer, link_consumer_destroy)

#endif
