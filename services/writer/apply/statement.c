#include "services/writer/apply/statement.h"

#include "common/base/clock.h"
#include "services/writer/writer_metrics.h"

#include <stdarg.h>

/* 300 to 1000 rows, or about this many bytes, are enough for one statement; larger ones gain nothing and hold locks longer. */
enum { HEAD_MAX = 1 << 16, PIECE_BYTES = 1 << 20 };

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

status statement_run(struct statement *st, struct db_rows **rows)
{
    status result = buffer_status(&st->text);
    if (result != ST_OK)
        return result;
    int64_t start = clock_wall_us();
    result = db_query(st->db, st->text.data, st->text.len, rows);
    int64_t spent = clock_wall_us() - start;
    metric_add(&writer_metrics.database_us, spent > 0 ? spent : 0);
    metric_add(&writer_metrics.statements, 1);
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

void insert_init(struct insert *in, struct statement *st, const char *table, const char *tail)
{
    *in = (struct insert){.st = st, .table = table, .head = BUFFER_INIT(HEAD_MAX), .tail = tail};
}

void insert_clear(struct insert *in)
{
    buffer_clear(&in->head);
}

void insert_row(struct insert *in)
{
    if (in->rows == 0) {
        buffer_reset(&in->st->text);
        buffer_add(&in->st->text, in->head.data, in->head.len);
    }
    buffer_text(&in->st->text, in->rows ? ",(" : "(");
}

/* Whether one of the rows in hand is wanted back with its id. */
static bool wants_ids(const struct insert *in)
{
    for (size_t i = 0; i < in->rows; i++)
        if (in->ids[i])
            return true;
    return false;
}

/* Ids of one statement ascend, but another connection's may stand between them: those of our devices, which are locked, from the
 * first one on are ours. */
static status read_ids(struct insert *in, uint64_t first)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(in->st, "SELECT ID FROM `%s` WHERE ID>=%llu AND HARDWARE_ID IN (", in->table,
                    (unsigned long long)first);
    for (size_t i = 0; i < in->rows; i++)
        buffer_format(&in->st->text, "%s%llu", i ? "," : "", (unsigned long long)in->devices[i]);
    buffer_text(&in->st->text, ") ORDER BY ID");
    status st = statement_run(in->st, &rows);
    if (st != ST_OK)
        return st;
    if (db_rows_count(rows) != in->rows)
        return ST_AGAIN; /* somebody else writes rows of our devices */
    for (size_t i = 0; i < in->rows; i++) {
        const struct view *row = db_rows_next(rows);
        if (in->ids[i])
            *in->ids[i] = db_number(row[0]);
    }
    return ST_OK;
}

static status give_ids(struct insert *in)
{
    uint64_t first = db_insert_id(in->st->db), step = db_id_step(in->st->db);
    if (!in->table || !wants_ids(in))
        return ST_OK;
    if (!db_ids_consecutive(in->st->db))
        return read_ids(in, first);
    for (size_t i = 0; i < in->rows; i++)
        if (in->ids[i])
            *in->ids[i] = first + i * step;
    return ST_OK;
}

status insert_finish(struct insert *in)
{
    status st = buffer_status(&in->head);
    if (st != ST_OK || in->rows == 0)
        return st;
    buffer_text(&in->st->text, in->tail);
    st = statement_run(in->st, NULL);
    if (st == ST_OK)
        st = give_ids(in);
    in->total += in->rows;
    in->rows = 0;
    return st;
}

status insert_row_end(struct insert *in, uint64_t *id, uint64_t device)
{
    buffer_char(&in->st->text, ')');
    in->ids[in->rows] = id;
    in->devices[in->rows] = device;
    in->rows++;
    size_t cap = db_packet_max(in->st->db) / 2;
    if (in->rows < INSERT_ROWS_MAX && in->st->text.len < (cap < PIECE_BYTES ? cap : PIECE_BYTES))
        return ST_OK;
    return insert_finish(in);
}
