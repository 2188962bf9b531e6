/**
 * What OCS's database is expected to look like (the facts in schema/facts/), what the one at hand looks like, and in what way
 * a column falls short.
 *
 * Threads: pure, but for catalog_read(), which uses its connection.
 */
#ifndef MUSTER_TOOLS_SCHEMA_CATALOG_H
#define MUSTER_TOOLS_SCHEMA_CATALOG_H

#include "common/base/cleanup.h"
#include "common/db/db.h"

struct catalog_column {
    char table[65], name[65], type[129]; /**< type as information_schema writes it: "varchar(255)" */
};

struct catalog_key {
    char table[65], name[65], columns[257]; /**< columns in order: "A, B" */
};

/** Owned as a whole: catalog_free(). */
struct catalog {
    struct catalog_column *columns;
    size_t column_count;
    struct catalog_key *keys;
    size_t key_count;
};

/** The facts, from the two CSV files. @retval ST_MALFORMED not the columns that we know  @retval ST_NO_MEMORY */
MUST_CHECK status catalog_facts(struct view columns_csv, struct view keys_csv, struct catalog **out);
/** The current database of a connection. Statuses as db_query(). */
MUST_CHECK status catalog_read(struct db *db, struct catalog **out);
void catalog_free(struct catalog *c); /**< NULL is allowed */
AUTO_DEFINE(struct catalog, catalog_free)

/** Names are compared without ASCII case, as both servers may have changed it. */
bool catalog_has_table(const struct catalog *c, const char *table);
const struct catalog_column *catalog_column(const struct catalog *c, const char *table, const char *name);
/** Does any index of the table begin with these columns ("A, B")? */
bool catalog_has_key(const struct catalog *c, const char *table, const char *columns);

enum column_fit {
    FIT_SAME_OR_WIDER, /**< holds everything that the wanted type holds */
    FIT_NARROWER,      /**< same kind of value, less room */
    FIT_OTHER,         /**< another kind of value */
};

/** How a column's type compares with the wanted one. */
enum column_fit catalog_fit(const char *have, const char *want);

#endif
