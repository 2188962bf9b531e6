/**
 * What both ends of a link do with ZeroMQ: sockets with every default that matters set, frames in and out without
 * ever blocking, and a wake-up for the thread that owns the sockets. Private to common/link.
 *
 * Threads: a socket belongs to one thread; wake_up() is for all others.
 */
#ifndef MUSTER_COMMON_LINK_WIRE_H
#define MUSTER_COMMON_LINK_WIRE_H

#include "common/link/frame.h"
#include "common/link/link.h"

#include <zmq.h>

enum {
    WIRE_IDENTITY_MAX = 255, /**< by ZeroMQ's own definition */
    WIRE_REASON_MAX = 512,   /**< body of a REJECT, RETRY or REFUSED */
    WIRE_HIGH_WATER = 4096,  /**< messages in a pipe; above the largest credit, so reaching it means a fault */
    WIRE_CREDIT_MAX = 1024,  /**< messages that one consumer can hold of one producer */
};

/** Settings with the defaults filled in. */
struct link_settings wire_settings(const struct link_settings *set);

/** A socket (ZMQ_ROUTER or ZMQ_DEALER) that neither blocks nor queues for nobody. @param part_max bytes of one part
 *  @return NULL when memory or descriptors are out */
void *wire_socket(void *context, int type, const struct link_settings *set, int64_t part_max);

/** Close a context, however often a signal interrupts that; its sockets must be closed. NULL is allowed. */
void wire_end(void *context);

/** One message as it was received. Every part is valid (maybe empty) and must be released with wire_clear(). */
struct wire_message {
    zmq_msg_t identity; /**< of the sender, ROUTER only */
    zmq_msg_t head;
    zmq_msg_t body;
    bool has_body;
    bool is_too_long; /**< there were more parts: they are gone */
};

/** @param with_identity  the socket is a ROUTER  @return false when there is none now, or memory is out */
bool wire_receive(void *socket, bool with_identity, struct wire_message *out);
void wire_clear(struct wire_message *m);
/** The frame in `m`, checked against its body. @retval as frame_decode() */
MUST_CHECK status wire_frame(const struct wire_message *m, unsigned newest, struct frame *out);

/** Where a ROUTER sends to; an empty one for a DEALER. */
struct wire_address {
    uint8_t len;
    uint8_t bytes[WIRE_IDENTITY_MAX];
};

/**
 * Send a frame and its body, all or nothing, without blocking.
 *
 * @param to    NULL for a DEALER
 * @param body  NULL: none. Taken over on ST_OK, else left with the caller
 * @retval ST_UNAVAILABLE  the peer is gone or does not read
 */
MUST_CHECK status wire_send(void *socket, const struct wire_address *to, const struct frame *f, zmq_msg_t *body);
/** The same with `why` as body, "code\0text"; NULL: none. */
MUST_CHECK status wire_send_reason(void *socket, const struct wire_address *to, struct frame f,
                                   const struct reason *why);
/** The same for a last word: when it cannot be sent, silence says it. */
void wire_say(void *socket, const struct wire_address *to, struct frame f, const struct reason *why);
/** What such a body says; cut and cleaned, `fallback` as code where it has none that is a word. */
void wire_reason(const zmq_msg_t *body, const char *fallback, struct reason *out);

/** An owner's memory as a ZeroMQ message, without a copy. On failure the body is released. @retval ST_NO_MEMORY */
MUST_CHECK status wire_wrap(const struct link_message *m, zmq_msg_t *out);

/** An event that many threads set and one waits for in zmq_poll(). */
struct wake {
    int fd;
    atomic_bool is_set; /**< spares the system call when it is set already */
};
MUST_CHECK status wake_init(struct wake *w);
void wake_clear(struct wake *w);
void wake_up(struct wake *w);
/** Take the event back; whatever was asked for before this call is visible after it. */
void wake_take(struct wake *w);

/** Fill with random bytes that nobody can guess; falls back to the clocks where the kernel gives none. */
uint64_t wire_random(void);

#endif
