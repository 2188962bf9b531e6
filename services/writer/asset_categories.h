/**
 * Categories of devices (inventory-to-database.md 9.2). Each is a query that the console stored, over the whole database: it runs now and
 * then instead of with every inventory, and its result, names of devices, is kept. Queries are read-only and limited in time and rows.
 *
 * Threads: one thread.
 */
#ifndef MUSTER_WRITER_ASSET_CATEGORIES_H
#define MUSTER_WRITER_ASSET_CATEGORIES_H

#include "common/db/db.h"

struct asset_categories;

/** @param refresh_ms  age at most of the queries' results  @return NULL when memory is out */
struct asset_categories *asset_categories_new(int64_t refresh_ms);
void asset_categories_free(struct asset_categories *a); /**< NULL is allowed */
AUTO_DEFINE(struct asset_categories, asset_categories_free)

/** Run the queries when they changed or their results are too old. Outside of transactions. A query that fails has no result; one
 *  that takes too long leaves everything as it was. @retval as db_query() */
MUST_CHECK status asset_categories_read(struct asset_categories *a, struct db *db);
/** false: the queries never ended in time, so nothing is known of any device. */
bool asset_categories_known(const struct asset_categories *a);
/** Category of the device with this name, the last query's that has it; 0: none. */
uint32_t asset_categories_of(const struct asset_categories *a, struct view name);

/** The query of a category: each "%s" or "?" replaced by the next of the comma separated arguments, with a limit of time.
 *  @retval ST_INVALID  it is no SELECT, or writes a file */
MUST_CHECK status asset_query_text(struct view query, struct view arguments, struct buffer *out);

#endif
