/**
 * The look-ups of a PROLOG: the device with its own settings and those of its groups, in one round trip.
 *
 * Threads: one set of facts, one thread at a time.
 */
#ifndef MUSTER_GATEWAY_PROLOG_FACTS_H
#define MUSTER_GATEWAY_PROLOG_FACTS_H

#include "common/db/db.h"
#include "services/gateway/prolog/decision.h"

/**
 * @param groups  option ENABLE_GROUPS: whether groups are looked at
 * @param arena   for the rows and their texts; reset by nobody here
 * @param out     on ST_OK: known, hardware_id, last_s and parameters are set; the rest is left alone
 * @retval ST_UNAVAILABLE the connection broke  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status prolog_facts_read(struct db *db, struct view deviceid, bool groups, struct arena *arena,
                                    struct prolog_facts *out);

#endif
