/**
 * The producers that a consumer is connected to, each with a socket of its own, kept in step with what names stand for.
 * Private to common/link.
 *
 * Threads: the consumer's own.
 */
#ifndef MUSTER_COMMON_LINK_UPSTREAMS_H
#define MUSTER_COMMON_LINK_UPSTREAMS_H

#include "common/link/curve.h"
#include "common/link/resolver.h"
#include "common/link/wire.h"

enum { UPSTREAMS_MAX = RESOLVER_ADDRESSES_MAX + ADDRESS_LIST_MAX };

enum upstream_state { AWAY, GREETED, JOINED };

struct upstream {
    uint32_t number; /* never 0, never used again */
    char address[ADDRESS_TEXT];
    bool is_of_name; /* came from the resolver, which may let it go */
    bool is_wanted;  /* the name still stands for it */
    void *socket;
    enum upstream_state state;
    uint8_t version;  /* to speak: the newest, or what the producer offered */
    uint64_t session; /* 0: none was begun */
    int64_t heard_ms;
    int64_t greet_ms;     /* not before: say HELLO (AWAY); when it was said (GREETED) */
    uint32_t granted;     /* messages that may still come */
    uint32_t held;        /* received and not answered, of this and earlier sessions */
    bool is_idle;         /* it was told that nothing of it is worked at: see alone.h */
    uint32_t unconfirmed; /* serial of the IDLE that it has not confirmed; 0: none */
};

struct upstreams {
    struct link_settings set;
    struct curve_keys keys;
    void *context;
    struct upstream *list[UPSTREAMS_MAX]; /* owned */
    size_t count;
    uint32_t last_number;
    struct resolver *resolver; /* NULL: no address is a name */
};

/** Connect to a list of addresses; `keys` must be set. @retval ST_INVALID with `why`  @retval ST_NO_MEMORY  @retval ST_IO */
MUST_CHECK status upstreams_open(struct upstreams *u, const struct link_settings *set, const char *addresses,
                                 struct reason *why);
void upstreams_close(struct upstreams *u);
/** @return NULL when it was let go */
struct upstream *upstreams_find(const struct upstreams *u, uint32_t number);
/** Connect to what names have come to stand for, if there is news. */
void upstreams_resolved(struct upstreams *u);
/** In the version of the session. @retval ST_UNAVAILABLE */
status upstream_send(struct upstream *u, struct frame f);
/** Let go those that no name stands for and that are not in session. */
void upstreams_drop_vanished(struct upstreams *u);

#endif
