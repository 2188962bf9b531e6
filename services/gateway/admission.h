/**
 * Whether an INVENTORY is taken at all (protocol.md 3.8, 4.1): sessions (INVENTORY_SESSION_ONLY) and the flood filter
 * (INVENTORY_FILTER_FLOOD_IP). Off by default, and then nothing is asked.
 *
 * A session stands in the database, so that every gateway knows what another one answered: the gateway that answers SEND writes it before
 * the agent has the answer, the one that gets the INVENTORY looks for it, and the writer ends it. Who is refused leaves no trace (G-6).
 *
 * Threads: one admission, one thread at a time.
 */
#ifndef MUSTER_GATEWAY_ADMISSION_H
#define MUSTER_GATEWAY_ADMISSION_H

#include "common/ocs_config/ocs_config.h"
#include "services/gateway/exchange.h"

struct admission {
    bool sessions;               /**< a session is needed */
    bool ocs_sessions;           /**< that of an OCS server counts, too */
    bool flood;                  /**< the address of a device that nobody knows must be new */
    bool pending;                /**< an INVENTORY of the device rests in our spool: it is known */
    int64_t validity_s, cache_s; /**< of a session; of an address */
    char address[UPLOAD_ADDRESS_TEXT];
    bool refused; /**< after admission_ask() */
    enum refusal refusal;
};

/** What has to be asked about this request: nothing when the options are off or the client is trusted. */
struct admission admission_of(struct exchange *x);

/**
 * Ask. Without a database (NULL) whoever would have to be checked is refused for now.
 * @retval ST_OK `refused` and `refusal` are set  @retval ST_UNAVAILABLE ask again
 */
MUST_CHECK status admission_ask(struct admission *a, struct db *db, struct view deviceid);

/**
 * A device was told to send. Does nothing while no session is needed by anybody.
 * @param ocs_sessions  OCS servers of the same cluster are to know it (G-65)  @retval ST_UNAVAILABLE  @retval ST_OK
 */
MUST_CHECK status session_begin(struct db *db, const struct ocs_config *config, bool ocs_sessions,
                                struct view deviceid);

#endif
