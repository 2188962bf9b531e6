#include "tools/muster/schema/catalog.h"

#include <stdio.h>
#include <strings.h>

/* ---- types ---- */

/* Kinds of value, and within each how much it holds. Where a type has a length in parentheses, that counts instead. */
static const struct {
    const char *name;
    enum { KIND_TEXT, KIND_BYTES, KIND_INTEGER, KIND_REAL, KIND_TIME } kind;
    uint64_t room;
} types[] = {
    {"char", KIND_TEXT, 1},
    {"varchar", KIND_TEXT, 1},
    {"tinytext", KIND_TEXT, 255},
    {"text", KIND_TEXT, 65535},
    {"mediumtext", KIND_TEXT, 16777215},
    {"longtext", KIND_TEXT, 4294967295},
    {"binary", KIND_BYTES, 1},
    {"varbinary", KIND_BYTES, 1},
    {"tinyblob", KIND_BYTES, 255},
    {"blob", KIND_BYTES, 65535},
    {"mediumblob", KIND_BYTES, 16777215},
    {"longblob", KIND_BYTES, 4294967295},
    {"tinyint", KIND_INTEGER, 1},
    {"smallint", KIND_INTEGER, 2},
    {"mediumint", KIND_INTEGER, 3},
    {"int", KIND_INTEGER, 4},
    {"bigint", KIND_INTEGER, 8},
    {"float", KIND_REAL, 1},
    {"decimal", KIND_REAL, 1},
    {"double", KIND_REAL, 1},
    {"date", KIND_TIME, 1},
    {"datetime", KIND_TIME, 2},
    {"timestamp", KIND_TIME, 2},
};

/* Index into `types`, or -1; `room` is what the type holds. */
static int type_of(const char *text, uint64_t *room)
{
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    bool has_length = text[word] == '(';
    for (size_t i = 0; i < COUNT(types); i++) {
        if (strlen(types[i].name) != word || memcmp(text, types[i].name, word) != 0)
            continue;
        bool counts = has_length && (types[i].kind == KIND_TEXT || types[i].kind == KIND_BYTES);
        *room = counts ? strtoull(text + word + 1, NULL, 10) : types[i].room; /* int(11) and int are the same */
        return (int)i;
    }
    return -1;
}

enum column_fit catalog_fit(const char *have, const char *want)
{
    uint64_t have_room = 0, want_room = 0;
    int h = type_of(have, &have_room), w = type_of(want, &want_room);
    if (h < 0 || w < 0)
        return strcasecmp(have, want) == 0 ? FIT_SAME_OR_WIDER : FIT_OTHER;
    if (types[h].kind != types[w].kind)
        return FIT_OTHER;
    bool have_unsigned = strstr(have, "unsigned"), want_unsigned = strstr(want, "unsigned");
    if (have_room < want_room || (have_room == want_room && have_unsigned != want_unsigned))
        return FIT_NARROWER;
    return FIT_SAME_OR_WIDER;
}

/* ---- look-ups ---- */

bool catalog_has_table(const struct catalog *c, const char *table)
{
    for (size_t i = 0; i < c->column_count; i++)
        if (strcasecmp(c->columns[i].table, table) == 0)
            return true;
    return false;
}

const struct catalog_column *catalog_column(const struct catalog *c, const char *table, const char *name)
{
    for (size_t i = 0; i < c->column_count; i++)
        if (strcasecmp(c->columns[i].table, table) == 0 && strcasecmp(c->columns[i].name, name) == 0)
            return &c->columns[i];
    return NULL;
}

bool catalog_has_key(const struct catalog *c, const char *table, const char *columns)
{
    size_t len = strlen(columns);
    for (size_t i = 0; i < c->key_count; i++) {
        const struct catalog_key *k = &c->keys[i];
        if (strcasecmp(k->table, table) == 0 && strncasecmp(k->columns, columns, len) == 0 &&
            (k->columns[len] == '\0' || k->columns[len] == ','))
            return true;
    }
    return false;
}

/* ---- building ---- */

enum { ROWS_MAX = 20000 }; /* a database with more columns than that is not OCS's */

static struct catalog *catalog_new(size_t columns, size_t keys)
{
    struct catalog *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->columns = calloc(columns + 1, sizeof *c->columns);
    c->keys = calloc(keys + 1, sizeof *c->keys);
    if (c->columns && c->keys)
        return c;
    catalog_free(c);
    return NULL;
}

void catalog_free(struct catalog *c)
{
    if (!c)
        return;
    free(c->columns);
    free(c->keys);
    free(c);
}

static void put(char *to, size_t room, struct view v)
{
    snprintf(to, room, "%.*s", (int)v.len, v.data ? v.data : "");
}

#define PUT(field, v) put(field, sizeof field, v)

static void add_column(struct catalog *c, const struct view *cells, size_t table, size_t name, size_t type)
{
    struct catalog_column *column = &c->columns[c->column_count++];
    PUT(column->table, cells[table]);
    PUT(column->name, cells[name]);
    PUT(column->type, cells[type]);
}

/* ---- facts ---- */

static size_t count_lines(struct view csv)
{
    size_t n = 0;
    for (size_t i = 0; i < csv.len; i++)
        n += csv.data[i] == '\n';
    return n;
}

/* Cells of the next line; at most `max`. A cell may be quoted (for its commas); there are no quotes inside quotes. */
static size_t csv_line(struct view csv, size_t *at, struct view *cells, size_t max)
{
    size_t n = 0, i = *at;
    while (i < csv.len && n < max) {
        bool quoted = csv.data[i] == '"';
        size_t begin = i += quoted;
        while (i < csv.len && csv.data[i] != (quoted ? '"' : ',') && csv.data[i] != '\n')
            i++;
        cells[n++] = (struct view){csv.data + begin, i - begin};
        i += quoted;
        if (i >= csv.len || csv.data[i] == '\n')
            break;
        i++;
    }
    const char *end = i < csv.len ? memchr(csv.data + i, '\n', csv.len - i) : NULL;
    *at = end ? (size_t)(end - csv.data) + 1 : csv.len;
    return n;
}

/* The facts separate an index's columns by blanks and write a prefix's length behind its column: "TVALUE(255)". */
static void put_key_columns(char *to, size_t room, struct view list)
{
    size_t len = 0;
    bool in_length = false;
    for (size_t i = 0; i < list.len && len + 3 < room; i++) {
        in_length = list.data[i] == '(' || (in_length && list.data[i] != ' ');
        if (list.data[i] == ' ')
            to[len++] = ',';
        if (!in_length)
            to[len++] = list.data[i];
    }
    to[len] = '\0';
}

static status fill_columns(struct catalog *c, struct view csv)
{
    struct view cells[10];
    size_t at = 0;
    if (csv_line(csv, &at, cells, COUNT(cells)) < 4 || !view_is(cells[3], "type"))
        return ST_MALFORMED;
    while (at < csv.len)
        if (csv_line(csv, &at, cells, COUNT(cells)) >= 4)
            add_column(c, cells, 0, 2, 3);
    return ST_OK;
}

static status fill_keys(struct catalog *c, struct view csv)
{
    struct view cells[5];
    size_t at = 0;
    if (csv_line(csv, &at, cells, COUNT(cells)) < 5 || !view_is(cells[4], "columns"))
        return ST_MALFORMED;
    while (at < csv.len) {
        if (csv_line(csv, &at, cells, COUNT(cells)) < 5)
            continue;
        struct catalog_key *key = &c->keys[c->key_count++];
        PUT(key->table, cells[0]);
        PUT(key->name, cells[1]);
        put_key_columns(key->columns, sizeof key->columns, cells[4]);
    }
    return ST_OK;
}

status catalog_facts(struct view columns_csv, struct view keys_csv, struct catalog **out)
{
    struct catalog *c = catalog_new(count_lines(columns_csv), count_lines(keys_csv));
    if (!c)
        return ST_NO_MEMORY;
    status st = fill_columns(c, columns_csv);
    if (st == ST_OK)
        st = fill_keys(c, keys_csv);
    if (st != ST_OK)
        return catalog_free(c), st;
    *out = c;
    return ST_OK;
}

/* ---- the database at hand ---- */

static const char columns_sql[] = "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE FROM information_schema.COLUMNS"
                                  " WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION";
static const char keys_sql[] =
    "SELECT TABLE_NAME, INDEX_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ', ')"
    " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() GROUP BY TABLE_NAME, INDEX_NAME";

status catalog_read(struct db *db, struct catalog **out)
{
    AUTO(db_rows_free) struct db_rows *columns = NULL;
    AUTO(db_rows_free) struct db_rows *keys = NULL;
    status st = db_query(db, columns_sql, sizeof columns_sql - 1, &columns);
    if (st == ST_OK)
        st = db_query(db, keys_sql, sizeof keys_sql - 1, &keys);
    if (st != ST_OK)
        return st;
    if (db_rows_count(columns) > ROWS_MAX || db_rows_count(keys) > ROWS_MAX)
        return ST_TOO_BIG;
    AUTO(catalog_free) struct catalog *c = catalog_new(db_rows_count(columns), db_rows_count(keys));
    if (!c)
        return ST_NO_MEMORY;
    const struct view *row;
    while ((row = db_rows_next(columns)))
        add_column(c, row, 0, 1, 2);
    while ((row = db_rows_next(keys))) {
        struct catalog_key *key = &c->keys[c->key_count++];
        PUT(key->table, row[0]);
        PUT(key->name, row[1]);
        PUT(key->columns, row[2]);
    }
    *out = STEAL(c);
    return ST_OK;
}
