/**
 * The consumers that a producer has in session. Private to common/link.
 *
 * Threads: the producer's own.
 */
#ifndef MUSTER_COMMON_LINK_PEERS_H
#define MUSTER_COMMON_LINK_PEERS_H

#include "common/link/wire.h"

enum { PEERS_MAX = 1024 };

/** A consumer in session. */
struct peer {
    struct wire_address address;
    uint64_t session;
    uint8_t version; /**< of the session */
    unsigned kinds;
    uint32_t credit;             /**< messages that may still be given */
    uint32_t held;               /**< given and not answered */
    size_t held_bytes;           /**< of those */
    bool has_suspect, is_alone;  /**< one waits until nothing is held; it is what is held */
    bool is_idle;                /**< what it holds has not been begun, it says */
    bool is_unreachable;         /**< nothing can be sent; what it said before may still be read */
    struct link_message suspect; /**< valid with has_suspect */
    int64_t heard_ms;
};

struct peers {
    struct peer *list[PEERS_MAX]; /**< owned */
    size_t count;
    size_t turn;          /**< whose turn it is to be given something */
    bool has_unreachable; /**< some peer is */
};

/** @return NULL: nobody of this address is in session */
struct peer *peers_find(const struct peers *all, const struct wire_address *from);
/** @return NULL when there are PEERS_MAX, or memory is out */
struct peer *peers_add(struct peers *all, const struct wire_address *from);
/** The last one moves to its place. */
void peers_remove(struct peers *all, struct peer *c);
/** Grant it more messages; 0 takes back what was granted and is not used: the consumer stops. */
void peer_grant(struct peer *c, uint32_t more);

#endif
