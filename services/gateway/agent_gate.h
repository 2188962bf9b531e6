/**
 * Which User-Agents may ask for a PROLOG. By default everybody: agents are judged by protocol, not by name and version.
 *
 * The list: entries separated by commas. An entry is "*", or the beginning of a User-Agent, case-sensitive, taken literally;
 * behind it, optionally, the versions that are let in: "OCS-NG_unified_unix_agent=2.0..2.12", "...=2.4..", "...=..3.0". A version
 * is the numbers with dots behind the last "_v" of the User-Agent; one that is missing counts as 0.
 *
 * Threads: a gate never changes.
 */
#ifndef MUSTER_GATEWAY_AGENT_GATE_H
#define MUSTER_GATEWAY_AGENT_GATE_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

struct agent_gate;

/**
 * @param list  as above
 * @param file  further User-Agents, one a line, each let in as it stands there; lines that begin with # and empty ones do not count
 *              (OCS_OPT_EXT_USERAGENTS_FILE_PATH); NULL or "": none
 * @retval ST_INVALID the list is wrong (`why` names the entry)  @retval ST_NOT_FOUND no such file  @retval ST_NO_MEMORY
 */
MUST_CHECK status agent_gate_new(const char *list, const char *file, struct agent_gate **out, struct reason *why);
void agent_gate_destroy(struct agent_gate *g); /**< NULL is allowed */
AUTO_DEFINE(struct agent_gate, agent_gate_destroy)

/** @param agent  absent when the request had no User-Agent */
bool agent_gate_admits(const struct agent_gate *g, struct view agent);

#endif
