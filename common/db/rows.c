/* A result in memory, row by row as views. */
#include "common/db/connection.h"

struct db_rows {
    MYSQL_RES *result; /* owned */
    size_t columns;
    struct view row[]; /* the current one */
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

const struct view *db_rows_next(struct db_rows *rows)
{
    MYSQL_ROW row = rows ? mysql_fetch_row(rows->result) : NULL;
    if (!row)
        return NULL;
    const unsigned long *lengths = mysql_fetch_lengths(rows->result);
    for (size_t i = 0; i < rows->columns; i++)
        rows->row[i] = row[i] ? (struct view){row[i], lengths[i]} : VIEW_ABSENT;
    return rows->row;
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
