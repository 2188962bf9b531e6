/**
 * The stages of the benchmark: each measures one part of the way of an upload beside the bare parts that it cannot do without.
 *
 * Threads: one.
 */
#ifndef MUSTER_BENCH_STAGES_H
#define MUSTER_BENCH_STAGES_H

#include "bench/fleet.h"
#include "bench/report.h"
#include "bench/site.h"

/** What Muster showed in this run, for the ratios of `peer`; 0: that stage was not run. */
struct bench_ours {
    double fresh, unchanged, prolog; /**< a second */
    double memory;                   /**< bytes of gateway, parser and writer at most, for each upload at a time */
};

struct bench {
    struct report report;
    struct fleet *fleet; /**< reference-sized */
    struct site *site;   /**< NULL: the stage needs none */
    unsigned devices;    /**< of the fleet that is sent */
    unsigned stored;     /**< devices in the database beside them */
    unsigned requests;   /**< of intake and PROLOG */
    unsigned connections;
    unsigned rounds;         /**< repetitions of loops in memory */
    const char *peer;        /**< script that starts the peer, or NULL */
    const char *inventories; /**< folder of real inventories for `parse`, or NULL */
    struct bench_ours ours;
    struct reason why; /**< of a stage that failed */
};

MUST_CHECK status stage_parse(struct bench *b);
MUST_CHECK status stage_intake(struct bench *b);
MUST_CHECK status stage_prolog(struct bench *b);
MUST_CHECK status stage_write(struct bench *b);
MUST_CHECK status stage_line(struct bench *b);
MUST_CHECK status stage_peer(struct bench *b);

/** Bodies of inventories or PROLOGs, compressed. */
struct bodies {
    struct buffer memory;
    struct view *views;
    size_t count;
};
enum bodies_kind { BODIES_INVENTORY, BODIES_PROLOG };
/** @param first  number of the first device; @param m  round and contact of all of them */
MUST_CHECK status bodies_make(struct bodies *out, const struct fleet *f, enum bodies_kind kind, unsigned first,
                              unsigned count, struct fleet_moment m);
void bodies_clear(struct bodies *b);
static inline void bodies_clear_p(struct bodies *b)
{
    bodies_clear(b);
}

#endif
