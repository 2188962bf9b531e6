/**
 * DEVICEIDs that one statement asks for together. The column is compared by its collation, which we do not know, and rows come back
 * with the spelling that is stored: so the database itself says which of the asked ones a row belongs to, and only DEVICEIDs that no
 * collation can take for each other share a statement.
 *
 * Threads: pure.
 */
#ifndef MUSTER_GATEWAY_DEVICE_LIST_H
#define MUSTER_GATEWAY_DEVICE_LIST_H

#include "common/db/db.h"

enum { DEVICE_LIST_MAX = 32 };

struct device_list {
    struct view ids[DEVICE_LIST_MAX]; /**< borrowed */
    size_t count;
};

/**
 * Add one, if it may stand beside those that are there: letters, digits, '-', '_' and '.' of ASCII only, as agents make them, and
 * different from the others without case. An empty list takes anything; who comes after that is not taken.
 */
bool device_list_add(struct device_list *l, struct view id);
/** Append a number that says which one the row's `column` is, from 1 in the order of adding. */
void device_list_write_number(const struct device_list *l, struct db *db, const char *column, struct buffer *sql);
/** Append "`column` is one of them". */
void device_list_write_condition(const struct device_list *l, struct db *db, const char *column, struct buffer *sql);

#endif
