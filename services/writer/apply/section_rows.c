/* What the tables have for the sections that are to be written: from our memory of the last time where it can be trusted, else from
 * the tables themselves. */
#include "services/writer/apply/sections.h"

#include "services/writer/writer_metrics.h"

/* ---- rows of the upload ---- */

static status take_rows(struct wave *w, struct section_work *work)
{
    size_t count = work->source ? work->source->row_count : 0;
    if (work->source && work->columns->section->single && count > 1)
        count = 1;
    work->now.rows = arena_alloc(w->arena, (count + 1) * sizeof *work->now.rows);
    work->places = arena_alloc(w->arena, (count + 1) * sizeof *work->places);
    if (!work->now.rows || !work->places)
        return ST_NO_MEMORY;
    struct record_row_view row;
    const uint8_t *at = work->source ? work->source->rows : NULL;
    for (work->now.count = 0; work->now.count < count; work->now.count++) {
        work->places[work->now.count] = at;
        if (!record_next_row(work->source, &at, &row))
            break;
        work->now.rows[work->now.count] = (struct kept_row){row.fingerprint, 0};
    }
    return ST_OK;
}

/* ---- rows that we remember ---- */

static struct section_work *find_work(struct wave *w, uint64_t hardware_id, uint64_t section)
{
    for (size_t i = 0; i < w->work_count; i++)
        if (w->works[i].device->hardware_id == hardware_id && w->works[i].columns->key == section)
            return &w->works[i];
    return NULL;
}

static void take_kept(struct wave *w, const struct view *row)
{
    struct section_work *work = find_work(w, db_number(row[0]), db_number(row[1]));
    if (!work || !state_rows_unpack(row[2], w->arena, &work->there))
        return;
    /* a cleared section has no fields in this upload: what its fingerprints stand for does not matter */
    work->trusted = (!work->source || work->there.layout == work->layout) &&
                    work->there.normaliser == work->device->upload->head->normaliser;
}

static bool may_be_kept(const struct section_work *work)
{
    return work_has_rows(work) && !work->device->is_new && !work->device->trusts_nothing;
}

static status read_kept(struct wave *w)
{
    size_t listed = 0;
    statement_start(&w->st, "SELECT HARDWARE_ID,SECTION,PACKED_ROWS FROM muster_rows WHERE ");
    for (size_t i = 0; i < w->work_count; i++)
        if (may_be_kept(&w->works[i]))
            buffer_format(&w->st.text, "%s(HARDWARE_ID=%u AND SECTION=%llu)", listed++ ? " OR " : "",
                          w->works[i].device->hardware_id, (unsigned long long)w->works[i].columns->key);
    if (listed == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    const struct view *row;
    while (st == ST_OK && (row = db_rows_next(rows)))
        take_kept(w, row);
    return st;
}

/* ---- do the tables have as many? ---- */

static size_t append_counts(struct wave *w)
{
    size_t listed = 0;
    for (size_t from = 0; from < w->work_count; from = works_end(w, from)) {
        size_t first = listed;
        for (size_t i = from; i < works_end(w, from); i++) {
            const struct section_work *work = &w->works[i];
            if (!work->trusted)
                continue;
            if (listed++ == first)
                buffer_format(&w->st.text, "%sSELECT %zu,HARDWARE_ID,COUNT(*) FROM `%s` WHERE HARDWARE_ID IN (",
                              first ? " UNION ALL " : "", work->number, work->columns->section->table);
            else
                buffer_char(&w->st.text, ',');
            buffer_format(&w->st.text, "%u", work->device->hardware_id);
        }
        if (listed > first)
            buffer_text(&w->st.text, ") GROUP BY HARDWARE_ID");
    }
    return listed;
}

/* Somebody else may have changed the table: cheap to see when rows are missing or too many. */
static status check_counts(struct wave *w)
{
    statement_start(&w->st, "%s", "");
    if (append_counts(w) == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK)
        return st;
    size_t *counts = arena_alloc(w->arena, (w->work_count + 1) * sizeof *counts);
    if (!counts)
        return ST_NO_MEMORY;
    memset(counts, 0, (w->work_count + 1) * sizeof *counts);
    const struct view *row;
    while ((row = db_rows_next(rows))) {
        const struct section_columns *c = columns_section(w->columns, (size_t)db_number(row[0]));
        struct section_work *work = find_work(w, db_number(row[1]), c->key);
        if (work)
            counts[work - w->works] = (size_t)db_number(row[2]);
    }
    for (size_t i = 0; i < w->work_count; i++)
        if (w->works[i].trusted && counts[i] != w->works[i].there.count)
            w->works[i].trusted = false;
    return ST_OK;
}

/* ---- reading and comparing ---- */

/* A value as the table has it, into the hash of its row. NULL counts as empty, as it does for OCS: columns that an upgrade added are
 * NULL in old rows. */
static uint64_t hash_value(struct wave *w, uint64_t hash, const struct db_column *column, struct view value)
{
    bool adjusted = false;
    struct view fitted = db_fit(column, value.data ? value : VIEW_LITERAL(""), w->arena, &adjusted);
    uint8_t len[4];
    put_be32(len, (uint32_t)fitted.len);
    hash = state_hash(hash, len, sizeof len);
    return state_hash(hash, fitted.data ? fitted.data : "", fitted.len);
}

static uint64_t hash_upload_row(struct wave *w, const struct section_work *work, const struct record_row_view *row)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < work->columns->count; i++)
        hash = hash_value(w, hash, work->columns->columns[i],
                          work->fields[i] < 0 ? VIEW_ABSENT : row->values[work->fields[i]]);
    return hash;
}

static uint64_t hash_table_row(struct wave *w, const struct section_work *work, const struct view *row)
{
    if (work_form(work) == SECTION_SOFTWARE)
        return software_fingerprint((uint32_t)db_number(row[2]), (uint32_t)db_number(row[3]),
                                    (uint32_t)db_number(row[4]));
    uint64_t hash = 0;
    for (size_t i = 0; i < work->columns->count; i++)
        hash = hash_value(w, hash, work->columns->columns[i], row[2 + i]);
    return hash;
}

static void start_select(struct wave *w, const struct section_columns *c)
{
    statement_start(&w->st, "SELECT HARDWARE_ID,ID");
    if (c->section->form == SECTION_SOFTWARE)
        buffer_text(&w->st.text, ",NAME_ID,PUBLISHER_ID,VERSION_ID");
    else
        for (size_t i = 0; i < c->count; i++) {
            buffer_char(&w->st.text, ',');
            db_name(&w->st.text, view_of(c->columns[i]->name));
        }
    buffer_format(&w->st.text, " FROM `%s` WHERE HARDWARE_ID IN (", c->section->table);
}

static bool must_be_read(const struct section_work *work)
{
    return work_has_rows(work) && !work->device->is_new && !work->trusted;
}

/* Rows of one device follow each other in the result; they go into `room`, which has place for all. @return rows taken */
static size_t take_table_rows(struct wave *w, struct section_work *work, struct db_rows *rows, const struct view **row,
                              struct kept_row *room)
{
    work->there = (struct kept_rows){.rows = room};
    while (*row && db_number((*row)[0]) == work->device->hardware_id) {
        room[work->there.count++] = (struct kept_row){hash_table_row(w, work, *row), db_number((*row)[1])};
        *row = db_rows_next(rows);
    }
    return work->there.count;
}

static status take_table(struct wave *w, uint64_t section, struct db_rows *rows)
{
    struct kept_row *room = arena_alloc(w->arena, (db_rows_count(rows) + 1) * sizeof *room);
    if (!room)
        return ST_NO_MEMORY;
    const struct view *row = db_rows_next(rows);
    while (row) {
        struct section_work *work = find_work(w, db_number(row[0]), section);
        if (!work)
            return ST_IO; /* not asked for */
        room += take_table_rows(w, work, rows, &row, room);
    }
    return ST_OK;
}

static status read_table(struct wave *w, size_t from, size_t to)
{
    size_t listed = 0;
    start_select(w, w->works[from].columns);
    for (size_t i = from; i < to; i++) {
        struct section_work *work = &w->works[i];
        if (!must_be_read(work))
            continue;
        work->there = (struct kept_rows){0};
        buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", work->device->hardware_id);
    }
    if (listed == 0)
        return ST_OK;
    buffer_text(&w->st.text, ") ORDER BY HARDWARE_ID,ID");
    w->rows.compared += (int64_t)listed;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    return st == ST_OK ? take_table(w, w->works[from].columns->key, rows) : st;
}

/* Plan by the values that the table can hold, then go back to the upload's fingerprints, which are what is remembered. */
static status plan_compared(struct wave *w, struct section_work *work)
{
    struct kept_rows wanted = work->now;
    wanted.rows = arena_alloc(w->arena, (wanted.count + 1) * sizeof *wanted.rows);
    if (!wanted.rows)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < wanted.count; i++) {
        struct record_row_view row;
        const uint8_t *at = work->places[i];
        (void)record_next_row(work->source, &at, &row); /* it was read before */
        wanted.rows[i] = (struct kept_row){hash_upload_row(w, work, &row), 0};
    }
    status st = plan_rows(&work->there, &wanted, false, w->arena, &work->plan);
    for (size_t i = 0; st == ST_OK && i < wanted.count; i++)
        work->now.rows[i].id = wanted.rows[i].id;
    return st;
}

static status plan_work(struct wave *w, struct section_work *work)
{
    bool software = work_form(work) == SECTION_SOFTWARE;
    if (!work_has_rows(work)) {
        work->plan.insert_count = work->now.count;
        return ST_OK;
    }
    if (must_be_read(work) && !software)
        return plan_compared(w, work);
    return plan_rows(&work->there, &work->now, software, w->arena, &work->plan);
}

status section_rows_read(struct wave *w)
{
    status st = read_kept(w);
    if (st == ST_OK)
        st = check_counts(w);
    for (size_t from = 0; from < w->work_count && st == ST_OK; from = works_end(w, from))
        st = read_table(w, from, works_end(w, from));
    for (size_t i = 0; i < w->work_count && st == ST_OK; i++) {
        bool software = work_form(&w->works[i]) == SECTION_SOFTWARE && w->works[i].source;
        st = software ? software_rows(w, &w->works[i]) : take_rows(w, &w->works[i]);
        if (st == ST_OK)
            st = plan_work(w, &w->works[i]);
    }
    return st;
}
