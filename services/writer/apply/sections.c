/* Sections: which differ from what was written last (by hash), and writing the difference of their rows. */
#include "services/writer/apply/sections.h"

#include "services/writer/writer_metrics.h"

enum { DELETE_MAX = 1000 };

size_t works_end(const struct wave *w, size_t from)
{
    size_t end = from;
    while (end < w->work_count && w->works[end].number == w->works[from].number)
        end++;
    return end;
}

/* ---- which sections ---- */

struct record_hash section_content(const struct wave *w, const struct section_columns *c, struct record_hash hash)
{
    bool software = c->section->form == SECTION_SOFTWARE;
    return state_content_hash(hash, c->layout + (software ? operator_rules_categories_hash(w->rules) : 0));
}

static uint64_t layout_of(const struct section_work *work)
{
    uint64_t layout = work->columns->layout;
    for (size_t i = 0; work->source && i < work->source->field_count; i++) {
        struct view name = work->source->fields[i];
        layout = state_hash(layout, name.data, name.len);
    }
    return layout;
}

static void map_fields(struct section_work *work)
{
    for (size_t i = 0; i < work->columns->count; i++)
        work->fields[i] = work->source ? record_field(work->source, work->columns->columns[i]->name) : -1;
    work->layout = layout_of(work);
}

static void add_work(struct wave *w, struct device *d, size_t number, const struct record_section_view *source)
{
    struct section_work *work = &w->works[w->work_count++];
    *work = (struct section_work){
        .device = d, .number = number, .columns = columns_section(w->columns, number), .source = source};
    map_fields(work);
}

/* An upload without HARDWARE is no full report: its silence says nothing. */
static bool clears_absent(const struct wave *w, const struct device *d, const struct section_columns *c)
{
    return (w->absent == ABSENT_CLEAR || c->section->clears) && c->section->form != SECTION_APPENDED && !d->is_new &&
           record_section_find(d->upload->record, "HARDWARE") &&
           (d->trusts_nothing || state_section_has(&d->sections, c->key));
}

/* Software that has no entry with a name is as good as absent. */
static bool is_empty(const struct device *d, const struct section_columns *c, const struct record_section_view *s)
{
    return !s || s->row_count == 0 ||
           (c->section->form == SECTION_SOFTWARE && d->upload->software.resolved && d->upload->software.count == 0);
}

static void consider(struct wave *w, struct device *d, size_t number)
{
    const struct section_columns *c = columns_section(w->columns, number);
    const struct record_section_view *s = record_section_find(d->upload->record, c->section->path);
    d->sections_known += s != NULL && (c->table || !c->section->table);
    if (!c->table)
        return;
    if (is_empty(d, c, s)) {
        if (clears_absent(w, d, c))
            add_work(w, d, number, NULL);
        return;
    }
    bool known = !d->trusts_nothing && c->section->form != SECTION_APPENDED &&
                 state_section_is(&d->sections, c->key, section_content(w, c, s->hash));
    if (!known)
        add_work(w, d, number, s);
    if (!known && c->section->form != SECTION_SOFTWARE)
        w->rows.fields_lost += (int64_t)c->missing;
}

static size_t writing_devices(const struct wave *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->device_count; i++)
        count += device_writes(&w->devices[i]);
    return count;
}

/* Words are looked up before the transaction, for what seems to differ then. Under the lock it may look different: the device was
 * deleted by the console, or another writer was faster. The wave is then repeated, with the words. */
static bool lacks_words(const struct section_work *work)
{
    struct upload *u = work->device->upload;
    if (work_form(work) != SECTION_SOFTWARE || !work->source || u->software.resolved)
        return false;
    u->wants_words = true;
    return true;
}

/* Without a table here, or declared to the parser and not to us. */
static void count_unknown(struct wave *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        const struct device *d = &w->devices[i];
        if (device_writes(d))
            w->rows.sections_lost += (int64_t)(record_section_count(d->upload->record) - d->sections_known);
    }
}

status sections_plan(struct wave *w)
{
    size_t count = columns_section_count(w->columns);
    w->work_count = 0;
    w->works = arena_alloc(w->arena, (writing_devices(w) * count + 1) * sizeof *w->works);
    if (!w->works)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < w->device_count; i++)
        w->devices[i].sections_known = 0;
    for (size_t number = 0; number < count; number++)
        for (size_t i = 0; i < w->device_count; i++)
            if (device_writes(&w->devices[i]))
                consider(w, &w->devices[i], number);
    count_unknown(w);
    bool lacking = false;
    for (size_t i = 0; i < w->work_count; i++)
        lacking |= lacks_words(&w->works[i]);
    return lacking ? ST_AGAIN : section_rows_read(w);
}

/* ---- writing ---- */

static status delete_ids(struct wave *w, const char *table, const uint64_t *ids, size_t count)
{
    for (size_t from = 0; from < count; from += DELETE_MAX) {
        statement_start(&w->st, "DELETE FROM `%s` WHERE ID IN (", table);
        for (size_t i = from; i < count && i < from + DELETE_MAX; i++)
            buffer_format(&w->st.text, "%s%llu", i > from ? "," : "", (unsigned long long)ids[i]);
        buffer_char(&w->st.text, ')');
        status st = statement_send(&w->st);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* By primary key, sorted, all devices together: a delete by HARDWARE_ID would lock gaps. */
static status delete_rows(struct wave *w, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += w->works[i].plan.delete_count;
    if (count == 0)
        return ST_OK;
    uint64_t *ids = arena_alloc(w->arena, count * sizeof *ids);
    if (!ids)
        return ST_NO_MEMORY;
    size_t at = 0;
    for (size_t i = from; i < to; i++)
        for (size_t k = 0; k < w->works[i].plan.delete_count; k++)
            ids[at++] = w->works[i].plan.deletes[k];
    qsort(ids, count, sizeof *ids, compare_ids);
    w->rows.deleted += (int64_t)count;
    return delete_ids(w, w->works[from].columns->section->table, ids, count);
}

static bool is_text_row(const struct section_work *work, const struct record_row_view *row)
{
    if (!(work->source->flags & RECORD_TEXT_ROWS))
        return false;
    for (size_t i = 0; i < work->source->field_count; i++)
        if (row->values[i].data)
            return false;
    return true;
}

/* Values of one row: missing elements are empty texts, an element that was plain text is all NULL. */
static void insert_values(struct wave *w, struct insert *in, const struct section_work *work,
                          const struct record_row_view *row)
{
    bool text_row = is_text_row(work, row);
    w->fitting = work->device;
    for (size_t i = 0; i < work->columns->count; i++) {
        int field = work->fields[i];
        struct view value = field < 0 ? VIEW_ABSENT : row->values[field];
        insert_fitted(w, in, work->columns->columns[i], value.data || text_row ? value : VIEW_LITERAL(""));
    }
    w->fitting = NULL;
}

static void append_head(const struct section_columns *c, struct buffer *head)
{
    buffer_text(head, "INSERT INTO ");
    db_name(head, view_of(c->section->table));
    buffer_text(head, " (HARDWARE_ID");
    for (size_t i = 0; i < c->count; i++) {
        buffer_char(head, ',');
        db_name(head, view_of(c->columns[i]->name));
    }
    buffer_text(head, ") VALUES ");
}

static status insert_work(struct wave *w, struct insert *in, struct section_work *work)
{
    status st = ST_OK;
    struct record_row_view row;
    for (size_t i = 0; i < work->now.count && st == ST_OK; i++) {
        if (work->now.rows[i].id)
            continue;
        const uint8_t *at = work->places[i];
        if (!record_next_row(work->source, &at, &row))
            continue;
        insert_row(in);
        insert_number(in, work->device->hardware_id);
        insert_values(w, in, work, &row);
        st = insert_row_end(in, work->columns->has_id ? &work->now.rows[i].id : NULL, work->device->hardware_id);
    }
    return st;
}

size_t works_insert_count(const struct wave *w, size_t from, size_t to)
{
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += w->works[i].plan.insert_count;
    return count;
}

static status insert_rows(struct wave *w, size_t from, size_t to, const char *tail)
{
    AUTO(insert_clear) struct insert in;
    const struct section_columns *c = w->works[from].columns;
    insert_init(&in, &w->st, c->section->form == SECTION_ROWS && c->has_id ? c->section->table : NULL, tail);
    append_head(c, &in.head);
    status st = insert_expect(&in, works_insert_count(w, from, to), c->count + 1);
    for (size_t i = from; i < to && st == ST_OK; i++)
        st = insert_work(w, &in, &w->works[i]);
    if (st == ST_OK)
        st = insert_send(&in);
    w->rows.inserted += (int64_t)in.total;
    return st;
}

/* Rows that have no ids, by device: all of them, or only those that nothing comes instead of. */
static status delete_by_device(struct wave *w, size_t from, size_t to, bool all)
{
    size_t listed = 0;
    statement_start(&w->st, "DELETE FROM `%s` WHERE HARDWARE_ID IN (", w->works[from].columns->section->table);
    for (size_t i = from; i < to; i++)
        if (!w->works[i].source || (all && !w->works[i].device->is_new))
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", w->works[i].device->hardware_id);
    buffer_char(&w->st.text, ')');
    return listed ? statement_send(&w->st) : ST_OK;
}

/* One row per device: its key is HARDWARE_ID. */
static status write_single(struct wave *w, size_t from, size_t to)
{
    AUTO(buffer_clear) struct buffer tail = BUFFER_INIT(1 << 14);
    const struct section_columns *c = w->works[from].columns;
    buffer_text(&tail, " ON DUPLICATE KEY UPDATE HARDWARE_ID=VALUES(HARDWARE_ID)");
    for (size_t i = 0; i < c->count; i++)
        buffer_format(&tail, ",`%s`=VALUES(`%s`)", c->columns[i]->name, c->columns[i]->name);
    status st = delete_by_device(w, from, to, false);
    if (st == ST_OK)
        st = buffer_status(&tail);
    return st == ST_OK ? insert_rows(w, from, to, tail.data) : st;
}

/* A table of a plugin may have no ids: its rows can only be replaced all together. */
static status write_rows(struct wave *w, size_t from, size_t to)
{
    status st = w->works[from].columns->has_id ? ST_OK : delete_by_device(w, from, to, true);
    return st == ST_OK ? insert_rows(w, from, to, "") : st;
}

static status write_section(struct wave *w, size_t from, size_t to)
{
    status st = delete_rows(w, from, to);
    if (st != ST_OK)
        return st;
    switch (w->works[from].columns->section->form) {
    case SECTION_ROWS: return write_rows(w, from, to);
    case SECTION_APPENDED: return insert_rows(w, from, to, "");
    case SECTION_SINGLE: return write_single(w, from, to);
    case SECTION_SOFTWARE: return software_insert(w, from, to);
    case SECTION_OWN: break;
    }
    return ST_OK;
}

/* ---- remembering ---- */

/* Too many rows for one statement are not remembered: they are read and compared next time. */
static status insert_kept(struct wave *w, struct insert *in, const struct section_work *work)
{
    AUTO(buffer_clear) struct buffer packed = BUFFER_INIT(db_packet_max(w->st.db) / 4);
    struct kept_rows rows = work->now;
    rows.normaliser = work->device->upload->head->normaliser;
    rows.layout = work->layout;
    state_rows_pack(&rows, &packed);
    insert_row(in);
    insert_number(in, work->device->hardware_id);
    insert_number(in, work->columns->key);
    insert_value(in, buffer_status(&packed) == ST_OK ? buffer_view(&packed) : VIEW_LITERAL(""));
    return insert_row_end(in, NULL, 0);
}

static status save_rows(struct wave *w)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, " ON DUPLICATE KEY UPDATE PACKED_ROWS=VALUES(PACKED_ROWS)");
    in.bytes = true;
    buffer_text(&in.head, "INSERT INTO muster_rows (HARDWARE_ID,SECTION,PACKED_ROWS) VALUES ");
    size_t count = 0;
    for (size_t i = 0; i < w->work_count; i++)
        count += work_has_rows(&w->works[i]);
    status st = insert_expect(&in, count, 3);
    for (size_t i = 0; i < w->work_count && st == ST_OK; i++)
        if (work_has_rows(&w->works[i]))
            st = insert_kept(w, &in, &w->works[i]);
    return st == ST_OK ? insert_send(&in) : st;
}

/* The device's memory of its sections, and which bits of CHECKSUM the change sets. A section that was read and found to be the same
 * row by row has not changed. */
static void note_section(const struct wave *w, struct section_work *work)
{
    struct device *d = work->device;
    const struct section_columns *c = work->columns;
    if (!work_has_rows(work) || work->plan.insert_count || work->plan.delete_count) {
        d->changed |= c->section->mask;
        d->has_changed = true;
    }
    if (!work->source)
        state_section_remove(&d->sections, c->key);
    else if (c->section->form != SECTION_APPENDED)
        state_section_put(&d->sections, c->key, section_content(w, c, work->source->hash));
}

status sections_write(struct wave *w)
{
    for (size_t from = 0; from < w->work_count;) {
        size_t to = works_end(w, from);
        status st = write_section(w, from, to);
        if (st != ST_OK)
            return st;
        from = to;
    }
    for (size_t i = 0; i < w->work_count; i++)
        note_section(w, &w->works[i]);
    return save_rows(w);
}
