#include "services/writer/asset_categories.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/writer/state.h"
#include "services/writer/word_cache.h"

#include <stdlib.h>
#include <strings.h>

enum { NAMES_MAX = 500000, QUERY_BYTES_MAX = 1 << 20 };

/* Ended by the limit: of MariaDB, of MySQL, or by an administrator. */
enum { ERROR_MARIADB_TIME = 1969, ERROR_MYSQL_TIME = 3024, ERROR_KILLED = 1317, ERROR_NO_TABLE = 1146 };

struct asset_categories {
    int64_t refresh_ms, read_ms;
    uint64_t hash;            /* of the queries */
    struct word_cache *names; /* owned; name -> category; NULL: never read */
};

struct asset_categories *asset_categories_new(int64_t refresh_ms)
{
    struct asset_categories *a = calloc(1, sizeof *a);
    if (a)
        a->refresh_ms = refresh_ms;
    return a;
}

void asset_categories_free(struct asset_categories *a)
{
    if (!a)
        return;
    word_cache_destroy(a->names);
    free(a);
}

/* ---- the text of a query ---- */

static struct view trim(struct view v)
{
    while (v.len && (v.data[0] == ' ' || (v.data[0] >= '\t' && v.data[0] <= '\r')))
        v.data++, v.len--;
    while (v.len && (v.data[v.len - 1] == ' ' || v.data[v.len - 1] == ';' ||
                     (v.data[v.len - 1] >= '\t' && v.data[v.len - 1] <= '\r')))
        v.len--;
    return v;
}

static bool begins(struct view v, const char *word)
{
    size_t len = strlen(word);
    return v.len >= len && strncasecmp(v.data, word, len) == 0;
}

static bool contains(struct view v, const char *word)
{
    for (; v.len; v.data++, v.len--)
        if (begins(v, word))
            return true;
    return false;
}

static void append_argument(struct buffer *out, struct view *arguments)
{
    const char *comma = arguments->len ? memchr(arguments->data, ',', arguments->len) : NULL;
    size_t len = comma ? (size_t)(comma - arguments->data) : arguments->len;
    buffer_add(out, arguments->data, len);
    len += comma != NULL;
    *arguments = (struct view){arguments->data + len, arguments->len - len};
}

/* A read-only transaction does not keep a query from writing files of the server. */
status asset_query_text(struct view query, struct view arguments, struct buffer *out)
{
    static const char select[] = "SELECT";
    struct view q = trim(query);
    if (!begins(q, select) || contains(q, "OUTFILE") || contains(q, "DUMPFILE"))
        return ST_INVALID;
    buffer_text(out, "/*M!100101 SET STATEMENT max_statement_time=10 FOR */ SELECT /*+ MAX_EXECUTION_TIME(10000) */");
    for (size_t i = sizeof select - 1; i < q.len; i++) {
        bool text = q.data[i] == '%' && i + 1 < q.len && q.data[i + 1] == 's';
        if (text || q.data[i] == '?')
            append_argument(out, &arguments);
        else
            buffer_char(out, q.data[i]);
        i += text;
    }
    return buffer_status(out);
}

/* ---- running it ---- */

static status take_names(struct db_rows *rows, uint32_t category, struct word_cache *names)
{
    size_t column = 0;
    while (column < db_rows_columns(rows) && strcmp(db_rows_name(rows, column), "hardwareNAME") != 0)
        column++;
    if (column == db_rows_columns(rows))
        return ST_OK;
    for (const struct view *row; (row = db_rows_next(rows));)
        if (row[column].data)
            word_cache_put(names, row[column], category);
    return ST_OK;
}

/* @retval ST_AGAIN it takes too long */
static status run_query(struct db *db, const struct view *category, struct word_cache *names)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(QUERY_BYTES_MAX);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = asset_query_text(category[1], category[2], &sql);
    if (st == ST_OK)
        st = db_query(db, sql.data, sql.len, &rows);
    if (st == ST_OK)
        return take_names(rows, (uint32_t)db_number(category[0]), names);
    if (st == ST_UNAVAILABLE || st == ST_NO_MEMORY)
        return st;
    unsigned number = st == ST_INVALID ? 0 : db_errno(db);
    log_warning("query of an asset category failed", LOG_VIEW("category", category[0]),
                LOG_TEXT("why", st == ST_INVALID ? "it is no SELECT" : db_error(db)));
    bool slow = number == ERROR_MARIADB_TIME || number == ERROR_MYSQL_TIME || number == ERROR_KILLED;
    return slow ? ST_AGAIN : ST_OK;
}

static status run_all(struct db *db, struct db_rows *categories, struct word_cache *names)
{
    status st = db_exec(db, "SET SESSION sql_select_limit=%d", NAMES_MAX);
    if (st == ST_OK)
        st = db_exec(db, "START TRANSACTION READ ONLY");
    for (const struct view *row; st == ST_OK && (row = db_rows_next(categories));)
        st = run_query(db, row, names);
    if (st == ST_UNAVAILABLE)
        return st;
    status end = db_exec(db, "ROLLBACK");
    if (end == ST_OK)
        end = db_exec(db, "SET SESSION sql_select_limit=DEFAULT");
    return end == ST_OK ? st : ST_UNAVAILABLE; /* not a connection to go on with */
}

static uint64_t hash_of(struct db_rows *rows)
{
    uint64_t hash = 0;
    for (const struct view *row; rows && (row = db_rows_next(rows));)
        for (size_t i = 0; i < db_rows_columns(rows); i++)
            hash = state_hash(hash + row[i].len, row[i].data ? row[i].data : "", row[i].len);
    return hash;
}

static status read_queries(struct db *db, struct db_rows **out)
{
    static const char sql[] = "SELECT ID,SQL_QUERY,SQL_ARGS FROM assets_categories ORDER BY ID LIMIT 1000";
    status st = db_query(db, sql, sizeof sql - 1, out);
    return st == ST_IO && db_errno(db) == ERROR_NO_TABLE ? ST_OK : st; /* older versions have no categories */
}

static status run_again(struct asset_categories *a, struct db *db)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = read_queries(db, &rows);
    if (st != ST_OK)
        return st;
    size_t categories = db_rows_count(rows);
    AUTO(word_cache_destroy) struct word_cache *names = word_cache_new(categories ? NAMES_MAX : 1);
    if (!names)
        return ST_NO_MEMORY;
    st = categories ? run_all(db, rows, names) : ST_OK;
    if (st != ST_OK)
        return st == ST_AGAIN ? ST_OK : st;
    word_cache_destroy(a->names);
    a->names = STEAL(names);
    return ST_OK;
}

status asset_categories_read(struct asset_categories *a, struct db *db)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = read_queries(db, &rows);
    if (st != ST_OK)
        return st;
    uint64_t hash = hash_of(rows);
    int64_t now_ms = clock_steady_ms();
    if (a->read_ms && hash == a->hash && now_ms - a->read_ms < a->refresh_ms)
        return ST_OK;
    st = run_again(a, db);
    if (st != ST_OK)
        return st;
    a->hash = hash;
    a->read_ms = clock_steady_ms();
    return ST_OK;
}

bool asset_categories_known(const struct asset_categories *a)
{
    return a->names != NULL;
}

uint32_t asset_categories_of(const struct asset_categories *a, struct view name)
{
    return a->names && name.data ? word_cache_get(a->names, name) : 0;
}
