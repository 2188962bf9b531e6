/* Software (inventory-to-database.md 8): a device has a set of (name, publisher, version), each a word of a dictionary. What else is
 * said of an entry counts once, when it is first seen on the device. */
#include "services/writer/apply/sections.h"

#include "services/writer/writer_metrics.h"

/* ---- before the transaction: words ---- */

/* One word of an entry; several entries of a wave share a list, so that a table is asked once. */
struct word_list {
    size_t count;
    struct view *words;
    uint32_t *ids;
};

/* Which fields of SOFTWARES are words, and what stands for a missing one. */
static const struct {
    const char *field;
    enum dictionary_kind kind;
} word_fields[DICTIONARY_COUNT] = {
    {"NAME", DICTIONARY_NAME},
    {"PUBLISHER", DICTIONARY_PUBLISHER},
    {"VERSION", DICTIONARY_VERSION},
};

static bool is_blank(struct view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] != ' ' && (v.data[i] < '\t' || v.data[i] > '\r'))
            return false;
    return true;
}

static size_t software_number(void)
{
    size_t i = 0;
    while (i < sections_inventory_count && sections_inventory[i].form != SECTION_SOFTWARE)
        i++;
    return i;
}

/* Its SOFTWARES when it may have to be written, as far as can be said without a lock. */
static const struct record_section_view *software_to_resolve(const struct wave *w, const struct upload *u)
{
    const struct section_columns *c = columns_section(w->columns, software_number());
    if (u->kind != UPLOAD_INVENTORY || u->software.resolved || !c->table)
        return NULL;
    const struct record_section_view *s = record_section_find(u->record, c->section->path);
    const struct device *d = u->device;
    bool distrusts =
        u->wants_words || d->trusts_nothing || d->flags || d->normaliser != u->head->normaliser || !d->hardware_id;
    if (!s || (!distrusts && state_section_is(&d->sections, c->key, section_content(w, c, s->hash))))
        return NULL;
    return s;
}

static size_t count_rows(const struct wave *w)
{
    size_t count = 0;
    for (size_t i = 0; i < w->upload_count; i++) {
        const struct record_section_view *s = software_to_resolve(w, w->uploads[i]);
        count += s ? s->row_count : 0;
    }
    return count;
}

static status lists_make(struct wave *w, struct word_list lists[DICTIONARY_COUNT], size_t rows)
{
    for (size_t k = 0; k < DICTIONARY_COUNT; k++) {
        lists[k] = (struct word_list){0, arena_alloc(w->arena, (rows + 1) * sizeof(struct view)),
                                      arena_alloc(w->arena, (rows + 1) * sizeof(uint32_t))};
        if (!lists[k].words || !lists[k].ids)
            return ST_NO_MEMORY;
    }
    return ST_OK;
}

static void add_word(struct wave *w, struct word_list *list, enum dictionary_kind kind, struct view word)
{
    if (!is_blank(word))
        list->words[list->count++] = dictionary_fit(w->columns, kind, word, w->arena);
}

static void collect_words(struct wave *w, const struct record_section_view *s, struct word_list lists[DICTIONARY_COUNT])
{
    struct record_row_view row;
    for (const uint8_t *at = s->rows; record_next_row(s, &at, &row);) {
        if (is_blank(row_value(s, &row, "NAME")))
            continue; /* nothing that could be shown */
        for (size_t k = 0; k < DICTIONARY_COUNT; k++)
            add_word(w, &lists[k], word_fields[k].kind, row_value(s, &row, word_fields[k].field));
    }
}

/* The next id of a list, in the order in which the words were added. */
static uint32_t next_id(struct word_list *list, struct view word)
{
    return is_blank(word) ? DICTIONARY_UNAVAILABLE : list->ids[list->count++];
}

static int compare_entries(const void *a, const void *b)
{
    const struct software_entry *x = a, *y = b;
    if (x->name_id != y->name_id)
        return x->name_id < y->name_id ? -1 : 1;
    if (x->version_id != y->version_id)
        return x->version_id < y->version_id ? -1 : 1;
    if (x->publisher_id != y->publisher_id)
        return x->publisher_id < y->publisher_id ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static bool same_triple(const struct software_entry *x, const struct software_entry *y)
{
    return x->name_id == y->name_id && x->publisher_id == y->publisher_id && x->version_id == y->version_id;
}

/* Each triple once, the first of the document; sorted by name, which is how the table's indexes like it. */
static void keep_once(struct software_list *list)
{
    if (list->count == 0)
        return;
    qsort(list->entries, list->count, sizeof *list->entries, compare_entries);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++)
        if (!same_triple(&list->entries[i], &list->entries[kept - 1]))
            list->entries[kept++] = list->entries[i];
    list->count = kept;
}

static status take_entries(struct wave *w, struct upload *u, const struct record_section_view *s,
                           struct word_list lists[DICTIONARY_COUNT])
{
    struct software_list list = {.resolved = true,
                                 .entries = arena_alloc(w->arena, (s->row_count + 1) * sizeof *list.entries)};
    if (!list.entries)
        return ST_NO_MEMORY;
    struct record_row_view row;
    const uint8_t *next = s->rows;
    for (const uint8_t *at = next; record_next_row(s, &next, &row); at = next) {
        if (is_blank(row_value(s, &row, "NAME")))
            continue;
        uint32_t ids[DICTIONARY_COUNT];
        for (size_t k = 0; k < DICTIONARY_COUNT; k++)
            ids[k] = next_id(&lists[k], row_value(s, &row, word_fields[k].field));
        list.entries[list.count++] = (struct software_entry){at, ids[0], ids[1], ids[2]};
    }
    keep_once(&list);
    u->software = list;
    return ST_OK;
}

static status take_all(struct wave *w, struct word_list lists[DICTIONARY_COUNT])
{
    for (size_t k = 0; k < DICTIONARY_COUNT; k++)
        lists[k].count = 0;
    for (size_t i = 0; i < w->upload_count; i++) {
        const struct record_section_view *s = software_to_resolve(w, w->uploads[i]);
        status st = s ? take_entries(w, w->uploads[i], s, lists) : ST_OK;
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

status software_prepare(struct wave *w)
{
    struct word_list lists[DICTIONARY_COUNT];
    for (size_t i = 0; i < w->upload_count; i++)
        w->uploads[i]->software = (struct software_list){0};
    if (!columns_table(w->columns, TABLE_SOFTWARE_NAME) || !columns_table(w->columns, TABLE_SOFTWARE_PUBLISHER) ||
        !columns_table(w->columns, TABLE_SOFTWARE_VERSION))
        return ST_OK;
    size_t rows = count_rows(w);
    if (rows == 0)
        return ST_OK;
    status st = lists_make(w, lists, rows);
    for (size_t i = 0; i < w->upload_count && st == ST_OK; i++) {
        const struct record_section_view *s = software_to_resolve(w, w->uploads[i]);
        if (s)
            collect_words(w, s, lists);
    }
    for (size_t k = 0; k < DICTIONARY_COUNT && st == ST_OK; k++)
        st = dictionary_resolve(w->dictionaries, &w->st, w->columns, word_fields[k].kind, lists[k].words, lists[k].ids,
                                lists[k].count, w->arena);
    return st == ST_OK ? take_all(w, lists) : st;
}

/* ---- in the transaction ---- */

uint64_t software_fingerprint(uint32_t name_id, uint32_t publisher_id, uint32_t version_id)
{
    uint8_t bytes[12];
    put_be32(bytes, name_id);
    put_be32(bytes + 4, publisher_id);
    put_be32(bytes + 8, version_id);
    return state_hash(0, bytes, sizeof bytes);
}

status software_rows(struct wave *w, struct section_work *work)
{
    const struct software_list *list = &work->device->upload->software;
    work->now = (struct kept_rows){.count = list->count,
                                   .rows = arena_alloc(w->arena, (list->count + 1) * sizeof *work->now.rows)};
    work->places = arena_alloc(w->arena, (list->count + 1) * sizeof *work->places);
    if (!work->now.rows || !work->places)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++) {
        const struct software_entry *e = &list->entries[i];
        work->now.rows[i] = (struct kept_row){software_fingerprint(e->name_id, e->publisher_id, e->version_id), 0};
        work->places[i] = e->at;
    }
    return ST_OK;
}

static int compare_ids(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static uint32_t entry_id(const struct software_entry *e, enum dictionary_kind kind)
{
    return kind == DICTIONARY_NAME ? e->name_id : kind == DICTIONARY_PUBLISHER ? e->publisher_id : e->version_id;
}

/* One entry that the table does not have. */
struct new_entry {
    struct section_work *work;
    size_t number; /* of the work's */
    const struct software_entry *entry;
};

struct new_entries {
    size_t count;
    const struct new_entry *list;
};

static int compare_new(const void *a, const void *b)
{
    const struct new_entry *x = a, *y = b;
    if (x->entry->name_id != y->entry->name_id)
        return x->entry->name_id < y->entry->name_id ? -1 : 1;
    if (x->entry->version_id != y->entry->version_id)
        return x->entry->version_id < y->entry->version_id ? -1 : 1;
    return x->work < y->work ? -1 : x->work > y->work;
}

/* Those of all devices together, by name: the indexes of the table have the same page for one row and for the next. */
static status find_new(struct wave *w, size_t from, size_t to, struct new_entries *new)
{
    struct new_entry *list = arena_alloc(w->arena, (works_insert_count(w, from, to) + 1) * sizeof *list);
    *new = (struct new_entries){.list = list};
    if (!list)
        return ST_NO_MEMORY;
    for (size_t i = from; i < to; i++)
        for (size_t k = 0; k < w->works[i].now.count; k++)
            if (!w->works[i].now.rows[k].id)
                list[new->count++] =
                    (struct new_entry){&w->works[i], k, &w->works[i].device->upload->software.entries[k]};
    qsort(list, new->count, sizeof *list, compare_new);
    return ST_OK;
}

/* Ids that new entries will use, sorted, each once. The list is sorted by name, so most that are the same stand together. */
static uint32_t *used_ids(struct wave *w, const struct new_entries *new, enum dictionary_kind kind, size_t *count)
{
    uint32_t *ids = arena_alloc(w->arena, (new->count + 1) * sizeof *ids);
    *count = 0;
    for (size_t i = 0; ids && i < new->count; i++) {
        uint32_t id = entry_id(new->list[i].entry, kind);
        if (*count == 0 || ids[*count - 1] != id)
            ids[(*count)++] = id;
    }
    if (!ids || *count == 0)
        return ids;
    if (kind != DICTIONARY_NAME)
        qsort(ids, *count, sizeof *ids, compare_ids);
    size_t unique = 1;
    for (size_t i = 1; i < *count; i++)
        if (ids[i] != ids[unique - 1])
            ids[unique++] = ids[i];
    *count = unique;
    return ids;
}

/* The console deletes words that nobody uses: an id that memory has may be gone. The lock keeps it until the commit. */
static status verify_words(struct wave *w, const struct new_entries *new, enum dictionary_kind kind)
{
    size_t count, asked = 0;
    const uint32_t *ids = used_ids(w, new, kind, &count);
    if (!ids)
        return ST_NO_MEMORY;
    statement_start(&w->st, "SELECT ID FROM `%s` FORCE INDEX (PRIMARY) WHERE ID IN (", dictionary_table(kind));
    for (size_t i = 0; i < count; i++)
        if (kind == DICTIONARY_NAME || ids[i] != DICTIONARY_UNAVAILABLE) {
            if (asked++)
                buffer_char(&w->st.text, ',');
            buffer_number(&w->st.text, ids[i]);
        }
    buffer_text(&w->st.text, ") LOCK IN SHARE MODE");
    if (asked == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK || db_rows_count(rows) == asked)
        return st;
    dictionary_forget(w->dictionaries, kind);
    return ST_AGAIN;
}

static void append_head(const struct section_columns *c, struct buffer *head)
{
    buffer_text(head, "INSERT INTO software (HARDWARE_ID,NAME_ID,PUBLISHER_ID,VERSION_ID");
    for (size_t i = 0; i < c->count; i++)
        buffer_format(head, ",`%s`", c->columns[i]->name);
    buffer_text(head, ") VALUES ");
}

/* Entries without a date that is used get the day on which the upload was accepted. */
static status read_days(struct wave *w, size_t from, size_t to)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&w->st, "SELECT ");
    for (size_t i = from; i < to; i++) {
        buffer_text(&w->st.text, i > from ? ",DATE(" : "DATE(");
        append_time(&w->st.text, w->works[i].device->upload->id);
        buffer_char(&w->st.text, ')');
    }
    status st = statement_run(&w->st, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    for (size_t i = from; row && i < to; i++)
        w->works[i].day = arena_copy(w->arena, row[i - from]);
    return st;
}

static void insert_column(struct wave *w, struct insert *in, const struct section_work *work,
                          const struct db_column *column, struct view value)
{
    if (strcmp(column->name, "INSTALLDATE") == 0 && !(value.data && rule_installdate_is_kept(value))) {
        insert_value(in, work->day);
        count_adjusted(w, value, VIEW_ABSENT);
        return;
    }
    insert_fitted(w, in, column, value.data ? value : VIEW_LITERAL(""));
}

static status insert_entry(struct wave *w, struct insert *in, const struct new_entry *new)
{
    const struct software_entry *e = new->entry;
    struct section_work *work = new->work;
    struct record_row_view row;
    const uint8_t *at = e->at;
    (void)record_next_row(work->source, &at, &row); /* it was read before */
    insert_row(in);
    const uint32_t keys[] = {work->device->hardware_id, e->name_id, e->publisher_id, e->version_id};
    for (size_t k = 0; k < COUNT(keys); k++)
        insert_number(in, keys[k]);
    for (size_t k = 0; k < DICTIONARY_COUNT; k++) {
        struct view word = row_value(work->source, &row, word_fields[k].field);
        if (!is_blank(word))
            count_adjusted(w, word, dictionary_fit(w->columns, word_fields[k].kind, word, w->arena));
    }
    for (size_t c = 0; c < work->columns->count; c++)
        insert_column(w, in, work, work->columns->columns[c],
                      work->fields[c] < 0 ? VIEW_ABSENT : row.values[work->fields[c]]);
    return insert_row_end(in, work->columns->has_id ? &work->now.rows[new->number].id : NULL,
                          work->device->hardware_id);
}

static status insert_entries(struct wave *w, const struct section_columns *c, const struct new_entries *new)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, "software", "");
    append_head(c, &in.head);
    status st = insert_expect(&in, new->count, 4 + c->count);
    for (size_t i = 0; i < new->count &&st == ST_OK; i++)
        st = insert_entry(w, &in, &new->list[i]);
    if (st == ST_OK)
        st = insert_send(&in);
    w->rows.inserted += (int64_t)in.total;
    return st;
}

status software_insert(struct wave *w, size_t from, size_t to)
{
    struct new_entries new;
    status st = find_new(w, from, to, &new);
    if (st != ST_OK || new.count == 0)
        return st;
    for (size_t k = 0; k < DICTIONARY_COUNT && st == ST_OK; k++)
        st = verify_words(w, &new, (enum dictionary_kind)k);
    if (st == ST_OK)
        st = read_days(w, from, to);
    return st == ST_OK ? insert_entries(w, w->works[from].columns, &new) : st;
}
