/**
 * Signals without handlers: blocked in every thread, waited for in main. The second SIGTERM or SIGINT during the drain ends
 * the process at once (nothing accepted is lost: that is the spool's promise, not the drain's).
 *
 * Threads: signals_block() before the first thread; the others from main only.
 */
#ifndef MUSTER_COMMON_SIGNALS_SIGNALS_H
#define MUSTER_COMMON_SIGNALS_SIGNALS_H

/** Block SIGTERM, SIGINT, SIGHUP; ignore SIGPIPE. */
void signals_block(void);
/** Wait for one of them. @return SIGTERM, SIGINT or SIGHUP; 0 when `timeout_ms` (-1: for ever) passed */
int signals_wait(int timeout_ms);
/** From now on a SIGTERM or SIGINT ends the process with `exit_code`, from a thread of its own. */
void signals_second_ends(int exit_code);

#endif
