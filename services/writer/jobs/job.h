/**
 * What one job works with, and the jobs. Between the files of this folder and its tests only.
 *
 * A job looks for what is due and does it, in small statements of their own; it may be interrupted between any two of them and begun
 * again later.
 *
 * Threads: the jobs' thread.
 */
#ifndef MUSTER_WRITER_JOB_H
#define MUSTER_WRITER_JOB_H

#include "common/ocs_config/ocs_config.h"

#include <stdatomic.h>

enum {
    JOB_LIST_MAX = 1000,    /**< values in one statement */
    JOB_ROWS_MAX = 1000000, /**< rows of one answer: the session has this as sql_select_limit */
};

struct job {
    struct db *db;
    struct buffer sql; /**< the statement in hand */
    const struct ocs_config *options;
    const atomic_bool *stopping; /**< NULL: never */
    unsigned random;             /**< state of job_random() */
};

/** @retval ST_OK  @retval ST_IO a statement failed: it was logged  @retval ST_AGAIN  @retval ST_UNAVAILABLE  @retval ST_NO_MEMORY */
typedef status job_fn(struct job *j);
/** Groups that are out of date get their computers (protocol.md 2.1). */
MUST_CHECK status job_groups(struct job *j);
/** The caches of words become what the tables have, once in INVENTORY_CACHE_REVALIDATE days. */
MUST_CHECK status job_caches(struct job *j);

/** Sessions that nobody used go after SESSION_CLEAN_TIME. */
MUST_CHECK status job_sessions(struct job *j);

static inline bool job_is_over(const struct job *j)
{
    return j->stopping && atomic_load(j->stopping);
}

/** Prepare a connection for jobs: limits of time and rows. */
MUST_CHECK status job_session(struct db *db, int64_t statement_ms);
/** Begin a statement with this text. */
void job_start(struct job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Run the statement in hand. `rows` as db_query(). */
MUST_CHECK status job_run(struct job *j, struct db_rows **rows);
/** start and run. */
MUST_CHECK status job_do(struct job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A number from 0 to `below` - 1; 0 when `below` is not above 0. */
int64_t job_random(struct job *j, int64_t below);

#endif
