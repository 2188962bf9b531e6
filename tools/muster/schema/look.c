/* What kind of database is this, and how far has it come? */
#include "tools/muster/schema/inside.h"

#include <stdio.h>

enum { NO_SUCH_TABLE = 1146, ALTER_TIME_S = 86400 };

status schema_open(const struct db_target *target, bool database, struct db **out, struct reason *why)
{
    struct db_target patient = *target;
    patient.read_s = patient.write_s = ALTER_TIME_S;
    if (!database)
        patient.name[0] = '\0';
    return db_open(&patient, out, why);
}

status schema_fault(struct db *db, status st, const char *doing, struct reason *why)
{
    const char *advice = db_errno(db) == 1142 || db_errno(db) == 1044 || db_errno(db) == 1227
                             ? " (this user lacks a right: grant it ALL on this database, or give another user)"
                             : "";
    reason_set(why, "database", "%s: %s%s", doing, db_errno(db) ? db_error(db) : status_name(st), advice);
    return st;
}

status schema_value(struct db *db, const char *sql, char *out, size_t room)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql, strlen(sql), &rows);
    if (st != ST_OK)
        return st;
    const struct view *row = db_rows_next(rows);
    snprintf(out, room, "%.*s", row ? (int)row[0].len : 0, row && row[0].data ? row[0].data : "");
    return ST_OK;
}

static const char tables_sql[] =
    "SELECT COUNT(*), COALESCE(SUM(TABLE_NAME = 'hardware'), 0), COALESCE(SUM(TABLE_NAME = 'config'), 0),"
    " COALESCE(SUM(TABLE_NAME = 'software_name'), 0)"
    " FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'muster\\_%'";

status schema_kind_of(struct db *db, enum schema_kind *out)
{
    uint64_t applied = 0;
    status st = schema_applied(db, &applied);
    if (st != ST_OK)
        return st;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    st = db_query(db, tables_sql, sizeof tables_sql - 1, &rows);
    if (st != ST_OK)
        return st;
    const struct view *row = db_rows_next(rows);
    if (!row)
        return ST_IO;
    if (applied >> VERSION_MADE_BY_MUSTER & 1)
        *out = KIND_OURS;
    else if (db_number(row[0]) == 0)
        *out = KIND_EMPTY;
    else if (db_number(row[1]) == 0 || db_number(row[2]) == 0)
        *out = KIND_STRANGER;
    else
        *out = db_number(row[3]) ? KIND_OCS : KIND_OLD_OCS;
    return ST_OK;
}

status schema_applied(struct db *db, uint64_t *bits)
{
    static const char sql[] = "SELECT VERSION FROM muster_schema";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql, sizeof sql - 1, &rows);
    if (st != ST_OK && db_errno(db) == NO_SUCH_TABLE)
        return *bits = 0, ST_OK;
    if (st != ST_OK)
        return st;
    uint64_t found = 0;
    for (const struct view *row; (row = db_rows_next(rows));)
        if (db_number(row[0]) < 64)
            found |= UINT64_C(1) << db_number(row[0]);
    *bits = found;
    return ST_OK;
}

void schema_explain(enum schema_kind kind, const char *name, struct reason *why)
{
    if (kind == KIND_OLD_OCS)
        reason_set(why, "old_ocs",
                   "%s was made by an OCS older than 2.8 (no table software_name): let its console upgrade it first",
                   name);
    else
        reason_set(why, "not_ocs",
                   "%s has tables, but not those of OCS (hardware, config): give an empty or a new database", name);
}
