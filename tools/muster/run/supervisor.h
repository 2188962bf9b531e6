/**
 * Runs the processes of a plan: starts them in order, waits until they are ready, starts again what ends by itself, and stops
 * all in the order in which nothing is cut off: gateways first (they take nothing more), then parsers, writers, the database.
 *
 * Restart: after 100 ms, doubled with every early end up to 10 s; a minute of life sets it back.
 * Stop: SIGTERM and a minute for each kind of process; the second signal to the supervisor ends everything within seconds. In
 * both cases nothing that was accepted is lost: that is the spool's promise.
 *
 * Threads: the process must have one thread; SIGTERM, SIGINT, SIGHUP and SIGCHLD are blocked by it.
 */
#ifndef MUSTER_TOOLS_SUPERVISOR_H
#define MUSTER_TOOLS_SUPERVISOR_H

#include "tools/muster/run/child.h"
#include "tools/muster/run/voice.h"

/** Called once, when everything is ready. */
typedef void supervisor_ready_fn(void *ctx, const struct plan *plan, const struct child *children);

struct supervisor_run {
    const struct folder *folder;
    const struct plan *plan;
    struct voice *voice;
    supervisor_ready_fn *on_ready;
    void *ctx;
};

/** @return exit status: 0 after a signal; 1 when not everything could be started (it was said why) */
int supervisor_run(const struct supervisor_run *run);

#endif
