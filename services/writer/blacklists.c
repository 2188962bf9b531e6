#include "services/writer/blacklists.h"

#include "services/writer/apply/lookup.h"

/* Longer lists than this are cut: an operator's list has some dozens. */
enum { ENTRIES_MAX = 100000, MEMORY_MAX = 128 << 20 };

struct blacklists {
    struct arena *arena;                   /* owned: all that follows */
    struct view *entries[BLACKLIST_COUNT]; /* sorted by bytes */
    size_t counts[BLACKLIST_COUNT];
};

static const struct {
    enum columns_table table;
    const char *name, *column;
} sources[BLACKLIST_COUNT] = {
    [BLACKLIST_SERIAL] = {TABLE_BLACKLIST_SERIALS, "blacklist_serials", "SERIAL"},
    [BLACKLIST_MAC] = {TABLE_BLACKLIST_MACADDRESSES, "blacklist_macaddresses", "MACADDRESS"},
};

void blacklists_free(struct blacklists *b)
{
    if (!b)
        return;
    arena_destroy(b->arena);
    free(b);
}

static status take_rows(struct blacklists *b, struct db_rows *rows)
{
    size_t room = db_rows_count(rows) + 1;
    for (size_t i = 0; i < BLACKLIST_COUNT; i++)
        if (!(b->entries[i] = arena_alloc(b->arena, room * sizeof(struct view))))
            return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));) {
        size_t list = (size_t)db_number(row[0]);
        if (list >= BLACKLIST_COUNT || row[1].len == 0)
            continue;
        struct view value = arena_copy(b->arena, row[1]);
        if (!value.data)
            return ST_NO_MEMORY;
        b->entries[list][b->counts[list]++] = value;
    }
    for (size_t i = 0; i < BLACKLIST_COUNT; i++)
        qsort(b->entries[i], b->counts[i], sizeof(struct view), lookup_compare);
    return ST_OK;
}

status blacklists_read(struct db *db, const struct columns *columns, struct blacklists **out)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 12);
    AUTO(blacklists_free) struct blacklists *b = calloc(1, sizeof *b);
    if (!b || !(b->arena = arena_new(MEMORY_MAX)))
        return ST_NO_MEMORY;
    for (size_t i = 0; i < BLACKLIST_COUNT; i++)
        if (columns_column(columns, sources[i].table, sources[i].column))
            buffer_format(&sql, "%s(SELECT %zu,%s FROM %s LIMIT %d)", sql.len ? " UNION ALL " : "", i,
                          sources[i].column, sources[i].name, ENTRIES_MAX);
    status st = buffer_status(&sql);
    if (st == ST_OK && sql.len) {
        AUTO(db_rows_free) struct db_rows *rows = NULL;
        st = db_query(db, sql.data, sql.len, &rows);
        if (st == ST_OK)
            st = take_rows(b, rows);
    }
    if (st == ST_OK)
        *out = STEAL(b);
    return st;
}

bool blacklists_has(const struct blacklists *b, enum blacklist list, struct view value)
{
    if (!b || b->counts[list] == 0)
        return false;
    return bsearch(&value, b->entries[list], b->counts[list], sizeof value, lookup_compare) != NULL;
}
