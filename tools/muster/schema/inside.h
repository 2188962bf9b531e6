/** What the files of this folder share; nobody else includes it. */
#ifndef MUSTER_TOOLS_SCHEMA_INSIDE_H
#define MUSTER_TOOLS_SCHEMA_INSIDE_H

#include "common/db/db.h"

enum schema_kind {
    KIND_EMPTY,    /**< nothing but, perhaps, tables of ours */
    KIND_OURS,     /**< made by Muster, perhaps not to its end */
    KIND_OCS,      /**< made by OCS 2.8 or later */
    KIND_OLD_OCS,  /**< made by an OCS from before the dictionaries of software */
    KIND_STRANGER, /**< something else */
};

/** Rows of muster_schema. 0 marks a database that Muster made: written first, so that a broken run is known again. */
enum schema_version { VERSION_MADE_BY_MUSTER, VERSION_OWN_TABLES, VERSION_OCS_TABLES, VERSION_SEED, VERSION_INDEXES };

/** One step. Versions are for ever; a new step goes to the end. */
struct migration {
    const char *name;
    const struct view *script; /**< statements, all safe to repeat; NULL for VERSION_INDEXES, which looks first */
    enum schema_version version;
    bool only_ours; /**< belongs into a database of ours only (VERSION_INDEXES: or when asked) */
};

extern const struct migration schema_migrations[];
extern const size_t schema_migration_count;

/** A connection that waits as long as an ALTER TABLE may take. `database` false: to the server, to no database. */
MUST_CHECK status schema_open(const struct db_target *target, bool database, struct db **out, struct reason *why);
MUST_CHECK status schema_kind_of(struct db *db, enum schema_kind *out);
/** Which versions are recorded, as bits; 0 when there is no table of ours. */
MUST_CHECK status schema_applied(struct db *db, uint64_t *bits);
/** Is this migration one for such a database? */
bool schema_wanted(const struct migration *m, enum schema_kind kind, bool indexes);
/** First value of the first row of a query, copied to `out`; "" without a row or for NULL. */
MUST_CHECK status schema_value(struct db *db, const char *sql, char *out, size_t room);
/** `why` from the connection's last error. Returns `st`. */
status schema_fault(struct db *db, status st, const char *doing, struct reason *why);
/** Why such a database cannot be used; for KIND_OLD_OCS and KIND_STRANGER. */
void schema_explain(enum schema_kind kind, const char *name, struct reason *why);

#endif
