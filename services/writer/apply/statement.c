#include "services/writer/apply/statement.h"

#include "common/base/clock.h"
#include "services/writer/writer_metrics.h"

#include <stdarg.h>

void statement_init(struct statement *st, struct db *db)
{
    *st = (struct statement){.db = db, .text = BUFFER_INIT(db_packet_max(db))};
}

void statement_clear(struct statement *st)
{
    buffer_clear(&st->text);
}

void statement_start(struct statement *st, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_reset(&st->text);
    buffer_format_list(&st->text, format, args);
    va_end(args);
}

void statement_value(struct statement *st, struct view value)
{
    db_quote(st->db, &st->text, value);
}

static void count_wait(int64_t since_us)
{
    int64_t spent = clock_steady_us() - since_us;
    metric_add(&writer_metrics.database_us, spent);
}

status statement_run(struct statement *st, struct db_rows **rows)
{
    status result = buffer_status(&st->text);
    if (result != ST_OK)
        return result;
    int64_t start = clock_steady_us();
    result = db_query(st->db, st->text.data, st->text.len, rows);
    count_wait(start);
    metric_add(&writer_metrics.statements, 1);
    return result;
}

static status send(struct statement *st, status (*how)(struct db *, const char *, size_t))
{
    status result = buffer_status(&st->text);
    if (result != ST_OK)
        return result;
    int64_t start = clock_steady_us();
    result = how(st->db, st->text.data, st->text.len);
    count_wait(start);
    metric_add(&writer_metrics.statements, 1);
    return result;
}

status statement_send(struct statement *st)
{
    return send(st, db_send);
}

status statement_send_array(struct statement *st)
{
    return send(st, db_send_array);
}

status statement_finish(struct statement *st)
{
    int64_t start = clock_steady_us();
    status result = db_finish(st->db);
    count_wait(start);
    return result;
}

status statement_do(struct statement *st, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_reset(&st->text);
    buffer_format_list(&st->text, format, args);
    va_end(args);
    return statement_run(st, NULL);
}
