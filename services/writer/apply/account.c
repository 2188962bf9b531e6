/* accountinfo (inventory-to-database.md 7): written for new devices and where the row is lost. Its columns are the operator's, who adds
 * some in the console at any time: they are read each time, for what a new device says of itself is said once. */
#include "services/writer/apply/apply.h"

/* The value of the last ACCOUNTINFO with this name; `given` says whether there is one. */
static struct view account_value(const struct record_section_view *s, const char *column, bool *given)
{
    struct record_row_view row;
    struct view value = VIEW_ABSENT;
    *given = false;
    for (const uint8_t *at = s ? s->rows : NULL; s && record_next_row(s, &at, &row);)
        if (view_is(row_value(s, &row, "KEYNAME"), column)) {
            value = row_value(s, &row, "KEYVALUE");
            *given = true;
        }
    return value.len ? value : VIEW_ABSENT;
}

static bool is_key(const struct db_column *column)
{
    return strcmp(column->name, "HARDWARE_ID") == 0;
}

static void append_row(struct wave *w, const struct db_table *table, const struct device *d, bool lost)
{
    const struct record_section_view *s = record_section_find(d->upload->record, "ACCOUNTINFO");
    buffer_format(&w->st.text, "%u", d->hardware_id);
    for (size_t i = 0; i < table->count; i++) {
        const struct db_column *column = &table->columns[i];
        bool given;
        struct view value = account_value(s, column->name, &given);
        if (is_key(column))
            continue;
        buffer_char(&w->st.text, ',');
        if (lost && strcmp(column->name, "TAG") == 0)
            statement_value(&w->st, VIEW_LITERAL("LOST"));
        else if (given)
            append_fitted(w, column, value.data || column->nullable ? value : VIEW_LITERAL(""));
        else
            buffer_text(&w->st.text, column->nullable || column->has_default ? "DEFAULT" : "''");
    }
}

/* Which of the known devices have their row. */
static status find_rows(struct wave *w, bool *has)
{
    size_t listed = 0;
    statement_start(&w->st, "SELECT HARDWARE_ID FROM accountinfo WHERE HARDWARE_ID IN (");
    for (size_t i = 0; i < w->device_count; i++)
        if (device_writes(&w->devices[i]) && !w->devices[i].is_new)
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", w->devices[i].hardware_id);
    buffer_char(&w->st.text, ')');
    if (listed == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    const struct view *row;
    while (st == ST_OK && (row = db_rows_next(rows)))
        for (size_t i = 0; i < w->device_count; i++)
            if (w->devices[i].hardware_id == db_number(row[0]))
                has[i] = true;
    return st;
}

static status insert_rows(struct wave *w, const struct db_table *table, const bool *has)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, "");
    buffer_text(&in.head, "INSERT INTO accountinfo (HARDWARE_ID");
    for (size_t i = 0; i < table->count; i++)
        if (!is_key(&table->columns[i])) {
            buffer_char(&in.head, ',');
            db_name(&in.head, view_of(table->columns[i].name));
        }
    buffer_text(&in.head, ") VALUES ");
    status st = ST_OK;
    for (size_t i = 0; i < w->device_count && st == ST_OK; i++) {
        const struct device *d = &w->devices[i];
        if (!device_writes(d) || has[i])
            continue;
        insert_row(&in);
        append_row(w, table, d, !d->is_new);
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_send(&in) : st;
}

/* With the setting: what the agent says counts for known devices as well. */
static status update_row(struct wave *w, const struct db_table *table, const struct device *d)
{
    const struct record_section_view *s = record_section_find(d->upload->record, "ACCOUNTINFO");
    size_t listed = 0;
    statement_start(&w->st, "UPDATE accountinfo SET ");
    for (size_t i = 0; i < table->count; i++) {
        bool given;
        struct view value = account_value(s, table->columns[i].name, &given);
        if (!given || is_key(&table->columns[i]))
            continue;
        buffer_text(&w->st.text, listed++ ? "," : "");
        db_name(&w->st.text, view_of(table->columns[i].name));
        buffer_char(&w->st.text, '=');
        append_fitted(w, &table->columns[i], value.data || table->columns[i].nullable ? value : VIEW_LITERAL(""));
    }
    buffer_format(&w->st.text, " WHERE HARDWARE_ID=%u", d->hardware_id);
    return listed ? statement_send(&w->st) : ST_OK;
}

static status write_rows(struct wave *w, const bool *has)
{
    AUTO(mem_free) struct db_table *table = NULL;
    status st = db_table_read(w->st.db, "accountinfo", &table);
    if (st == ST_OK)
        st = insert_rows(w, table, has);
    for (size_t i = 0; i < w->device_count && st == ST_OK && w->accept_tag; i++)
        if (has[i] && device_writes(&w->devices[i]))
            st = update_row(w, table, &w->devices[i]);
    return st;
}

status account_write(struct wave *w)
{
    bool *has = arena_alloc(w->arena, w->device_count + 1), missing = w->accept_tag;
    if (!has)
        return ST_NO_MEMORY;
    memset(has, 0, w->device_count + 1);
    status st = find_rows(w, has);
    for (size_t i = 0; i < w->device_count; i++)
        missing |= device_writes(&w->devices[i]) && !has[i];
    return st == ST_OK && missing ? write_rows(w, has) : st;
}
