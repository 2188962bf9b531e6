/**
 * Puts uploads into the database: the connection, the memory of columns and words, repeating what failed for reasons that pass, and
 * splitting what failed for one of its uploads.
 *
 * Threads: one thread.
 */
#ifndef MUSTER_WRITER_APPLIER_H
#define MUSTER_WRITER_APPLIER_H

#include "services/writer/apply/apply.h"

#include <stdatomic.h>

struct applier_settings {
    struct db_target target;
    const struct section_map *sections; /**< must outlive the applier; NULL: the built-in ones */
    size_t words_max;                   /**< kept of each dictionary */
    size_t memory_max;                  /**< bytes for one wave's plan */
    enum absent_sections absent;
    bool accept_tag;
    bool ocs_sessions;    /**< sessions in OCS's table end, too */
    bool asset_tag;       /**< counts as evidence of a duplicate */
    int64_t retry_for_ms; /**< how long one batch is tried again while the database is away */
    int64_t columns_refresh_ms;
    int64_t config_refresh_ms;         /**< age at most of OCS's options */
    int64_t assets_refresh_ms;         /**< age at most of what the queries of asset categories found */
    struct turn *turn;                 /**< shared with other appliers, which take turns in writing rows; may be NULL */
    struct dictionaries *dictionaries; /**< shared with other appliers; NULL: it has its own */
    const atomic_bool *stopping;       /**< when it becomes true nothing is tried again; may be NULL */
};

struct applier;

/** Does not connect yet. @return NULL when memory is out */
struct applier *applier_new(const struct applier_settings *set);
void applier_destroy(struct applier *a); /**< NULL is allowed */
AUTO_DEFINE(struct applier, applier_destroy)

/** Make sure of the connection: open it, or see whether it still answers; read columns when it is time. */
MUST_CHECK status applier_connect(struct applier *a, struct reason *why);

/**
 * Apply uploads whose outcome is UPLOAD_WAITS.
 *
 * @param uploads  sorted by key, then id; at most one INVENTORY of a key, the last of its key
 * @param why      when the return value is not ST_OK: why the rest still waits
 * @retval ST_OK           each is applied, refused or deferred
 * @retval ST_UNAVAILABLE  the database is away for longer than we wait: some still wait
 */
MUST_CHECK status applier_apply(struct applier *a, struct upload **uploads, size_t count, struct reason *why);

#endif
