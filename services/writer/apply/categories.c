/* Categories of software (inventory-to-database.md 9.1): a link for a triple of words, the same for all devices; the inventory that came
 * last decides. Only software that was looked at is linked: what differs from the last inventory, or everything when the rules changed
 * (section_content()). */
#include "services/writer/apply/sections.h"

enum { NAMES_IN_STATEMENT = 500 };

struct link {
    uint32_t name_id, publisher_id, version_id, category;
    bool is_there;
};

struct links {
    size_t count;
    struct link *list; /* sorted by triple, each once */
};

static int compare_links(const void *a, const void *b)
{
    const struct link *x = a, *y = b;
    if (x->name_id != y->name_id)
        return x->name_id < y->name_id ? -1 : 1;
    if (x->publisher_id != y->publisher_id)
        return x->publisher_id < y->publisher_id ? -1 : 1;
    return x->version_id < y->version_id ? -1 : x->version_id > y->version_id;
}

static bool is_software(const struct section_work *work)
{
    return work_form(work) == SECTION_SOFTWARE && work->source;
}

static void take_work(struct wave *w, const struct section_work *work, struct links *out)
{
    const struct upload *u = work->device->upload;
    struct record_row_view row;
    for (size_t i = 0; i < u->software.count; i++) {
        const struct software_entry *e = &u->software.entries[i];
        const uint8_t *at = e->at;
        if (!record_next_row(work->source, &at, &row))
            continue;
        struct software_words words = {row_value(work->source, &row, "NAME"),
                                       row_value(work->source, &row, "PUBLISHER"),
                                       row_value(work->source, &row, "VERSION")};
        uint32_t category = operator_rules_category(w->rules, u->head->agent, &words, w->arena);
        if (category)
            out->list[out->count++] = (struct link){e->name_id, e->publisher_id, e->version_id, category, false};
    }
}

static status take_links(struct wave *w, struct links *out)
{
    size_t max = 1, unique = 0;
    for (size_t i = 0; i < w->work_count; i++)
        max += is_software(&w->works[i]) ? w->works[i].device->upload->software.count : 0;
    *out = (struct links){.list = arena_alloc(w->arena, max * sizeof *out->list)};
    if (!out->list)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < w->work_count; i++)
        if (is_software(&w->works[i]))
            take_work(w, &w->works[i], out);
    qsort(out->list, out->count, sizeof *out->list, compare_links);
    for (size_t i = 0; i < out->count; i++)
        if (i == 0 || compare_links(&out->list[i], &out->list[unique - 1]) != 0)
            out->list[unique++] = out->list[i];
    out->count = unique;
    return ST_OK;
}

/* A row of the table whose triple is to be in another category. */
struct stale {
    uint64_t id;
    const struct link *wanted;
};

static status read_there(struct wave *w, const struct links *links, size_t from, size_t to, struct db_rows **rows)
{
    statement_start(&w->st, "SELECT ID,NAME_ID,PUBLISHER_ID,VERSION_ID,CATEGORY_ID FROM software_categories_link "
                            "WHERE NAME_ID IN (");
    for (size_t i = from; i < to; i++)
        if (i == from || links->list[i].name_id != links->list[i - 1].name_id)
            buffer_format(&w->st.text, "%s%u", i > from ? "," : "", links->list[i].name_id);
    buffer_text(&w->st.text, ") ORDER BY ID");
    return statement_run(&w->st, rows);
}

/* Marks the links that are there; lists rows with the same triple and another category. */
static size_t compare_there(const struct links *links, struct db_rows *rows, struct stale *stale)
{
    size_t count = 0;
    for (const struct view *row; (row = db_rows_next(rows));) {
        struct link there = {(uint32_t)db_number(row[1]), (uint32_t)db_number(row[2]), (uint32_t)db_number(row[3]),
                             (uint32_t)db_number(row[4]), false};
        struct link *hit = bsearch(&there, links->list, links->count, sizeof *links->list, compare_links);
        if (hit && hit->category == there.category)
            hit->is_there = true;
        else if (hit)
            stale[count++] = (struct stale){db_number(row[0]), hit};
    }
    return count;
}

/* A triple that has its link keeps others too, as in OCS. */
static status delete_stale(struct wave *w, const struct stale *stale, size_t count)
{
    size_t listed = 0;
    statement_start(&w->st, "DELETE FROM software_categories_link WHERE ID IN (");
    for (size_t i = 0; i < count; i++)
        if (!stale[i].wanted->is_there)
            buffer_format(&w->st.text, "%s%llu", listed++ ? "," : "", (unsigned long long)stale[i].id);
    buffer_char(&w->st.text, ')');
    return listed ? statement_send(&w->st) : ST_OK;
}

static status look(struct wave *w, const struct links *links, size_t from, size_t to, bool clear)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = read_there(w, links, from, to, &rows);
    if (st != ST_OK)
        return st;
    struct stale *stale = arena_alloc(w->arena, (db_rows_count(rows) + 1) * sizeof *stale);
    if (!stale)
        return ST_NO_MEMORY;
    size_t count = compare_there(links, rows, stale);
    return clear ? delete_stale(w, stale, count) : ST_OK;
}

/* End of a piece that begins at `from`: all triples of a name are in the same one. */
static size_t piece_end(const struct links *links, size_t from)
{
    size_t to = from + NAMES_IN_STATEMENT;
    if (to >= links->count)
        return links->count;
    while (to < links->count && links->list[to].name_id == links->list[to - 1].name_id)
        to++;
    return to;
}

static status insert_links(struct wave *w, const struct links *links)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, "");
    buffer_text(&in.head, "INSERT INTO software_categories_link (NAME_ID,PUBLISHER_ID,VERSION_ID,CATEGORY_ID) VALUES ");
    status st = ST_OK;
    for (size_t i = 0; i < links->count && st == ST_OK; i++) {
        const struct link *l = &links->list[i];
        if (l->is_there)
            continue;
        insert_row(&in);
        buffer_format(&w->st.text, "%u,%u,%u,%u", l->name_id, l->publisher_id, l->version_id, l->category);
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_finish(&in) : st;
}

/* Which links are there; `clear`: what stands in the way of the others goes. */
static status look_for_all(struct wave *w, const struct links *links, bool clear)
{
    status st = ST_OK;
    for (size_t from = 0; st == ST_OK && from < links->count; from = piece_end(links, from))
        st = look(w, links, from, piece_end(links, from), clear);
    return st;
}

static int compare_categories(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Categories of links that are missing, sorted, maybe repeated. */
static uint32_t *missing_categories(struct wave *w, const struct links *links, size_t *count)
{
    uint32_t *out = arena_alloc(w->arena, (links->count + 1) * sizeof *out);
    *count = 0;
    for (size_t i = 0; out && i < links->count; i++)
        if (!links->list[i].is_there)
            out[(*count)++] = links->list[i].category;
    if (out)
        qsort(out, *count, sizeof *out, compare_categories);
    return out;
}

/* The table has no key that would keep out a second link: who adds some locks their categories and looks again, so that of two
 * transactions that add the same ones the later sees what the earlier has committed. */
static status exclude_others(struct wave *w, const struct links *links)
{
    size_t count;
    const uint32_t *categories = missing_categories(w, links, &count);
    if (!categories)
        return ST_NO_MEMORY;
    if (count == 0)
        return ST_OK;
    statement_start(&w->st, "SELECT ID FROM software_categories FORCE INDEX (PRIMARY) WHERE ID IN (");
    for (size_t i = 0; i < count; i++)
        if (i == 0 || categories[i] != categories[i - 1])
            buffer_format(&w->st.text, "%s%u", i ? "," : "", categories[i]);
    buffer_text(&w->st.text, ") ORDER BY ID FOR UPDATE");
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    return st == ST_OK ? look_for_all(w, links, true) : st;
}

status categories_write(struct wave *w)
{
    struct links links;
    if (operator_rules_categories_hash(w->rules) == 0 || !columns_table(w->columns, TABLE_SOFTWARE_CATEGORIES_LINK))
        return ST_OK;
    status st = take_links(w, &links);
    if (st == ST_OK)
        st = look_for_all(w, &links, false);
    if (st == ST_OK)
        st = exclude_others(w, &links);
    return st == ST_OK ? insert_links(w, &links) : st;
}
