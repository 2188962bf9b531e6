#include "services/writer/apply/insert.h"

/* 300 to 1000 rows, or about this many bytes, are enough for one statement; larger ones gain nothing and hold locks longer. With fewer rows
 * than ARRAY_LEAST one more statement is no gain. */
enum { HEAD_MAX = 1 << 16, PIECE_BYTES = 1 << 20, ARRAY_LEAST = 63 };

void insert_init(struct insert *in, struct statement *st, const char *table, const char *tail)
{
    *in = (struct insert){.st = st, .table = table, .head = BUFFER_INIT(HEAD_MAX), .tail = tail};
}

void insert_clear(struct insert *in)
{
    buffer_clear(&in->head);
}

/* An array is sent when the rows that are to come fill it: what is left over goes in smaller ones, and in the end as text. So the server takes
 * no more ids from the counter than there are rows, unless rows are so large that a piece ends before. */
static size_t array_rows(const struct insert *in)
{
    size_t rows = INSERT_ROWS_MAX;
    while (rows > in->coming)
        rows /= 2;
    return in->prepared && rows >= ARRAY_LEAST ? rows : 0;
}

status insert_expect(struct insert *in, size_t rows, size_t columns)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(HEAD_MAX);
    in->columns = columns;
    in->coming = rows;
    if (!db_takes_arrays(in->st->db) || rows < ARRAY_LEAST)
        return ST_OK;
    buffer_add(&sql, in->head.data, in->head.len);
    for (size_t i = 0; i < columns; i++)
        buffer_text(&sql, i ? ",?" : "(?");
    buffer_char(&sql, ')');
    buffer_text(&sql, in->tail);
    status st = buffer_status(&in->head) == ST_OK ? buffer_status(&sql) : buffer_status(&in->head);
    if (st == ST_OK)
        st = db_prepare(in->st->db, buffer_view(&sql), &in->prepared_id);
    in->prepared = st == ST_OK;
    return st == ST_REFUSED ? ST_OK : st;
}

void insert_row(struct insert *in)
{
    struct insert_piece *p = &in->pieces[in->in_hand];
    struct buffer *text = &in->st->text;
    in->begun = false;
    if (p->rows == 0) {
        p->array = array_rows(in);
        if (p->array) {
            db_array_start(text, in->prepared_id, in->columns, in->bytes);
            return;
        }
        buffer_reset(text);
        buffer_add(text, in->head.data, in->head.len);
    }
    if (!p->array)
        buffer_text(text, p->rows ? ",(" : "(");
}

/* In front of the text of a value. */
static void separate(struct insert *in)
{
    if (in->begun)
        buffer_char(&in->st->text, ',');
    in->begun = true;
}

void insert_value(struct insert *in, struct view value)
{
    struct buffer *text = &in->st->text;
    if (in->pieces[in->in_hand].array) {
        db_array_value(text, value);
        return;
    }
    separate(in);
    if (in->bytes)
        db_bytes(text, value);
    else
        db_quote(in->st->db, text, value);
}

void insert_number(struct insert *in, uint64_t value)
{
    struct buffer *text = &in->st->text;
    if (in->pieces[in->in_hand].array) {
        char room[DIGITS_ROOM];
        db_array_value(text, digits_of(value, room));
        return;
    }
    separate(in);
    buffer_number(text, value);
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

/* Ids of an array ascend by the step, or by more where another connection's stand between them: none do when the device of its last row has
 * nothing behind the id that the last row has then. */
static status ids_follow(struct insert *in, const struct insert_piece *p, uint64_t first, bool *follow)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1024);
    uint64_t last = first + (p->rows - 1) * db_id_step(in->st->db);
    buffer_format(&sql, "SELECT MAX(ID) FROM `%s` WHERE ID>=%llu AND HARDWARE_ID=%llu", in->table,
                  (unsigned long long)last, (unsigned long long)p->devices[p->rows - 1]);
    status st = buffer_status(&sql);
    if (st == ST_OK)
        st = db_query(in->st->db, sql.data, sql.len, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    *follow = row && db_number(row[0]) == last;
    return st;
}

/* Of the piece that was sent, before the next one is. */
static status take_ids(struct insert *in)
{
    struct insert_piece *p = &in->pieces[!in->in_hand];
    if (!wants_ids(in, p))
        return ST_OK;
    status st = statement_finish(in->st);
    if (st != ST_OK)
        return st;
    uint64_t first = db_insert_id(in->st->db), step = db_id_step(in->st->db);
    bool follow = db_ids_consecutive(in->st->db);
    if (p->array)
        st = ids_follow(in, p, first, &follow);
    if (st != ST_OK || !follow) {
        st = st == ST_OK ? read_ids(in, p, first) : st;
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
    const struct insert_piece *p = &in->pieces[in->in_hand];
    status st = take_ids(in);
    if (!p->array)
        buffer_text(&in->st->text, in->tail);
    if (st == ST_OK)
        st = p->array ? statement_send_array(in->st) : statement_send(in->st);
    in->total += p->rows;
    in->in_hand = !in->in_hand;
    in->pieces[in->in_hand].rows = 0;
    return st;
}

status insert_row_end(struct insert *in, uint64_t *id, uint64_t device)
{
    struct insert_piece *p = &in->pieces[in->in_hand];
    if (!p->array)
        buffer_char(&in->st->text, ')');
    in->coming -= in->coming > 0;
    p->ids[p->rows] = id;
    p->devices[p->rows] = device;
    p->rows++;
    size_t cap = db_packet_max(in->st->db) / 2;
    if (p->rows < (p->array ? p->array : INSERT_ROWS_MAX) && in->st->text.len < (cap < PIECE_BYTES ? cap : PIECE_BYTES))
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
    return st == ST_OK ? statement_finish(in->st) : st;
}
