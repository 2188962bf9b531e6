/**
 * The look-ups of a PROLOG: devices with their own settings and those of their groups, in one round trip.
 *
 * Threads: one set of facts, one thread at a time.
 */
#ifndef MUSTER_GATEWAY_PROLOG_FACTS_H
#define MUSTER_GATEWAY_PROLOG_FACTS_H

#include "services/gateway/device_list.h"
#include "services/gateway/prolog/decision.h"

/** Where the facts of one device go. */
struct prolog_place {
    struct arena *arena; /**< for the rows and their texts; reset by nobody here */
    struct prolog_facts
        *facts; /**< on ST_OK: known, hardware_id, last_s and parameters are set; the rest is left alone */
};

/**
 * @param groups  option ENABLE_GROUPS: whether groups are looked at
 * @param places  one for each device of the list
 * @retval ST_UNAVAILABLE the connection broke  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status prolog_facts_read_all(struct db *db, const struct device_list *devices, bool groups,
                                        const struct prolog_place *places);
/** The same for one device. */
MUST_CHECK status prolog_facts_read(struct db *db, struct view deviceid, bool groups, struct arena *arena,
                                    struct prolog_facts *out);

#endif
