/**
 * The columns of the database as it is, for the tables that the writer writes. Read at start, now and then, and when a statement fails
 * because of a column or table: a console may change its schema while we run, and old schemas lack some.
 *
 * Threads: a snapshot is read-only.
 */
#ifndef MUSTER_WRITER_COLUMNS_H
#define MUSTER_WRITER_COLUMNS_H

#include "common/db/db.h"
#include "common/record/record.h"
#include "common/sections/sections.h"

/** A section and where its values go: the columns that the section map names and the table really has. */
struct section_columns {
    const struct section *section;
    const struct db_table *table; /**< NULL: the database has no such table, or the section has code of its own */
    uint64_t key;                 /**< state_section_key() */
    uint64_t layout;              /**< changes when the columns do */
    size_t count;
    const struct db_column *columns[RECORD_FIELDS_MAX];
    bool has_id;    /**< rows have an id of their own that the database gives */
    size_t missing; /**< fields of the section that the table has no column for */
    enum section_lack {
        LACK_NOTHING,
        LACK_TABLE,
        LACK_KEY,     /**< the table has no column HARDWARE_ID */
        LACK_COLUMNS, /**< it has none of the section's */
    } lack;
};

/** Tables that are no section's. */
enum columns_table {
    TABLE_HARDWARE,
    TABLE_ACCOUNTINFO,
    TABLE_SOFTWARE_NAME,
    TABLE_SOFTWARE_PUBLISHER,
    TABLE_SOFTWARE_VERSION,
    TABLE_DEVICES,
    TABLE_NETWORKS,
    TABLE_SNMP_CONFIGS,
    TABLE_SNMP_ACCOUNTINFO,
    TABLE_BIOS,
    TABLE_ARCHIVE,
    TABLE_BLACKLIST_MACADDRESSES,
    TABLE_BLACKLIST_SERIALS,
    TABLE_BLACKLIST_SUBNET,
    TABLE_DELETED_EQUIV,
    TABLE_DOWNLOAD_AVAILABLE,
    TABLE_DOWNLOAD_ENABLE,
    TABLE_DOWNLOAD_HISTORY,
    TABLE_DOWNLOAD_SERVERS,
    TABLE_GROUPS_CACHE,
    TABLE_ITMGMT_COMMENTS,
    TABLE_LOCKS,
    TABLE_NETMAP,
    TABLE_SOFTWARE_CATEGORIES_LINK,
    TABLE_SAAS,
    TABLE_OSNAME_CACHE,
    TABLE_REGISTRY_NAME_CACHE,
    TABLE_REGISTRY_VALUE_CACHE,
    TABLE_MUSTER_DEVICE,
    TABLE_MUSTER_ROWS,
    TABLE_MUSTER_SESSION,
    TABLE_PROLOG_CONNTRACK,
    TABLE_COUNT
};

struct columns;

/** @retval ST_NOT_FOUND a table is missing without which nothing can be written (`why` names it)  @retval as db_query() */
MUST_CHECK status columns_read(struct db *db, const struct section_map *sections, struct columns **out,
                               struct reason *why);
/** One line for each section that cannot be written, and for each with fields that its table has no column for, unless it was so in
 * `before` (may be NULL) too. */
void columns_log_missing(const struct columns *now, const struct columns *before);
void columns_free(struct columns *c); /**< NULL is allowed */
AUTO_DEFINE(struct columns, columns_free)

const struct db_table *columns_table(const struct columns *c, enum columns_table table);
/** NULL when the table has no such column. */
const struct db_column *columns_column(const struct columns *c, enum columns_table table, const char *column);
size_t columns_section_count(const struct columns *c);
/** By number in the section map. */
const struct section_columns *columns_section(const struct columns *c, size_t section);

#endif
