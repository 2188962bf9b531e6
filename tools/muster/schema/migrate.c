/* The steps from an empty or a found database to one that Muster can work with.
 *
 * Order matters once only: our own tables come first, because muster_schema among them remembers the rest. A database that is
 * empty is marked as ours before OCS's tables are made, so that a run that was killed half-way is not taken for somebody
 * else's database by the next one. */
#include "schema/schema_text.h"
#include "tools/muster/schema/catalog.h"
#include "tools/muster/schema/inside.h"
#include "tools/muster/schema/schema.h"
#include "tools/muster/schema/script.h"

#include <stdarg.h>

enum { EMPTY_QUERY = 1065, NOT_ONLINE = 1845, NOT_ONLINE_WHY = 1846 }; /* error numbers of the server */

const struct migration schema_migrations[] = {
    {"Muster's own tables", &schema_muster, VERSION_OWN_TABLES, false},
    {"the tables of OCS", &schema_base, VERSION_OCS_TABLES, true},
    {"the rows that they start with", &schema_seed, VERSION_SEED, true},
    {"the indexes that OCS lacks", NULL, VERSION_INDEXES, true},
};
const size_t schema_migration_count = COUNT(schema_migrations);

bool schema_wanted(const struct migration *m, enum schema_kind kind, bool indexes)
{
    bool ours = kind == KIND_EMPTY || kind == KIND_OURS;
    return !m->only_ours || ours || (indexes && m->version == VERSION_INDEXES);
}

static void tell(FILE *say, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void tell(FILE *say, const char *format, ...)
{
    if (!say)
        return;
    va_list args;
    va_start(args, format);
    vfprintf(say, format, args);
    va_end(args);
    fflush(say);
}

static status run_script(struct db *db, struct view script, const char *name, struct reason *why)
{
    size_t at = 0;
    struct view statement;
    while ((statement = script_next(script, &at)).data) {
        status st = db_query(db, statement.data, statement.len, NULL);
        /* A comment meant for another server's version is nothing to run for this one. */
        if (st != ST_OK && db_errno(db) != EMPTY_QUERY)
            return schema_fault(db, st, name, why);
    }
    return ST_OK;
}

/* Without locking the table where the server and the engine can; a table that cannot gets the plain statement. */
static status add_index(struct db *db, const struct schema_index *index, struct reason *why)
{
    const int len = (int)index->statement.len;
    status st = db_exec(db, "%.*s, ALGORITHM=INPLACE, LOCK=NONE", len, index->statement.data);
    if (st != ST_OK && (db_errno(db) == NOT_ONLINE || db_errno(db) == NOT_ONLINE_WHY))
        st = db_exec(db, "%.*s", len, index->statement.data);
    return st == ST_OK ? ST_OK : schema_fault(db, st, "adding an index", why);
}

static status add_indexes(struct db *db, FILE *say, struct reason *why)
{
    AUTO(catalog_free) struct catalog *have = NULL;
    status st = catalog_read(db, &have);
    if (st != ST_OK)
        return schema_fault(db, st, "reading the list of indexes", why);
    struct schema_index index;
    for (size_t at = 0; schema_index_next(schema_indexes, &at, &index);) {
        if (!catalog_has_table(have, index.table) || catalog_has_key(have, index.table, index.columns))
            continue;
        tell(say, "  index on %s (%s)\n", index.table, index.columns);
        if ((st = add_index(db, &index, why)) != ST_OK)
            return st;
    }
    return ST_OK;
}

static status record(struct db *db, enum schema_version version, const char *name, struct reason *why)
{
    struct buffer sql = BUFFER_INIT(1024);
    buffer_format(&sql, "INSERT IGNORE INTO muster_schema (VERSION, NAME, APPLIED) VALUES (%d, ", (int)version);
    db_quote(db, &sql, view_of(name));
    buffer_text(&sql, ", NOW())");
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, NULL);
    buffer_clear(&sql);
    return st == ST_OK ? ST_OK : schema_fault(db, st, "writing to muster_schema", why);
}

static status apply(struct db *db, const struct migration *m, enum schema_kind kind, FILE *say, struct reason *why)
{
    tell(say, "%s\n", m->name);
    status st = m->script ? run_script(db, *m->script, m->name, why) : add_indexes(db, say, why);
    if (st == ST_OK && m->version == VERSION_OWN_TABLES && kind == KIND_EMPTY)
        st = record(db, VERSION_MADE_BY_MUSTER, "made by Muster", why);
    return st == ST_OK ? record(db, m->version, m->name, why) : st;
}

static status apply_pending(struct db *db, const char *name, bool indexes, FILE *say, struct reason *why)
{
    enum schema_kind kind;
    uint64_t applied = 0;
    status st = schema_kind_of(db, &kind);
    if (st == ST_OK)
        st = schema_applied(db, &applied);
    if (st != ST_OK)
        return schema_fault(db, st, "looking at the database", why);
    if (kind == KIND_STRANGER || kind == KIND_OLD_OCS)
        return schema_explain(kind, name, why), ST_REFUSED;
    for (size_t i = 0; i < schema_migration_count && st == ST_OK; i++) {
        const struct migration *m = &schema_migrations[i];
        /* Indexes are looked for each time they are asked for: somebody may have dropped one. */
        bool again = indexes && m->version == VERSION_INDEXES;
        if (schema_wanted(m, kind, indexes) && (again || !(applied >> m->version & 1)))
            st = apply(db, m, kind, say, why);
    }
    return st;
}

/* The lock's name is the server's, not the database's, and at most 64 characters: hence the digest of the database's. */
static status lock(struct db *db, struct reason *why)
{
    char got[8];
    status st = schema_value(db, "SELECT GET_LOCK(CONCAT('muster_', MD5(DATABASE())), 60)", got, sizeof got);
    if (st != ST_OK)
        return schema_fault(db, st, "taking the lock", why);
    if (strcmp(got, "1") == 0)
        return ST_OK;
    reason_set(why, "busy", "another muster is changing this database and was not done after 60 s; try again");
    return ST_CONFLICT;
}

status schema_upgrade(const struct db_target *target, bool indexes, FILE *say, struct reason *why)
{
    AUTO(db_close) struct db *db = NULL; /* closing it releases the lock */
    status st = schema_open(target, true, &db, why);
    if (st == ST_OK)
        st = lock(db, why);
    return st == ST_OK ? apply_pending(db, target->name, indexes, say, why) : st;
}

static status database_exists(struct db *db, const char *name, bool *out)
{
    struct buffer sql = BUFFER_INIT(1024);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    buffer_text(&sql, "SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ");
    db_quote(db, &sql, view_of(name));
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, &rows);
    buffer_clear(&sql);
    if (st == ST_OK)
        *out = db_rows_count(rows) > 0;
    return st;
}

static status make_database(struct db *db, const char *name)
{
    struct buffer sql = BUFFER_INIT(1024);
    buffer_text(&sql, "CREATE DATABASE IF NOT EXISTS ");
    db_name(&sql, view_of(name));
    buffer_text(&sql, " CHARACTER SET utf8mb3");
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, NULL);
    buffer_clear(&sql);
    return st;
}

status schema_create(const struct db_target *target, FILE *say, struct reason *why)
{
    AUTO(db_close) struct db *db = NULL;
    bool exists = false;
    if (!target->name[0])
        return reason_set(why, "no_name", "the address names no database: mysql://.../NAME"), ST_INVALID;
    status st = schema_open(target, false, &db, why);
    if (st != ST_OK)
        return st;
    st = database_exists(db, target->name, &exists);
    if (st == ST_OK && !exists) {
        tell(say, "database %s\n", target->name);
        st = make_database(db, target->name);
    }
    return st == ST_OK ? schema_upgrade(target, false, say, why) : schema_fault(db, st, "making the database", why);
}
