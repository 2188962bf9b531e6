/* Rows as parameters of one prepared statement. The library has calls for it that want every value in arrays of their own and wait for the
 * answer. Here the packet is written as the values come, and sent like a text: the next one is written while the server works on it. */
#include "common/db/connection.h"

#include <errmsg.h>

/* The packet: number of the statement, flags, a type for each value of a row, then the values, each with an indicator in front. */
enum { TYPES_FOLLOW = STMT_BULK_FLAG_CLIENT_SEND_TYPES, IS_VALUE = STMT_INDICATOR_NONE, IS_NULL = STMT_INDICATOR_NULL };

bool db_offers_arrays(MYSQL *handle)
{
    unsigned long capabilities = 0; /* those of MariaDB; a MySQL server has none */
    return mariadb_get_infov(handle, MARIADB_CONNECTION_EXTENDED_SERVER_CAPABILITIES, &capabilities) == 0 &&
           (capabilities & MARIADB_CLIENT_STMT_BULK_OPERATIONS >> 32);
}

bool db_takes_arrays(const struct db *db)
{
    return db->takes_arrays;
}

/* ---- prepared statements ---- */

static void forget(struct db_prepared *p)
{
    free(p->sql);
    if (p->handle)
        mysql_stmt_close(p->handle);
    *p = (struct db_prepared){0};
}

void db_prepared_free(struct db *db)
{
    for (size_t i = 0; i < COUNT(db->prepared); i++)
        forget(&db->prepared[i]);
}

static const struct db_prepared *find(const struct db *db, struct view sql)
{
    for (size_t i = 0; i < COUNT(db->prepared); i++)
        if (db->prepared[i].sql && view_equal(sql, (struct view){db->prepared[i].sql, db->prepared[i].len}))
            return &db->prepared[i];
    return NULL;
}

/* What the server says is about the statement. What the library says is about the connection, of which nobody knows in what state it is. */
static status prepare_failed(struct db *db, MYSQL_STMT *handle)
{
    unsigned number = mysql_stmt_errno(handle);
    bool of_library = number == 0 || IS_MYSQL_ERROR(number) || IS_MARIADB_ERROR(number);
    status st = db_remember(db, number ? number : CR_MALFORMED_PACKET, mysql_stmt_error(handle));
    if (st == ST_IO)
        return of_library ? ST_UNAVAILABLE : ST_REFUSED;
    return st;
}

static status prepare(struct db *db, struct view sql, struct db_prepared *p)
{
    p->sql = malloc(sql.len + 1);
    p->handle = mysql_stmt_init(db->handle);
    if (!p->sql || !p->handle)
        return db_remember(db, CR_OUT_OF_MEMORY, "out of memory");
    memcpy(p->sql, sql.data, sql.len);
    p->len = sql.len;
    return mysql_stmt_prepare(p->handle, sql.data, sql.len) == 0 ? ST_OK : prepare_failed(db, p->handle);
}

status db_prepare(struct db *db, struct view sql, uint32_t *id)
{
    const struct db_prepared *known = find(db, sql);
    if (known) {
        *id = (uint32_t)known->handle->stmt_id;
        return ST_OK;
    }
    status st = db_finish(db);
    if (st != ST_OK)
        return st;
    struct db_prepared *p = &db->prepared[db->next_prepared];
    forget(p);
    db->error_no = 0;
    st = prepare(db, sql, p);
    if (st != ST_OK) {
        forget(p);
        return st;
    }
    db->next_prepared = (db->next_prepared + 1) % COUNT(db->prepared);
    *id = (uint32_t)p->handle->stmt_id;
    return ST_OK;
}

/* ---- rows ---- */

static void add_little_endian(struct buffer *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buffer_char(b, (char)(v >> 8 * i));
}

void db_array_start(struct buffer *rows, uint32_t id, size_t values_in_row, bool bytes)
{
    buffer_reset(rows);
    add_little_endian(rows, id, 4);
    add_little_endian(rows, TYPES_FOLLOW, 2);
    for (size_t i = 0; i < values_in_row; i++)
        add_little_endian(rows, bytes ? MYSQL_TYPE_BLOB : MYSQL_TYPE_STRING, 2);
}

/* The protocol's form of a length: one byte where it is short, else a mark and two, three or eight. */
static void add_length(struct buffer *b, size_t len)
{
    if (len < 251) {
        buffer_char(b, (char)len);
        return;
    }
    size_t bytes = len < 1 << 16 ? 2 : len < 1 << 24 ? 3 : 8;
    add_little_endian(b, bytes == 2 ? 252 : bytes == 3 ? 253 : 254, 1);
    add_little_endian(b, len, bytes);
}

void db_array_value(struct buffer *rows, struct view value)
{
    buffer_char(rows, value.data ? IS_VALUE : IS_NULL);
    if (!value.data)
        return;
    add_length(rows, value.len);
    buffer_add(rows, value.data, value.len);
}
