/**
 * The answer to an INVENTORY (protocol.md 4.3): whether the agent is to take over the administrative values (TAG and its like) that
 * the database has. Decided with the state at acceptance, before the upload is written.
 *
 * Threads: account_decide() and account_reply_write() are pure; the columns may be used by many threads.
 */
#ifndef MUSTER_GATEWAY_ACCOUNT_REPLY_H
#define MUSTER_GATEWAY_ACCOUNT_REPLY_H

#include "common/upload/upload.h"
#include "services/gateway/device_list.h"

/** Name and value of one administrative field: as the agent sent it, or as table accountinfo has it. */
struct account_pairs {
    const struct upload_account *list;
    size_t count;
};

enum account_answer {
    ACCOUNT_NO_UPDATE,     /**< new device, or all is as stored */
    ACCOUNT_UPDATE_STORED, /**< the agent gets what is stored */
    ACCOUNT_UPDATE_LOST,   /**< known device without a row: the agent gets its own values back, TAG as "LOST" */
};

/** What is stored about a device. */
struct account_facts {
    bool known;                 /**< it has a row in `hardware` */
    bool stored;                /**< and one in `accountinfo` */
    struct account_pairs pairs; /**< every column but HARDWARE_ID, in the table's order */
};

/**
 * With ACCEPT_TAG_UPDATE_FROM_CLIENT: the facts as they will be once the upload is written. Each column takes the last value that was sent under
 * its name.
 * @param arena  for the new values; when memory is out the facts stay as they are
 */
void account_facts_accept(struct account_facts *facts, struct account_pairs sent, struct arena *arena);
enum account_answer account_decide(const struct account_facts *facts, struct account_pairs sent);
void account_reply_write(enum account_answer answer, struct account_pairs stored, struct account_pairs sent,
                         struct buffer *out);

/** The columns of accountinfo (an administrator adds and removes them), read again when they are too old or do not fit. */
struct account_columns;
struct account_columns *account_columns_new(int64_t max_age_ms); /**< NULL when memory is out */
void account_columns_destroy(struct account_columns *c);         /**< NULL is allowed */
AUTO_DEFINE(struct account_columns, account_columns_destroy)

/** Where the facts of one device go. */
struct account_place {
    struct arena *arena; /**< for names and values */
    struct account_facts *facts;
};

/**
 * What is stored about devices, in one round trip while the columns are fresh.
 * @param places  one for each device of the list
 * @retval ST_UNAVAILABLE  @retval ST_IO  @retval ST_NO_MEMORY
 */
MUST_CHECK status account_facts_read_all(struct db *db, struct account_columns *columns,
                                         const struct device_list *devices, const struct account_place *places);
/** The same for one device. */
MUST_CHECK status account_facts_read(struct db *db, struct account_columns *columns, struct view deviceid,
                                     struct arena *arena, struct account_facts *out);

#endif
