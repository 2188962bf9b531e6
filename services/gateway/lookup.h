/**
 * Questions to the database while an agent waits: a small pool of threads, each with a connection of its own, so that an event
 * loop never waits for the database. Questions that come while one of the threads is at work are left to it, which asks for all of them
 * together; another thread helps when many wait, or one for 2 ms. When the database is away every question is answered at once with db == NULL (and the
 * connection is tried again every second).
 *
 * Also keeps OCS's options fresh: one of the threads reads table `config` every `config_ms`.
 *
 * Threads: any.
 */
#ifndef MUSTER_GATEWAY_LOOKUP_H
#define MUSTER_GATEWAY_LOOKUP_H

#include "common/db/db.h"
#include "common/ocs_config/ocs_config.h"

struct lookup;

struct lookup_settings {
    struct db_target target;
    unsigned threads;   /**< default 2 */
    unsigned queue_max; /**< questions waiting; default 4096 */
    unsigned config_ms; /**< age of the options at most; default 2000 */
};

/** Starts the threads; does not wait for the database. */
MUST_CHECK status lookup_new(const struct lookup_settings *set, struct lookup **out, struct reason *why);
/** Answers what waits, ends the threads. NULL is allowed. */
void lookup_destroy(struct lookup *l);
AUTO_DEFINE(struct lookup, lookup_destroy)

/** One question: runs on a pool thread. `db` is NULL when the database is away.
 *  @return ST_UNAVAILABLE when the connection broke on the way: it is asked again on a new one, and at last with NULL: so it must be
 *  repeatable, and with NULL it cannot fail in this way */
typedef status lookup_fn(struct db *db, void *ctx);

/** Questions of one kind. Static. */
struct lookup_kind {
    lookup_fn *ask;
    void (*done)(void *ctx); /**< called on the pool thread after `ask`, once */
    /**
     * What several questions that wait together can have in one round trip: called before their `ask`, may be NULL. Each `ask` looks
     * whether it has been given something, and asks for itself when not (or when it is asked again).
     * @param count  2 to LOOKUP_TOGETHER  @retval ST_UNAVAILABLE the connection broke: each is asked for itself on a new one
     */
    status (*ask_ahead)(struct db *db, void *const *ctxs, size_t count);
};
enum { LOOKUP_TOGETHER = 32 };

/** @retval ST_AGAIN the queue is full: nothing will be called  @retval ST_NO_MEMORY */
MUST_CHECK status lookup_submit(struct lookup *l, const struct lookup_kind *kind, void *ctx);

/** The options as last read (defaults before the first time), copied. */
void lookup_config(struct lookup *l, struct ocs_config *out);
bool lookup_database_is_up(const struct lookup *l);
/** Whether the first try to reach the database is over, whatever came of it: from then on answers are what they will be. */
bool lookup_has_tried(const struct lookup *l);

#endif
