/** What the parts of common/db share: the connection itself. Not for other modules. */
#ifndef MUSTER_COMMON_DB_CONNECTION_H
#define MUSTER_COMMON_DB_CONNECTION_H

#include "common/db/db.h"

#include <mysql.h>

/** One that a connection keeps. */
struct db_prepared {
    char *sql; /**< owned; NULL: the place is free */
    size_t len;
    MYSQL_STMT *handle; /**< owned */
};

struct db {
    MYSQL *handle;      /**< owned */
    unsigned error_no;  /**< of the last statement that failed */
    char error[512];    /**< its text */
    uint64_t insert_id; /**< of the last statement that succeeded */
    uint64_t affected;  /**< rows, likewise */
    size_t packet_max;  /**< max_allowed_packet, bytes */
    bool is_under_way;  /**< a statement was sent, its answer was not taken */
    bool ids_consecutive;
    unsigned id_step;
    bool takes_arrays;
    struct db_prepared prepared[DB_PREPARED_MAX];
    size_t next_prepared; /**< the place that is used, or used again, next */
};

/** Remember an error for db_errno() and db_error(). @return what it means to a caller */
status db_remember(struct db *db, unsigned number, const char *text);
/** Whether the server is known to take arrays, now that we are connected (array.c). */
bool db_offers_arrays(MYSQL *handle);
/** Behind mysql_close(): what prepared statements hold here. */
void db_prepared_free(struct db *db);

/** Take over a stored result; frees it when memory is out. */
struct db_rows *db_rows_of(MYSQL_RES *result);

#endif
