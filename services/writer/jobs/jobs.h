/**
 * What OCS does inside the requests of agents and we do behind them: refreshing groups, rebuilding caches (gotchas G-61).
 *
 * Every writer has this thread, but only one of them works: the one that holds the named lock of the database (GET_LOCK). The lock
 * belongs to the connection: whoever dies gives it back. A cluster of databases may keep such locks on each node for itself; then two
 * work, which costs time and nothing else: a job decides by what the tables say, and what it writes may be written twice.
 *
 * It has a connection of its own and shares nothing with the thread that applies uploads.
 *
 * Threads: the functions are called from main.
 */
#ifndef MUSTER_WRITER_JOBS_H
#define MUSTER_WRITER_JOBS_H

#include "common/base/cleanup.h"
#include "common/db/db.h"

struct jobs_settings {
    struct db_target target;
    int64_t period_ms;    /**< between two looks at what is due */
    int64_t statement_ms; /**< a statement that takes longer is ended by the database */
};

struct jobs;

/** Start the thread; does not wait for the database. @retval ST_NO_MEMORY  @retval ST_IO no thread */
MUST_CHECK status jobs_start(const struct jobs_settings *set, struct jobs **out);
/**
 * End the thread: what it does is interrupted, also a statement that is running.
 * @return whether it has ended within `timeout_ms`; if not, the process must end without releasing anything
 */
bool jobs_stop(struct jobs *jobs, int64_t timeout_ms);
/** NULL is allowed. Stops it, however long that takes. */
void jobs_destroy(struct jobs *jobs);
AUTO_DEFINE(struct jobs, jobs_destroy)

#endif
