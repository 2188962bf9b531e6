/**
 * What a PROLOG is answered (protocol.md 3.2, 3.3, 3.5): a pure function of what is known about the device and of OCS's options.
 *
 * Threads: pure.
 */
#ifndef MUSTER_GATEWAY_PROLOG_DECISION_H
#define MUSTER_GATEWAY_PROLOG_DECISION_H

#include "common/ocs_config/ocs_config.h"
#include "services/gateway/prolog/parameters.h"

/** What is known about a device when it asks. */
struct prolog_facts {
    bool database;     /**< false: the database is away, nothing below is known */
    bool known;        /**< it has a row in `hardware` */
    bool pending;      /**< an INVENTORY of it is accepted and not yet written: it will be known */
    int64_t pending_s; /**< when that was accepted, seconds since 1970 */
    uint64_t hardware_id;
    bool lagging;   /**< the pipeline lags: see herd.h */
    int64_t last_s; /**< LASTDATE as seconds since 1970; 0: NULL or never */
    struct parameters parameters;
};

struct prolog_decision {
    bool send;           /**< RESPONSE: SEND, else STOP */
    bool options;        /**< OPTION elements follow */
    bool ipdiscover;     /**< with OPTION IPDISCOVER, which also forces SEND */
    bool contact;        /**< that the device was seen is to be written */
    bool postponed;      /**< STOP in place of SEND, because the pipeline lags */
    int64_t prolog_freq; /**< hours */
    int64_t on_startup;  /**< INVENTORY_ON_STARTUP */
};

void prolog_decide(const struct prolog_facts *facts, const struct ocs_config *config, int64_t now_s,
                   struct prolog_decision *out);

#endif
