/**
 * OCS's activity.log, for tools that read it: what the gateway itself sees of it (protocol.md 12), one line each. Off unless a file is set;
 * then it is written whatever option LOGLEVEL says. Our own log is the one to look at: it says more and can be asked (`muster why`).
 *
 *   Sun Nov  2 07:18:27 2026;4711;100;pc-2026-01-02-03-04-05;192.0.2.7;OCS-NG_WINDOWS_AGENT_v2.11;prolog;accepted
 *
 * A line is one write to a file opened for appending, so that gateways may share a file. What an agent sent cannot break a line:
 * ';' and control characters become '?'. A line that cannot be written is dropped and counted.
 *
 * Threads: any; activity_new, _reopen and _destroy in main.
 */
#ifndef MUSTER_GATEWAY_ACTIVITY_H
#define MUSTER_GATEWAY_ACTIVITY_H

#include "services/gateway/exchange.h"

struct activity;

/** @param file  NULL or "": none is written  @retval ST_INVALID cannot be opened  @retval ST_NO_MEMORY */
MUST_CHECK status activity_new(const char *file, struct activity **out, struct reason *why);
/** Open the file again, after logrotate has moved it. @retval ST_INVALID it goes on in the old one */
MUST_CHECK status activity_reopen(struct activity *a, struct reason *why);
void activity_destroy(struct activity *a); /**< NULL is allowed */

/** One line. Does nothing when `a` is NULL or has no file. */
void activity_note(struct activity *a, const struct exchange *x, int code, const char *phase, const char *comment);
/** The line for a refusal, where OCS has one. */
void activity_refused(struct activity *a, const struct exchange *x, enum refusal r);

#endif
