/* Packages that an agent says it has installed (inventory-to-database.md 12). Most devices list the same packages every time, and other
 * programs delete rows here: one statement per wave reads what is there, and only the difference is written. */
#include "services/writer/apply/apply.h"

/* One package of one device. */
struct package {
    uint32_t hardware_id;
    int64_t id;        /* as the column PKG_ID holds it */
    struct view named; /* as the agent says it, or absent */
    bool stays;        /* is in the other list too */
    bool unknown;      /* no package of that name can be installed */
    bool adjusted;     /* `id` is not what the agent said */
};

struct packages {
    size_t count;
    struct package *list;
};

static int compare_packages(const void *a, const void *b)
{
    const struct package *x = a, *y = b;
    if (x->hardware_id != y->hardware_id)
        return x->hardware_id < y->hardware_id ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void sort_once(struct packages *p)
{
    size_t unique = 0;
    if (p->count)
        qsort(p->list, p->count, sizeof *p->list, compare_packages);
    for (size_t i = 0; i < p->count; i++)
        if (i == 0 || compare_packages(&p->list[i], &p->list[unique - 1]) != 0)
            p->list[unique++] = p->list[i];
    p->count = unique;
}

static int64_t signed_number(struct view v)
{
    bool minus = v.len && v.data[0] == '-';
    int64_t n = (int64_t)db_number(minus ? (struct view){v.data + 1, v.len - 1} : v);
    return minus ? -n : n;
}

static const struct record_section_view *listed_packages(const struct device *d)
{
    return record_section_find(d->upload->record, "DOWNLOAD/HISTORY/PACKAGE");
}

static status take_listed(struct wave *w, struct packages *out)
{
    const struct db_column *column = columns_column(w->columns, TABLE_DOWNLOAD_HISTORY, "PKG_ID");
    size_t max = 1;
    for (size_t i = 0; i < w->device_count; i++)
        if (device_writes(&w->devices[i]) && listed_packages(&w->devices[i]))
            max += listed_packages(&w->devices[i])->row_count;
    *out = (struct packages){.list = arena_alloc(w->arena, max * sizeof *out->list)};
    if (!out->list)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < w->device_count; i++) {
        const struct device *d = &w->devices[i];
        const struct record_section_view *s = device_writes(d) ? listed_packages(d) : NULL;
        struct record_row_view row;
        for (const uint8_t *at = s ? s->rows : NULL; s && record_next_row(s, &at, &row);) {
            struct view named = row_value(s, &row, "ID");
            struct package p = {.hardware_id = d->hardware_id, .named = named};
            if (!named.data)
                continue;
            p.id = signed_number(db_fit(column, named, w->arena, &p.adjusted));
            out->list[out->count++] = p;
        }
    }
    sort_once(out);
    return ST_OK;
}

static status read_there(struct wave *w, struct packages *out)
{
    size_t listed = 0;
    *out = (struct packages){0};
    statement_start(&w->st, "SELECT HARDWARE_ID,PKG_ID FROM download_history WHERE HARDWARE_ID IN (");
    for (size_t i = 0; i < w->device_count; i++)
        if (device_writes(&w->devices[i]) && !w->devices[i].is_new)
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", w->devices[i].hardware_id);
    buffer_char(&w->st.text, ')');
    if (listed == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK)
        return st;
    out->list = arena_alloc(w->arena, (db_rows_count(rows) + 1) * sizeof *out->list);
    if (!out->list)
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));)
        out->list[out->count++] =
            (struct package){.hardware_id = (uint32_t)db_number(row[0]), .id = signed_number(row[1])};
    sort_once(out);
    return ST_OK;
}

static void match(struct packages *listed, struct packages *there)
{
    for (size_t i = 0; i < listed->count; i++) {
        struct package *hit =
            there->count ? bsearch(&listed->list[i], there->list, there->count, sizeof *there->list, compare_packages)
                         : NULL;
        if (hit)
            hit->stays = listed->list[i].stays = true;
    }
}

/* With row difference OCS adds only what can be installed. */
static status mark_unknown(struct wave *w, struct packages *listed)
{
    size_t asked = 0;
    statement_start(&w->st, "SELECT FILEID FROM download_available WHERE DELETED=0 AND FILEID IN (");
    for (size_t i = 0; i < listed->count; i++) {
        struct package *p = &listed->list[i];
        p->unknown = !p->stays;
        if (p->stays)
            continue;
        buffer_text(&w->st.text, asked++ ? "," : "");
        append_sought(w, columns_column(w->columns, TABLE_DOWNLOAD_AVAILABLE, "FILEID"), p->named);
    }
    buffer_char(&w->st.text, ')');
    if (asked == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    for (const struct view *row; st == ST_OK && (row = db_rows_next(rows));)
        for (size_t i = 0; i < listed->count; i++)
            if (view_equal(listed->list[i].named, row[0]))
                listed->list[i].unknown = false;
    return st;
}

static status delete_gone(struct wave *w, const struct packages *there)
{
    size_t asked = 0;
    uint32_t device = 0;
    statement_start(&w->st, "DELETE FROM download_history WHERE ");
    for (size_t i = 0; i < there->count; i++) {
        const struct package *p = &there->list[i];
        if (p->stays)
            continue;
        if (p->hardware_id == device)
            buffer_char(&w->st.text, ',');
        else
            buffer_format(&w->st.text, "%sHARDWARE_ID=%u AND PKG_ID IN (", asked ? ") OR " : "", p->hardware_id);
        buffer_format(&w->st.text, "%lld", (long long)p->id);
        device = p->hardware_id;
        asked++;
    }
    buffer_char(&w->st.text, ')');
    return asked ? statement_send(&w->st) : ST_OK;
}

static status insert_new(struct wave *w, const struct packages *listed)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, "");
    buffer_text(&in.head, "INSERT IGNORE INTO download_history (HARDWARE_ID,PKG_ID) VALUES ");
    status st = ST_OK;
    for (size_t i = 0; i < listed->count && st == ST_OK; i++) {
        const struct package *p = &listed->list[i];
        if (p->stays || p->unknown)
            continue;
        insert_row(&in);
        buffer_format(&w->st.text, "%u,%lld", p->hardware_id, (long long)p->id);
        w->rows.adjusted += p->adjusted;
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_send(&in) : st;
}

status history_write(struct wave *w)
{
    struct packages listed, there;
    if (!w->options->download || !columns_table(w->columns, TABLE_DOWNLOAD_HISTORY))
        return ST_OK;
    status st = take_listed(w, &listed);
    if (st == ST_OK)
        st = read_there(w, &there);
    if (st != ST_OK)
        return st;
    match(&listed, &there);
    if (w->options->inventory_write_diff)
        st = mark_unknown(w, &listed);
    if (st == ST_OK)
        st = delete_gone(w, &there);
    return st == ST_OK ? insert_new(w, &listed) : st;
}
