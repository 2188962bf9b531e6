/** What the parts of common/db share: the connection itself. Not for other modules. */
#ifndef MUSTER_COMMON_DB_CONNECTION_H
#define MUSTER_COMMON_DB_CONNECTION_H

#include "common/db/db.h"

#include <mysql.h>

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
};

/** Take over a stored result; frees it when memory is out. */
struct db_rows *db_rows_of(MYSQL_RES *result);

#endif
