/* The columns of a table as the database has them. */
#include "common/db/db.h"

#include <limits.h>
#include <strings.h>

/* What information_schema calls a type, and what it is to us. `bits` of whole numbers. */
static const struct {
    const char *name;
    int type;
    int bits;
} types[] = {
    {"varchar", DB_TEXT, 0},    {"char", DB_TEXT, 0},         {"text", DB_TEXT, 0},
    {"tinytext", DB_TEXT, 0},   {"mediumtext", DB_TEXT, 0},   {"longtext", DB_TEXT, 0},
    {"tinyint", DB_INTEGER, 8}, {"smallint", DB_INTEGER, 16}, {"mediumint", DB_INTEGER, 24},
    {"int", DB_INTEGER, 32},    {"bigint", DB_INTEGER, 64},   {"decimal", DB_DECIMAL, 0},
    {"date", DB_DATE, 0},       {"datetime", DB_DATETIME, 0}, {"blob", DB_BYTES, 0},
    {"tinyblob", DB_BYTES, 0},  {"mediumblob", DB_BYTES, 0},  {"longblob", DB_BYTES, 0},
    {"varbinary", DB_BYTES, 0},
};

enum field {
    NAME,
    DATA_TYPE,
    COLUMN_TYPE,
    CHARS,
    BYTES,
    CHARSET,
    NULLABLE,
    DEFAULT,
    EXTRA,
    PRECISION,
    SCALE,
    FRACTION
};

static bool contains(struct view text, const char *word)
{
    return text.data && memmem(text.data, text.len, word, strlen(word)) != NULL;
}

static uint32_t clip32(uint64_t n)
{
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static void set_bounds(struct db_column *c, int bits, bool is_unsigned)
{
    uint64_t half = (uint64_t)1 << (bits - 1);
    c->min = is_unsigned ? 0 : bits == 64 ? INT64_MIN : -(int64_t)half;
    c->max = is_unsigned ? half * 2 - 1 : half - 1; /* 64 bits: 2^64 wraps to 0, minus 1 */
}

static void set_type(struct db_column *c, const struct view *row)
{
    c->type = DB_OTHER;
    for (size_t i = 0; i < COUNT(types); i++)
        if (view_is(row[DATA_TYPE], types[i].name)) {
            c->type = (unsigned)types[i].type;
            if (c->type == DB_INTEGER)
                set_bounds(c, types[i].bits, contains(row[COLUMN_TYPE], "unsigned"));
        }
    if (c->type == DB_DATETIME && db_number(row[FRACTION]) > 0)
        c->type = DB_OTHER;
    if (contains(row[COLUMN_TYPE], "zerofill"))
        c->type = DB_OTHER;
}

static void set_text(struct db_column *c, const struct view *row)
{
    c->utf8mb4 = view_is(row[CHARSET], "utf8mb4");
    c->padded = view_is(row[DATA_TYPE], "char");
    bool utf8 = contains(row[CHARSET], "utf8"),
         wide = contains(row[CHARSET], "utf16") || contains(row[CHARSET], "utf32") || contains(row[CHARSET], "ucs2");
    c->latin = !utf8 && !wide;
    if (wide)
        c->type = DB_OTHER;
}

static void read_column(struct db_column *c, const struct view *row)
{
    size_t len = row[NAME].len < sizeof c->name ? row[NAME].len : sizeof c->name - 1;
    memcpy(c->name, row[NAME].data, len);
    c->name[len] = '\0';
    c->length = clip32(db_number(row[CHARS]));
    c->byte_max = clip32(db_number(row[BYTES]));
    c->precision = (uint8_t)db_number(row[PRECISION]);
    c->scale = (uint8_t)db_number(row[SCALE]);
    c->is_unsigned = contains(row[COLUMN_TYPE], "unsigned");
    c->nullable = view_is(row[NULLABLE], "YES");
    c->has_default = row[DEFAULT].data != NULL;
    c->auto_increment = contains(row[EXTRA], "auto_increment");
    set_type(c, row);
    if (c->type == DB_TEXT)
        set_text(c, row);
}

static status read_rows(struct db *db, const char *table, struct db_rows **rows)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(2048);
    buffer_text(&sql,
                "SELECT COLUMN_NAME,DATA_TYPE,COLUMN_TYPE,CHARACTER_MAXIMUM_LENGTH,CHARACTER_OCTET_LENGTH,"
                "CHARACTER_SET_NAME,IS_NULLABLE,COLUMN_DEFAULT,EXTRA,NUMERIC_PRECISION,NUMERIC_SCALE,"
                "DATETIME_PRECISION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=DATABASE() AND TABLE_NAME=");
    db_quote(db, &sql, view_of(table));
    buffer_text(&sql, " ORDER BY ORDINAL_POSITION");
    status st = buffer_status(&sql);
    return st == ST_OK ? db_query(db, sql.data, sql.len, rows) : st;
}

status db_table_read(struct db *db, const char *table, struct db_table **out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = read_rows(db, table, &rows);
    if (st != ST_OK)
        return st;
    size_t count = db_rows_count(rows);
    if (count == 0)
        return ST_NOT_FOUND;
    struct db_table *t = calloc(1, sizeof *t + count * sizeof t->columns[0]);
    if (!t)
        return ST_NO_MEMORY;
    strncpy(t->name, table, sizeof t->name - 1);
    const struct view *row;
    while (t->count < count && (row = db_rows_next(rows)))
        read_column(&t->columns[t->count++], row);
    *out = t;
    return ST_OK;
}

const struct db_column *db_table_column(const struct db_table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcasecmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}
