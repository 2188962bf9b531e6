/* The caches of words for the console's search fields (inventory-to-database.md 10), rebuilt once in INVENTORY_CACHE_REVALIDATE days.
 *
 * OCS locks both tables and writes the cache anew. Here both are read as they are and only the difference is written, in small
 * statements: no writer ever waits. A word that comes into use, or ceases to be used, at that very moment is put right by the writer or by
 * the next rebuild. */
#include "services/writer/jobs/job.h"

#include "common/log/log.h"
#include "services/writer/writer_metrics.h"

static const struct cache {
    const char *table, *column, *source, *source_column;
} caches[] = {
    {"hardware_osname_cache", "OSNAME", "hardware", "OSNAME"},
    {"registry_name_cache", "NAME", "registry", "NAME"},
    {"registry_regvalue_cache", "REGVALUE", "registry", "REGVALUE"},
};

#define CLEAN_DATE "INVENTORY_CACHE_CLEAN_DATE"

enum { DAY_S = 86400 };

/* Rows that have no word go as well (gotchas G-63). */
static status remove_unused(struct job *j, const struct cache *c, size_t *removed)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    job_start(j, "SELECT ID FROM %s WHERE %s IS NULL OR %s NOT IN (SELECT %s FROM %s WHERE %s IS NOT NULL)", c->table,
              c->column, c->column, c->source_column, c->source, c->source_column);
    status st = job_run(j, &rows);
    size_t left = st == ST_OK ? db_rows_count(rows) : 0;
    *removed = left;
    while (left && st == ST_OK && !job_is_over(j)) {
        size_t listed = left < JOB_LIST_MAX ? left : JOB_LIST_MAX;
        job_start(j, "DELETE FROM %s WHERE ID IN (", c->table);
        for (size_t i = 0; i < listed; i++)
            buffer_format(&j->sql, "%s%llu", i ? "," : "", (unsigned long long)db_number(db_rows_next(rows)[0]));
        buffer_char(&j->sql, ')');
        left -= listed;
        st = job_run(j, NULL);
    }
    return st;
}

static status add_missing(struct job *j, const struct cache *c, size_t *added)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    job_start(j,
              "SELECT DISTINCT %s FROM %s WHERE %s IS NOT NULL AND %s NOT IN (SELECT %s FROM %s WHERE %s IS NOT NULL)",
              c->source_column, c->source, c->source_column, c->source_column, c->column, c->table, c->column);
    status st = job_run(j, &rows);
    size_t left = st == ST_OK ? db_rows_count(rows) : 0;
    *added = left;
    while (left && st == ST_OK && !job_is_over(j)) {
        job_start(j, "INSERT IGNORE INTO %s (%s) VALUES ", c->table, c->column);
        for (size_t listed = 0; left && listed < JOB_LIST_MAX && j->sql.len < j->sql.max / 2; listed++, left--) {
            buffer_text(&j->sql, listed ? ",(" : "(");
            db_quote(j->db, &j->sql, db_rows_next(rows)[0]);
            buffer_char(&j->sql, ')');
        }
        st = job_run(j, NULL);
    }
    return st;
}

static status rebuild(struct job *j, const struct cache *c)
{
    size_t removed = 0, added = 0;
    status st = remove_unused(j, c, &removed);
    if (st == ST_OK && !job_is_over(j))
        st = add_missing(j, c, &added);
    if (st != ST_OK)
        return st;
    log_info("cache of words rebuilt", LOG_TEXT("table", c->table), LOG_NUMBER("added", added),
             LOG_NUMBER("removed", removed));
    return ST_OK;
}

static status is_due(struct job *j, bool *due)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    job_start(j, "SELECT IVALUE+%lld<UNIX_TIMESTAMP() FROM engine_persistent WHERE NAME='" CLEAN_DATE "'",
              (long long)j->options->inventory_cache_revalidate * DAY_S);
    status st = job_run(j, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    *due = st == ST_OK && (!row || !row[0].data || db_number(row[0]) != 0);
    return st;
}

status job_caches(struct job *j)
{
    bool due = false;
    if (j->options->inventory_cache_enabled == 0 || j->options->inventory_cache_revalidate <= 0)
        return ST_OK;
    status st = is_due(j, &due);
    if (st != ST_OK || !due)
        return st;
    for (size_t i = 0; i < COUNT(caches) && st == ST_OK && !job_is_over(j); i++)
        st = rebuild(j, &caches[i]);
    if (st != ST_OK || job_is_over(j))
        return st;
    metric_add(&writer_metrics.caches_rebuilt, 1);
    return job_do(j, "INSERT INTO engine_persistent (NAME,IVALUE) VALUES ('" CLEAN_DATE
                     "',UNIX_TIMESTAMP()) ON DUPLICATE KEY UPDATE IVALUE=UNIX_TIMESTAMP()");
}
