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

status statement_send(struct statement *st)
{
    status result = buffer_status(&st->text);
    if (result != ST_OK)
        return result;
    int64_t start = clock_steady_us();
    result = db_send(st->db, st->text.data, st->text.len);
    count_wait(start);
    metric_add(&writer_metrics.statements, 1);
    return result;
}

static status finish(struct statement *st)
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
    size_t rows = in->pieces[in->in_hand].rows;
    if (rows == 0) {
        buffer_reset(&in->st->text);
        buffer_add(&in->st->text, in->head.data, in->head.len);
    }
    buffer_text(&in->st->text, rows ? ",(" : "(");
}

/* Whether one of the rows is wanted back with its id. */
static bool wants_ids(const struct insert *in, const struct insert_piece *p)
{
    for (size_t i = 0; in->table && i < p->rows; i++)
        if (p->ids[i])
            return true;
    return false;
}

/* Ids of one statement ascend, but another connection's may stand between them: those of our devices, which are locked, from the
 * first one on are ours. */
static status read_ids(struct insert *in, const struct insert_piece *p, uint64_t first)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(db_packet_max(in->st->db));
    buffer_format(&sql, "SELECT ID FROM `%s` WHERE ID>=%llu AND HARDWARE_ID IN (", in->table,
                  (unsigned long long)first);
    for (size_t i = 0; i < p->rows; i++)
        buffer_format(&sql, "%s%llu", i ? "," : "", (unsigned long long)p->devices[i]);
    buffer_text(&sql, ") ORDER BY ID");
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(in->st->db, sql.data, sql.len, &rows);
    if (st != ST_OK)
        return st;
    if (db_rows_count(rows) != p->rows)
        return ST_AGAIN; /* somebody else writes rows of our devices */
    for (size_t i = 0; i < p->rows; i++) {
        const struct view *row = db_rows_next(rows);
        if (p->ids[i])
            *p->ids[i] = db_number(row[0]);
    }
    return ST_OK;
}

/* Of the piece that was sent, before the next one is. */
static status take_ids(struct insert *in)
{
    struct insert_piece *p = &in->pieces[!in->in_hand];
    if (!wants_ids(in, p))
        return ST_OK;
    status st = finish(in->st);
    if (st != ST_OK)
        return st;
    uint64_t first = db_insert_id(in->st->db), step = db_id_step(in->st->db);
    if (!db_ids_consecutive(in->st->db)) {
        st = read_ids(in, p, first);
        p->rows = 0;
        return st;
    }
    for (; p->rows > 0; p->rows--)
        if (p->ids[p->rows - 1])
            *p->ids[p->rows - 1] = first + (p->rows - 1) * step;
    return ST_OK;
}

static status send_piece(struct insert *in)
{
    status st = take_ids(in);
    buffer_text(&in->st->text, in->tail);
    if (st == ST_OK)
        st = statement_send(in->st);
    in->total += in->pieces[in->in_hand].rows;
    in->in_hand = !in->in_hand;
    in->pieces[in->in_hand].rows = 0;
    return st;
}

status insert_row_end(struct insert *in, uint64_t *id, uint64_t device)
{
    struct insert_piece *p = &in->pieces[in->in_hand];
    buffer_char(&in->st->text, ')');
    p->ids[p->rows] = id;
    p->devices[p->rows] = device;
    p->rows++;
    size_t cap = db_packet_max(in->st->db) / 2;
    if (p->rows < INSERT_ROWS_MAX && in->st->text.len < (cap < PIECE_BYTES ? cap : PIECE_BYTES))
        return ST_OK;
    return send_piece(in);
}

status insert_send(struct insert *in)
{
    status st = buffer_status(&in->head);
    if (st == ST_OK && in->pieces[in->in_hand].rows > 0)
        st = send_piece(in);
    return st == ST_OK ? take_ids(in) : st;
}

status insert_finish(struct insert *in)
{
    status st = insert_send(in);
    return st == ST_OK ? finish(in->st) : st;
}
