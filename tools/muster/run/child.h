/**
 * One process of the plan: started, asked to end, and what became of it. Waiting for events is the supervisor's.
 *
 * A child has a process group of its own, so that Ctrl-C at the terminal reaches the supervisor only, which then stops them
 * in order; and it gets SIGTERM from the kernel when the supervisor is killed.
 *
 * Threads: the process must have one thread.
 */
#ifndef MUSTER_TOOLS_CHILD_H
#define MUSTER_TOOLS_CHILD_H

#include "tools/muster/run/plan.h"

#include <stdint.h>
#include <sys/types.h>

struct child {
    const struct child_plan *plan;
    pid_t pid;                /**< 0: not running */
    int wait_status;          /**< of the last end, as from waitpid() */
    int64_t started_ms;       /**< steady clock */
    int64_t restart_at_ms;    /**< when not running: when to start it again; 0: not planned */
    unsigned failures;        /**< ends in a row that came soon after the start */
    bool ready;               /**< was seen ready since its start */
    char http[96], https[96]; /**< gateway: addresses as bound, used for the next start as well; "" before the first */
};

/** @retval ST_IO  `why` says what */
MUST_CHECK status child_start(struct child *c, struct reason *why);
/** Does nothing when it is not running. */
void child_signal(const struct child *c, int signal);
/** How it ended, for people: "exit status 2", "signal 9 (Killed)". */
void child_end_text(const struct child *c, char *out, size_t room);
/** Milliseconds to wait before the next start: doubles with every failure in a row, 100 ms to 10 s. Pure. */
int child_backoff_ms(unsigned failures);

/**
 * Run a program to its end, output to a log file.
 *
 * @param argv  NULL at the end
 * @retval ST_IO  it could not be started or did not end with 0: `why`
 */
MUST_CHECK status child_run(const char *const *argv, const char *log, struct reason *why);

/** Become another program; when that cannot be, say so on stderr and end with 127. For a process that was just forked. */
_Noreturn void child_execute(const char *const *argv);

/** The last lines of a log, each behind "  | ", at most `lines`. */
void child_log_tail(const char *log, unsigned lines, FILE *to);

#endif
