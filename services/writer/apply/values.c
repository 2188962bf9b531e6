/* What several steps need to read a record or to write a value. */
#include "services/writer/apply/apply.h"

void append_past(struct buffer *sql, int64_t seconds)
{
    buffer_format(sql, "LEAST(FROM_UNIXTIME(%lld),NOW())", (long long)seconds);
}

void append_time(struct buffer *sql, struct upload_id id)
{
    append_past(sql, upload_seconds(id));
}

void append_time_text(struct buffer *sql, struct upload_id id)
{
    long long s = (long long)upload_seconds(id);
    buffer_format(sql,
                  "CONCAT(DATE_FORMAT(FROM_UNIXTIME(%lld),'%%a %%b '),LPAD(DAY(FROM_UNIXTIME(%lld)),2,' '),"
                  "DATE_FORMAT(FROM_UNIXTIME(%lld),' %%H:%%i:%%S %%Y'))",
                  s, s, s);
}

static struct view fit(struct wave *w, const struct db_column *column, struct view value)
{
    bool adjusted = false;
    struct view fitted = db_fit(column, value, w->arena, &adjusted);
    if (!adjusted || value.len == 0)
        return fitted;
    w->rows.adjusted++;
    if (w->fitting && w->fitting->adjusted++ == 0)
        w->fitting->adjusted_first = column->name;
    return fitted;
}

void append_fitted(struct wave *w, const struct db_column *column, struct view value)
{
    statement_value(&w->st, fit(w, column, value));
}

void insert_fitted(struct wave *w, struct insert *in, const struct db_column *column, struct view value)
{
    insert_value(in, fit(w, column, value));
}

void append_sought(struct wave *w, const struct db_column *column, struct view value)
{
    bool adjusted = false;
    statement_value(&w->st, column ? db_fit(column, value, w->arena, &adjusted) : value);
}

void count_adjusted(struct wave *w, struct view sent, struct view written)
{
    w->rows.adjusted += sent.len && !view_equal(sent, written);
}

struct view row_value(const struct record_section_view *s, const struct record_row_view *row, const char *field)
{
    int i = record_field(s, field);
    return i < 0 ? VIEW_ABSENT : row->values[i];
}

struct view record_single(const struct record *r, const char *section, const char *field)
{
    const struct record_section_view *s = record_section_find(r, section);
    struct record_row_view row;
    if (!s)
        return VIEW_ABSENT;
    const uint8_t *at = s->rows;
    return record_next_row(s, &at, &row) ? row_value(s, &row, field) : VIEW_ABSENT;
}
