#include "services/writer/jobs/job.h"

#include <stdarg.h>
#include <stdio.h>

/* MariaDB counts seconds and ends any statement; MySQL counts milliseconds and ends SELECTs, which are the long ones. */
static status limit_time(struct db *db, int64_t statement_ms)
{
    static const char sql[] = "SELECT VERSION() LIKE '%MariaDB%'";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql, sizeof sql - 1, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    if (!row)
        return st;
    if (db_number(row[0]))
        return db_exec(db, "SET SESSION max_statement_time=%lld.%03lld", (long long)(statement_ms / 1000),
                       (long long)(statement_ms % 1000));
    return db_exec(db, "SET SESSION max_execution_time=%lld", (long long)statement_ms);
}

status job_session(struct db *db, int64_t statement_ms)
{
    status st = limit_time(db, statement_ms);
    return st == ST_OK
               ? db_exec(db, "SET SESSION sql_select_limit=%d, SESSION innodb_lock_wait_timeout=10", JOB_ROWS_MAX)
               : st;
}

__attribute__((format(printf, 2, 0))) static void set_format(struct buffer *sql, const char *format, va_list args)
{
    buffer_reset(sql);
    buffer_format_list(sql, format, args);
}

void job_start(struct job *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_format(&j->sql, format, args);
    va_end(args);
}

status job_run(struct job *j, struct db_rows **rows)
{
    status st = buffer_status(&j->sql);
    return st == ST_OK ? db_query(j->db, j->sql.data, j->sql.len, rows) : st;
}

status job_do(struct job *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_format(&j->sql, format, args);
    va_end(args);
    return job_run(j, NULL);
}

int64_t job_random(struct job *j, int64_t below)
{
    j->random = j->random * 1103515245u + 12345u;
    return below > 0 ? (int64_t)(j->random >> 8) % below : 0;
}
