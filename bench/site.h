/**
 * A whole Muster on this machine for the time of the benchmark: `muster up` in a folder of its own, with its private MariaDB.
 *
 * Threads: one.
 */
#ifndef MUSTER_BENCH_SITE_H
#define MUSTER_BENCH_SITE_H

#include "common/db/db.h"
#include "tools/muster/run/state.h"

enum site_part { SITE_GATEWAY, SITE_PARSER, SITE_WRITER, SITE_DATABASE, SITE_PARTS };
extern const char *const site_part_names[SITE_PARTS];

struct site {
    char muster[FOLDER_PATH_MAX], data[FOLDER_PATH_MAX];
    struct state *state;
    const char *http, *https; /**< addresses of the first gateway */
    struct db_target target;
    struct db *db; /**< for looking */
    bool up;
};

/** @param workers  parsers and writers, each  @param why  what went wrong */
MUST_CHECK status site_up(struct site *s, const char *data, unsigned workers, struct reason *why);
void site_down(struct site *s); /**< a site that is all zero is allowed */

/** CPU time so far of all processes of a part, in seconds, and its largest memory in bytes. */
double site_cpu_s(const struct site *s, enum site_part part);
double site_memory(const struct site *s, enum site_part part);
void site_signal(const struct site *s, enum site_part part, int signal);
/** Wait until nothing rests in the spools. @retval ST_UNAVAILABLE  not within `timeout_s` */
MUST_CHECK status site_drain(const struct site *s, double timeout_s);
/** First value of a query as a number; 0 when there is none. */
double site_number(const struct site *s, const char *sql);

#endif
