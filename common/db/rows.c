/* A result in memory, row by row as views. */
#include "common/db/connection.h"

#include <assert.h>

enum { KEYS_MAX = 4 };

/* A row of a sorted result: what it is sorted by, and where it is. */
struct place {
    uint64_t keys[KEYS_MAX];
    MYSQL_ROW_OFFSET at;
};

struct db_rows {
    MYSQL_RES *result; /* owned */
    size_t columns;
    struct place *sorted; /* owned; NULL: as they came */
    size_t next;          /* of `sorted` */
    struct view row[];    /* the current one */
};

struct db_rows *db_rows_of(MYSQL_RES *result)
{
    size_t columns = mysql_num_fields(result);
    struct db_rows *rows = calloc(1, sizeof *rows + columns * sizeof rows->row[0]);
    if (!rows) {
        mysql_free_result(result);
        return NULL;
    }
    rows->result = result;
    rows->columns = columns;
    return rows;
}

static MYSQL_ROW fetch(struct db_rows *rows)
{
    if (rows->sorted) {
        if (rows->next == db_rows_count(rows))
            return NULL;
        mysql_row_seek(rows->result, rows->sorted[rows->next++].at);
    }
    return mysql_fetch_row(rows->result);
}

const struct view *db_rows_next(struct db_rows *rows)
{
    MYSQL_ROW row = rows ? fetch(rows) : NULL;
    if (!row)
        return NULL;
    const unsigned long *lengths = mysql_fetch_lengths(rows->result);
    for (size_t i = 0; i < rows->columns; i++)
        rows->row[i] = row[i] ? (struct view){row[i], lengths[i]} : VIEW_ABSENT;
    return rows->row;
}

static int compare_places(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    for (size_t i = 0; i < KEYS_MAX; i++)
        if (a->keys[i] != b->keys[i])
            return a->keys[i] < b->keys[i] ? -1 : 1;
    return 0;
}

status db_rows_sort(struct db_rows *rows, const size_t *columns, size_t count)
{
    size_t n = db_rows_count(rows);
    assert(count <= KEYS_MAX);
    if (n < 2)
        return ST_OK;
    struct place *sorted = calloc(n, sizeof *sorted);
    if (!sorted)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < n; i++) {
        sorted[i].at = mysql_row_tell(rows->result);
        const struct view *row = db_rows_next(rows);
        for (size_t k = 0; k < count; k++)
            sorted[i].keys[k] = db_number(row[columns[k]]);
    }
    qsort(sorted, n, sizeof *sorted, compare_places);
    rows->sorted = sorted;
    return ST_OK;
}

size_t db_rows_count(const struct db_rows *rows)
{
    return rows ? mysql_num_rows(rows->result) : 0;
}

size_t db_rows_columns(const struct db_rows *rows)
{
    return rows ? rows->columns : 0;
}

const char *db_rows_name(const struct db_rows *rows, size_t column)
{
    return mysql_fetch_field_direct(rows->result, (unsigned)column)->name;
}

void db_rows_free(struct db_rows *rows)
{
    if (!rows)
        return;
    mysql_free_result(rows->result);
    free(rows->sorted);
    free(rows);
}

uint64_t db_number(struct view value)
{
    uint64_t number = 0;
    for (size_t i = 0; i < value.len; i++) {
        unsigned digit = (unsigned)(value.data[i] - '0');
        if (digit > 9 || number > (UINT64_MAX - digit) / 10)
            return 0;
        number = number * 10 + digit;
    }
    return number;
}
