/* Words that the console offers in its lists (inventory-to-database.md 10). The database's collation says which words are the same.
 *
 * Names of operating systems come with every inventory, also with those that change nothing: what is known to be in the table is kept in
 * memory as long as OCS's options are (some seconds), so that they cost one short statement now and then. Words of registry rows matter
 * only when such rows are written, and another writer may remove one at any time: the table is always asked. */
#include "services/writer/apply/lookup.h"
#include "services/writer/apply/sections.h"

#include <stdio.h>

enum { WORDS_IN_STATEMENT = 50 };

enum cache { CACHE_OSNAME, CACHE_REGISTRY_NAME, CACHE_REGISTRY_VALUE, CACHE_COUNT };

/* Where the words of a cache are, and where they come from. */
static const struct {
    enum columns_table table;
    const char *name, *column;
} caches[CACHE_COUNT] = {
    [CACHE_OSNAME] = {TABLE_OSNAME_CACHE, "hardware_osname_cache", "OSNAME"},
    [CACHE_REGISTRY_NAME] = {TABLE_REGISTRY_NAME_CACHE, "registry_name_cache", "NAME"},
    [CACHE_REGISTRY_VALUE] = {TABLE_REGISTRY_VALUE_CACHE, "registry_regvalue_cache", "REGVALUE"},
};

/* Words of one cache, as its column holds them. */
struct word_set {
    size_t count;
    struct view *words;
    bool *found; /* is in the table */
};

/* Of the registry rows that this wave writes. */
struct cache_words {
    struct word_set added[CACHE_COUNT], removed[CACHE_COUNT];
};

static status set_make(struct wave *w, size_t max, struct word_set *out)
{
    *out = (struct word_set){.words = arena_alloc(w->arena, (max + 1) * sizeof *out->words),
                             .found = arena_alloc(w->arena, max + 1)};
    if (!out->words || !out->found)
        return ST_NO_MEMORY;
    memset(out->found, 0, max + 1);
    return ST_OK;
}

/* Absent when the database has no such cache. */
static struct view fit_word(struct wave *w, enum cache cache, struct view word)
{
    const struct db_column *column = columns_column(w->columns, caches[cache].table, caches[cache].column);
    bool adjusted = false;
    return column ? db_fit(column, word, w->arena, &adjusted) : VIEW_ABSENT;
}

static void set_add(struct wave *w, struct word_set *set, enum cache cache, struct view word)
{
    struct view fitted = fit_word(w, cache, word);
    if (fitted.data)
        set->words[set->count++] = fitted;
}

/* Sorted, each once. */
static void set_sort(struct word_set *set)
{
    size_t unique = 0;
    if (set->count)
        qsort(set->words, set->count, sizeof *set->words, lookup_compare);
    for (size_t i = 0; i < set->count; i++)
        if (i == 0 || !view_equal(set->words[i], set->words[unique - 1]))
            set->words[unique++] = set->words[i];
    set->count = unique;
}

static status take_found(void *ctx, size_t index, const struct view *row)
{
    (void)ctx, (void)index, (void)row; /* that there is one is all */
    return ST_OK;
}

/* INSERT ... SELECT word WHERE it is not there UNION ...: also finds words that are there in another spelling. IGNORE: another writer
 * may add the same one now. */
static status insert_missing(struct wave *w, enum cache cache, const struct word_set *set)
{
    status st = ST_OK;
    for (size_t next = 0; next < set->count && st == ST_OK;) {
        size_t listed = 0;
        statement_start(&w->st, "INSERT IGNORE INTO `%s` (`%s`)", caches[cache].name, caches[cache].column);
        for (; next < set->count && listed < WORDS_IN_STATEMENT; next++) {
            if (set->found[next])
                continue;
            buffer_text(&w->st.text, listed++ ? " UNION SELECT " : " SELECT ");
            statement_value(&w->st, set->words[next]);
            buffer_format(&w->st.text,
                          " FROM DUAL WHERE NOT EXISTS (SELECT 1 FROM `%s` WHERE `%s`=", caches[cache].name,
                          caches[cache].column);
            statement_value(&w->st, set->words[next]);
            buffer_char(&w->st.text, ')');
        }
        if (listed)
            st = statement_run(&w->st, NULL);
    }
    return st;
}

static status set_insert(struct wave *w, enum cache cache, struct word_set *set)
{
    char head[128];
    if (set->count == 0)
        return ST_OK;
    set_sort(set);
    snprintf(head, sizeof head, "SELECT `%s` FROM `%s` WHERE `%s`", caches[cache].column, caches[cache].name,
             caches[cache].column);
    struct lookup_query q = {.st = &w->st, .head = head, .tail = "", .take = take_found};
    status st = lookup_exact(&q, set->words, set->found, set->count, NULL);
    return st == ST_OK ? insert_missing(w, cache, set) : st;
}

/* ---- operating systems, before the transaction ---- */

status osnames_prepare(struct wave *w)
{
    struct word_set set;
    if (!w->options->inventory_cache_enabled)
        return ST_OK;
    status st = set_make(w, w->upload_count, &set);
    for (size_t i = 0; i < w->upload_count && st == ST_OK; i++) {
        const struct upload *u = w->uploads[i];
        if (u->kind != UPLOAD_INVENTORY)
            continue;
        struct view name = fit_word(w, CACHE_OSNAME, record_single(u->record, "HARDWARE", "OSNAME"));
        if (name.len && !word_cache_get(w->osnames, name))
            set.words[set.count++] = name;
    }
    if (st == ST_OK)
        st = set_insert(w, CACHE_OSNAME, &set);
    for (size_t i = 0; i < set.count && st == ST_OK; i++)
        word_cache_put(w->osnames, set.words[i], 1);
    return st;
}

/* ---- registry, in the transaction ---- */

/* Words of the rows that will be inserted; an element that is missing is written as an empty text. */
static void take_inserted(struct wave *w, const struct section_work *work)
{
    struct record_row_view row;
    for (size_t i = 0; i < work->now.count; i++) {
        const uint8_t *at = work->places[i];
        if (work->now.rows[i].id || !record_next_row(work->source, &at, &row))
            continue;
        for (int c = CACHE_REGISTRY_NAME; c < CACHE_COUNT; c++) {
            struct view word = row_value(work->source, &row, caches[c].column);
            set_add(w, &w->cache_words->added[c], (enum cache)c, word.data ? word : VIEW_LITERAL(""));
        }
    }
}

/* Words of the rows that will be deleted. */
static status read_deleted(struct wave *w, size_t from, size_t to)
{
    size_t listed = 0;
    statement_start(&w->st, "SELECT NAME,REGVALUE FROM registry WHERE ID IN (");
    for (size_t i = from; i < to; i++)
        for (size_t k = 0; k < w->works[i].plan.delete_count; k++)
            buffer_format(&w->st.text, "%s%llu", listed++ ? "," : "", (unsigned long long)w->works[i].plan.deletes[k]);
    buffer_char(&w->st.text, ')');
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = listed ? statement_run(&w->st, &rows) : ST_OK;
    const struct view *row;
    while (listed && st == ST_OK && (row = db_rows_next(rows)))
        for (int c = CACHE_REGISTRY_NAME; c < CACHE_COUNT; c++)
            if (row[c - CACHE_REGISTRY_NAME].data)
                set_add(w, &w->cache_words->removed[c], (enum cache)c,
                        arena_copy(w->arena, row[c - CACHE_REGISTRY_NAME]));
    return st;
}

static status words_make(struct wave *w, size_t from, size_t to)
{
    size_t inserts = 0, deletes = 0;
    for (size_t i = from; i < to; i++) {
        inserts += w->works[i].plan.insert_count;
        deletes += w->works[i].plan.delete_count;
    }
    struct cache_words *words = w->cache_words = arena_alloc(w->arena, sizeof *words);
    status st = words ? ST_OK : ST_NO_MEMORY;
    for (int c = CACHE_REGISTRY_NAME; c < CACHE_COUNT && st == ST_OK; c++) {
        st = set_make(w, inserts, &words->added[c]);
        if (st == ST_OK)
            st = set_make(w, deletes, &words->removed[c]);
    }
    return st;
}

status caches_collect(struct wave *w)
{
    const struct ocs_config *o = w->options;
    size_t from = 0;
    w->cache_words = NULL;
    while (from < w->work_count && strcmp(w->works[from].columns->section->path, "REGISTRY") != 0)
        from = works_end(w, from);
    if (!o->inventory_cache_enabled || from == w->work_count)
        return ST_OK;
    size_t to = works_end(w, from);
    status st = words_make(w, from, to);
    for (size_t i = from; i < to && st == ST_OK; i++)
        take_inserted(w, &w->works[i]);
    if (st == ST_OK && o->inventory_write_diff && !o->inventory_cache_keep)
        st = read_deleted(w, from, to);
    return st;
}

/* Read first, then delete by id: a DELETE with a subquery would lock what it reads of registry. */
static status set_remove(struct wave *w, enum cache cache, struct word_set *set)
{
    if (set->count == 0)
        return ST_OK;
    set_sort(set);
    statement_start(&w->st, "SELECT c.ID FROM `%s` c WHERE c.`%s` IN (", caches[cache].name, caches[cache].column);
    for (size_t i = 0; i < set->count; i++) {
        buffer_text(&w->st.text, i ? "," : "");
        statement_value(&w->st, set->words[i]);
    }
    buffer_format(&w->st.text, ") AND NOT EXISTS (SELECT 1 FROM registry s WHERE s.`%s`=c.`%s`)", caches[cache].column,
                  caches[cache].column);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK || db_rows_count(rows) == 0)
        return st;
    const char *comma = "";
    statement_start(&w->st, "DELETE FROM `%s` WHERE ID IN (", caches[cache].name);
    for (const struct view *row; (row = db_rows_next(rows)); comma = ",")
        buffer_format(&w->st.text, "%s%llu", comma, (unsigned long long)db_number(row[0]));
    buffer_char(&w->st.text, ')');
    return statement_run(&w->st, NULL);
}

/* No key keeps a second value out, and a word that is removed must not be one that a row of another lane has begun to use: as long as
 * the writer's other lanes cannot see what is done here, they must not do the same. What two writers do at once the rebuild mends. */
static bool keeps_others_out(const struct wave *w)
{
    const struct ocs_config *o = w->options;
    bool adds = false;
    for (int c = CACHE_REGISTRY_NAME; c < CACHE_COUNT; c++) {
        const struct word_set *set = &w->cache_words->added[c];
        for (size_t i = 0; i < set->count; i++)
            adds |= !set->found[i];
    }
    return adds || (o->inventory_write_diff && !o->inventory_cache_keep);
}

status caches_write(struct wave *w)
{
    status st = ST_OK;
    for (int c = CACHE_REGISTRY_NAME; w->cache_words && c < CACHE_COUNT && st == ST_OK; c++) {
        st = set_remove(w, (enum cache)c, &w->cache_words->removed[c]);
        if (st == ST_OK)
            st = set_insert(w, (enum cache)c, &w->cache_words->added[c]);
    }
    w->keeps_turn = w->cache_words && keeps_others_out(w);
    return st;
}
