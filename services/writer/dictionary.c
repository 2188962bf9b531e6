#include "services/writer/dictionary.h"

#include "services/writer/apply/lookup.h"
#include "services/writer/rules.h"
#include "services/writer/word_cache.h"
#include "services/writer/writer_metrics.h"

#include <stdio.h>
#include <strings.h>

enum { INSERT_ATTEMPTS = 10, RESOLVE_ROUNDS = 3 };

struct dictionaries {
    struct word_cache *words[DICTIONARY_COUNT];
};

static const struct {
    enum columns_table table;
    const char *name, *column;
} kinds[DICTIONARY_COUNT] = {
    [DICTIONARY_NAME] = {TABLE_SOFTWARE_NAME, "software_name", "NAME"},
    [DICTIONARY_PUBLISHER] = {TABLE_SOFTWARE_PUBLISHER, "software_publisher", "PUBLISHER"},
    [DICTIONARY_VERSION] = {TABLE_SOFTWARE_VERSION, "software_version", "VERSION"},
};

struct dictionaries *dictionaries_new(size_t words_max)
{
    AUTO(dictionaries_destroy) struct dictionaries *d = calloc(1, sizeof *d);
    for (size_t i = 0; d && i < DICTIONARY_COUNT; i++)
        if (!(d->words[i] = word_cache_new(words_max)))
            return NULL;
    return STEAL(d);
}

void dictionaries_destroy(struct dictionaries *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < DICTIONARY_COUNT; i++)
        word_cache_destroy(d->words[i]);
    free(d);
}

void dictionary_forget(struct dictionaries *d, enum dictionary_kind kind)
{
    word_cache_clear(d->words[kind]);
}

const char *dictionary_table(enum dictionary_kind kind)
{
    return kinds[kind].name;
}

struct view dictionary_fit(const struct columns *columns, enum dictionary_kind kind, struct view word,
                           struct arena *arena)
{
    const struct db_column *column = columns_column(columns, kinds[kind].table, kinds[kind].column);
    bool adjusted = false;
    return column ? db_fit(column, word, arena, &adjusted) : word;
}

/* Words that memory does not have, each once. */
struct misses {
    struct dictionaries *d;
    const struct columns *columns;
    enum dictionary_kind kind;
    struct statement *st;
    struct arena *arena;
    size_t count;
    struct view *words; /* sorted by bytes */
    bool *found;
    size_t *places; /* of each: where it was asked for first */
    uint32_t *ids;
    uint32_t *unfinished; /* ids of versions whose PRETTYVERSION is NULL */
    size_t unfinished_count;
};

static bool has_pretty(const struct misses *m)
{
    return m->kind == DICTIONARY_VERSION && columns_column(m->columns, TABLE_SOFTWARE_VERSION, "PRETTYVERSION");
}

static status take_word(void *ctx, size_t index, const struct view *row)
{
    struct misses *m = ctx;
    m->ids[index] = (uint32_t)db_number(row[1]);
    if (has_pretty(m) && view_is(row[2], "1"))
        m->unfinished[m->unfinished_count++] = (uint32_t)index;
    return ST_OK;
}

static status look_up(struct misses *m)
{
    char head[160];
    snprintf(head, sizeof head, "SELECT `%s`,ID,%s FROM `%s` WHERE `%s`", kinds[m->kind].column,
             has_pretty(m) ? "PRETTYVERSION IS NULL" : "0", kinds[m->kind].name, kinds[m->kind].column);
    struct lookup_query q = {.st = m->st, .head = head, .tail = "", .take = take_word, .ctx = m};
    status st = lookup_exact(&q, m->words, m->found, m->count, NULL);
    return st == ST_OK ? lookup_singly(&q, m->words, m->found, m->count) : st;
}

/* PRETTYVERSION, MAJOR, MINOR, PATCH of a version, as values or as assignments. */
static void append_parts(struct misses *m, struct view version, bool assign)
{
    static const char *const names[] = {"MAJOR", "MINOR", "PATCH"};
    struct view pretty = rule_pretty_version(version, m->arena);
    bool adjusted = false;
    buffer_text(&m->st->text, assign ? "PRETTYVERSION=" : ",");
    statement_value(m->st, pretty);
    for (int i = 0; i < 3; i++) {
        const struct db_column *column = columns_column(m->columns, TABLE_SOFTWARE_VERSION, names[i]);
        if (!column)
            continue;
        buffer_format(&m->st->text, assign ? ",%s=" : ",", names[i]);
        statement_value(m->st, db_fit(column, rule_version_part(pretty, i), m->arena, &adjusted));
    }
}

static void append_columns(struct misses *m, struct insert *in)
{
    buffer_format(&in->head, "INSERT IGNORE INTO `%s` (`%s`", kinds[m->kind].name, kinds[m->kind].column);
    if (has_pretty(m)) {
        buffer_text(&in->head, ",PRETTYVERSION");
        for (const char *const *name = (const char *const[]){"MAJOR", "MINOR", "PATCH", NULL}; *name; name++)
            if (columns_column(m->columns, TABLE_SOFTWARE_VERSION, *name))
                buffer_format(&in->head, ",%s", *name);
    }
    buffer_text(&in->head, ") VALUES ");
}

/* A word that is new, and where it was asked for first. */
struct new_word {
    struct view word;
    size_t place;
};

static size_t trimmed(struct view v)
{
    while (v.len && v.data[v.len - 1] == ' ')
        v.len--;
    return v.len;
}

static int compare_folded(const void *a, const void *b)
{
    const struct new_word *x = a, *y = b;
    size_t x_len = trimmed(x->word), y_len = trimmed(y->word);
    int order = strncasecmp(x->word.data, y->word.data, x_len < y_len ? x_len : y_len);
    if (order || x_len != y_len)
        return order ? order : x_len < y_len ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* The words that are new, roughly in the order of the index: writers that insert the same words then wait for each other instead of
 * dying of deadlocks. Of several spellings the one that came first counts, as it does for OCS. */
static struct new_word *sort_new(struct misses *m, size_t *count)
{
    struct new_word *order = arena_alloc(m->arena, (m->count + 1) * sizeof *order);
    if (!order)
        return NULL;
    *count = 0;
    for (size_t i = 0; i < m->count; i++)
        if (!m->found[i])
            order[(*count)++] = (struct new_word){m->words[i], m->places[i]};
    qsort(order, *count, sizeof *order, compare_folded);
    return order;
}

static status insert_once(struct misses *m, const struct new_word *order, size_t count)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, m->st, NULL, "");
    append_columns(m, &in);
    status st = ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        insert_row(&in);
        statement_value(m->st, order[i].word);
        if (has_pretty(m))
            append_parts(m, order[i].word, false);
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_finish(&in) : st;
}

/* IGNORE: another writer may make the same words now, and two of ours may be the same to the database. Only words that were just looked
 * up in vain come here, since an ignored row costs an id. */
static status insert_new(struct misses *m)
{
    size_t count = 0;
    const struct new_word *order = sort_new(m, &count);
    if (!order)
        return ST_NO_MEMORY;
    metric_add(&writer_metrics.words_made, (int64_t)count);
    status st = ST_AGAIN;
    for (int i = 0; i < INSERT_ATTEMPTS && st == ST_AGAIN; i++)
        st = insert_once(m, order, count);
    return st;
}

/* Versions that an older server left without their parts. */
static status finish_versions(struct misses *m)
{
    for (size_t i = 0; i < m->unfinished_count; i++) {
        uint32_t index = m->unfinished[i];
        statement_start(m->st, "UPDATE software_version SET ");
        append_parts(m, m->words[index], true);
        buffer_format(&m->st->text, " WHERE ID=%u AND PRETTYVERSION IS NULL", m->ids[index]);
        status st = statement_run(m->st, NULL);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static bool all_found(const struct misses *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (!m->found[i])
            return false;
    return true;
}

/* More than one round only when the console deletes a new word before it is read back. */
static status resolve_misses(struct misses *m)
{
    status st = look_up(m);
    for (int round = 0; st == ST_OK && !all_found(m); round++) {
        if (round == RESOLVE_ROUNDS)
            return ST_IO; /* a word that the database does not find again */
        st = insert_new(m);
        if (st == ST_OK)
            st = look_up(m);
    }
    return st == ST_OK ? finish_versions(m) : st;
}

static size_t place_of(const struct misses *m, struct view word)
{
    const struct view *at = bsearch(&word, m->words, m->count, sizeof *m->words, lookup_compare);
    return (size_t)(at - m->words);
}

static void note_places(struct misses *m, const struct view *words, const uint32_t *ids, size_t count)
{
    for (size_t i = count; i-- > 0;)
        if (!ids[i])
            m->places[place_of(m, words[i])] = i;
}

/* Keep each missing word once, sorted; false when memory is out. */
static bool collect(struct misses *m, const struct view *words, const uint32_t *ids, size_t count)
{
    m->words = arena_alloc(m->arena, (count + 1) * sizeof *m->words);
    if (!m->words)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!ids[i])
            m->words[m->count++] = words[i];
    qsort(m->words, m->count, sizeof *m->words, lookup_compare);
    size_t unique = 0;
    for (size_t i = 0; i < m->count; i++)
        if (i == 0 || !view_equal(m->words[i], m->words[unique - 1]))
            m->words[unique++] = m->words[i];
    m->count = unique;
    m->found = arena_alloc(m->arena, unique + 1);
    m->ids = arena_alloc(m->arena, (unique + 1) * sizeof *m->ids);
    m->unfinished = arena_alloc(m->arena, (unique + 1) * sizeof *m->unfinished);
    m->places = arena_alloc(m->arena, (unique + 1) * sizeof *m->places);
    if (!m->found || !m->ids || !m->unfinished || !m->places)
        return false;
    memset(m->found, 0, unique + 1);
    note_places(m, words, ids, count);
    return true;
}

static void hand_out(struct misses *m, const struct view *words, uint32_t *ids, size_t count)
{
    for (size_t i = 0; i < m->count; i++)
        word_cache_put(m->d->words[m->kind], m->words[i], m->ids[i]);
    for (size_t i = 0; i < count; i++) {
        if (!ids[i])
            ids[i] = m->ids[place_of(m, words[i])];
    }
}

status dictionary_resolve(struct dictionaries *d, struct statement *st, const struct columns *columns,
                          enum dictionary_kind kind, const struct view *words, uint32_t *ids, size_t count,
                          struct arena *arena)
{
    struct misses m = {.d = d, .columns = columns, .kind = kind, .st = st, .arena = arena};
    size_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        ids[i] = word_cache_get(d->words[kind], words[i]);
        hits += ids[i] != 0;
    }
    metric_add(&writer_metrics.words_known, (int64_t)hits);
    metric_add(&writer_metrics.words_read, (int64_t)(count - hits));
    if (hits == count)
        return ST_OK;
    if (!collect(&m, words, ids, count))
        return ST_NO_MEMORY;
    status result = resolve_misses(&m);
    if (result == ST_OK)
        hand_out(&m, words, ids, count);
    return result;
}
