#include "services/writer/dictionary.h"

#include "services/writer/apply/lookup.h"
#include "services/writer/rules.h"
#include "services/writer/turn.h"
#include "services/writer/word_cache.h"
#include "services/writer/writer_metrics.h"

#include <stdio.h>
#include <strings.h>

enum {
    INSERT_ATTEMPTS = 10,
    RESOLVE_ROUNDS = 3,
    TURN_MS = 5000 /* who has it may have lost its database: words that two make at once are no harm */
};

struct dictionaries {
    struct turn turns[DICTIONARY_COUNT]; /* of who looks up words and makes those that are missing */
    pthread_mutex_t lock;                /* of the words; nobody waits for the database with it */
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
    if (!d)
        return NULL;
    pthread_mutex_init(&d->lock, NULL);
    for (size_t i = 0; i < DICTIONARY_COUNT; i++)
        turn_init(&d->turns[i]);
    for (size_t i = 0; i < DICTIONARY_COUNT; i++)
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
    for (size_t i = 0; i < DICTIONARY_COUNT; i++)
        turn_clear(&d->turns[i]);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

void dictionary_forget(struct dictionaries *d, enum dictionary_kind kind)
{
    pthread_mutex_lock(&d->lock);
    word_cache_clear(d->words[kind]);
    pthread_mutex_unlock(&d->lock);
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
    size_t *places;     /* where each stands first among the words asked for */
    bool *found;
    uint32_t *ids;
};

static bool has_pretty(const struct misses *m)
{
    return m->kind == DICTIONARY_VERSION && columns_column(m->columns, TABLE_SOFTWARE_VERSION, "PRETTYVERSION");
}

static status take_word(void *ctx, size_t index, const struct view *row)
{
    struct misses *m = ctx;
    m->ids[index] = (uint32_t)db_number(row[1]);
    return ST_OK;
}

static status look_up(struct misses *m)
{
    char head[160];
    snprintf(head, sizeof head, "SELECT `%s`,ID FROM `%s` WHERE `%s`", kinds[m->kind].column, kinds[m->kind].name,
             kinds[m->kind].column);
    struct lookup_query q = {.st = m->st, .head = head, .tail = "", .take = take_word, .ctx = m};
    status st = lookup_exact(&q, m->words, m->found, m->count, NULL);
    return st == ST_OK ? lookup_spelled(&q, m->words, m->found, m->count) : st;
}

static const char *const part_names[] = {"MAJOR", "MINOR", "PATCH"};

/* Values of PRETTYVERSION and its parts, a comma in front of each. */
static void append_parts(struct statement *st, const struct columns *columns, struct view version, struct arena *arena)
{
    struct view pretty = rule_pretty_version(version, arena);
    bool adjusted = false;
    buffer_char(&st->text, ',');
    statement_value(st, pretty);
    for (int i = 0; i < (int)COUNT(part_names); i++) {
        const struct db_column *column = columns_column(columns, TABLE_SOFTWARE_VERSION, part_names[i]);
        if (!column)
            continue;
        buffer_char(&st->text, ',');
        statement_value(st, db_fit(column, rule_version_part(pretty, i), arena, &adjusted));
    }
}

/* These columns, for a list of names or for the tail of an insert that updates. */
static void append_part_names(const struct columns *columns, struct buffer *out, bool assign)
{
    buffer_text(out, assign ? "PRETTYVERSION=VALUES(PRETTYVERSION)" : ",PRETTYVERSION");
    for (size_t i = 0; i < COUNT(part_names); i++) {
        const char *name = part_names[i];
        if (!columns_column(columns, TABLE_SOFTWARE_VERSION, name))
            continue;
        if (assign)
            buffer_format(out, ",%s=VALUES(%s)", name, name);
        else
            buffer_format(out, ",%s", name);
    }
}

static void append_columns(struct misses *m, struct insert *in)
{
    buffer_format(&in->head, "INSERT IGNORE INTO `%s` (`%s`", kinds[m->kind].name, kinds[m->kind].column);
    if (has_pretty(m))
        append_part_names(m->columns, &in->head, false);
    buffer_text(&in->head, ") VALUES ");
}

/* A word that is new, and its first place among the words that were asked for. */
struct new_word {
    const struct view *word;
    size_t place;
};

static size_t without_blanks(const struct view *v)
{
    size_t len = v->len;
    while (len > 0 && v->data[len - 1] == ' ')
        len--;
    return len;
}

/* Of words that are one to the database, as far as that can be said here, the one that was sent first comes first: it is the spelling
 * that is kept. */
static int compare_folded(const void *a, const void *b)
{
    const struct new_word *x = a, *y = b;
    size_t x_len = without_blanks(x->word), y_len = without_blanks(y->word), len = x_len < y_len ? x_len : y_len;
    int order = strncasecmp(x->word->data, y->word->data, len);
    if (order || x_len != y_len)
        return order ? order : x_len < y_len ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* The words that are new, roughly in the order of the index: writers that insert the same words then wait for each other
 * instead of dying of deadlocks. */
static struct new_word *sort_new(struct misses *m, size_t *count)
{
    struct new_word *order = arena_alloc(m->arena, (m->count + 1) * sizeof *order);
    if (!order)
        return NULL;
    *count = 0;
    for (size_t i = 0; i < m->count; i++)
        if (!m->found[i])
            order[(*count)++] = (struct new_word){&m->words[i], m->places[i]};
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
        statement_value(m->st, *order[i].word);
        if (has_pretty(m))
            append_parts(m->st, m->columns, *order[i].word, m->arena);
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
    return st;
}

static int compare_missing(const void *a, const void *b)
{
    const struct new_word *x = a, *y = b;
    int order = lookup_compare(x->word, y->word);
    return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

static bool make_room(struct misses *m, size_t count)
{
    size_t n = count + 1;
    m->words = arena_alloc(m->arena, n * sizeof *m->words);
    m->places = arena_alloc(m->arena, n * sizeof *m->places);
    m->found = arena_alloc(m->arena, n);
    m->ids = arena_alloc(m->arena, n * sizeof *m->ids);
    if (m->found)
        memset(m->found, 0, n);
    return m->words && m->places && m->found && m->ids;
}

/* Keep each missing word once, sorted by bytes, with its first place; false when memory is out. */
static bool collect(struct misses *m, const struct view *words, const uint32_t *ids, size_t count)
{
    struct new_word *missing = arena_alloc(m->arena, (count + 1) * sizeof *missing);
    size_t n = 0;
    if (!missing || !make_room(m, count))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!ids[i])
            missing[n++] = (struct new_word){&words[i], i};
    qsort(missing, n, sizeof *missing, compare_missing);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && view_equal(*missing[i].word, m->words[m->count - 1]))
            continue;
        m->words[m->count] = *missing[i].word;
        m->places[m->count++] = missing[i].place;
    }
    return true;
}

static void hand_out(struct misses *m, const struct view *words, uint32_t *ids, size_t count)
{
    pthread_mutex_lock(&m->d->lock);
    for (size_t i = 0; i < m->count; i++)
        word_cache_put(m->d->words[m->kind], m->words[i], m->ids[i]);
    pthread_mutex_unlock(&m->d->lock);
    for (size_t i = 0; i < count; i++) {
        if (ids[i])
            continue;
        const struct view *at = bsearch(&words[i], m->words, m->count, sizeof *m->words, lookup_compare);
        ids[i] = m->ids[at - m->words];
    }
}

/* 0 for those that memory does not have. @return how many it has */
static size_t remember(struct dictionaries *d, enum dictionary_kind kind, const struct view *words, uint32_t *ids,
                       size_t count)
{
    size_t hits = 0;
    pthread_mutex_lock(&d->lock);
    for (size_t i = 0; i < count; i++) {
        ids[i] = word_cache_get(d->words[kind], words[i]);
        hits += ids[i] != 0;
    }
    pthread_mutex_unlock(&d->lock);
    metric_add(&writer_metrics.words_known, (int64_t)hits);
    metric_add(&writer_metrics.words_read, (int64_t)(count - hits));
    return hits;
}

static status resolve(struct misses *m, const struct view *words, uint32_t *ids, size_t count)
{
    if (remember(m->d, m->kind, words, ids, count) == count)
        return ST_OK;
    if (!collect(m, words, ids, count))
        return ST_NO_MEMORY;
    status st = resolve_misses(m);
    if (st == ST_OK)
        hand_out(m, words, ids, count);
    return st;
}

status dictionary_resolve(struct dictionaries *d, struct statement *st, const struct columns *columns,
                          enum dictionary_kind kind, const struct view *words, uint32_t *ids, size_t count,
                          struct arena *arena)
{
    struct misses m = {.d = d, .columns = columns, .kind = kind, .st = st, .arena = arena};
    bool is_ours = turn_take(&d->turns[kind], TURN_MS);
    status result = resolve(&m, words, ids, count);
    if (is_ours)
        turn_give(&d->turns[kind]);
    return result;
}

static status read_unfinished(struct statement *st, size_t max, struct db_rows **rows)
{
    statement_start(st, "SELECT ID,VERSION FROM software_version WHERE PRETTYVERSION IS NULL ORDER BY ID LIMIT %zu",
                    max);
    return statement_run(st, rows);
}

status dictionary_finish_versions(struct statement *st, const struct columns *columns, size_t max, struct arena *arena)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!columns_column(columns, TABLE_SOFTWARE_VERSION, "PRETTYVERSION"))
        return ST_OK;
    status result = read_unfinished(st, max, &rows);
    if (result != ST_OK || db_rows_count(rows) == 0)
        return result;
    AUTO(buffer_clear) struct buffer tail = BUFFER_INIT(1024);
    AUTO(insert_clear) struct insert in;
    buffer_text(&tail, " ON DUPLICATE KEY UPDATE ");
    append_part_names(columns, &tail, true);
    insert_init(&in, st, NULL, buffer_status(&tail) == ST_OK ? tail.data : "");
    buffer_text(&in.head, "INSERT INTO software_version (ID,VERSION");
    append_part_names(columns, &in.head, false);
    buffer_text(&in.head, ") VALUES ");
    const struct view *row;
    while (result == ST_OK && (row = db_rows_next(rows))) {
        insert_row(&in);
        buffer_format(&st->text, "%llu,", (unsigned long long)db_number(row[0]));
        statement_value(st, row[1]);
        append_parts(st, columns, row[1], arena);
        result = insert_row_end(&in, NULL, 0);
    }
    return result == ST_OK ? insert_finish(&in) : result;
}
