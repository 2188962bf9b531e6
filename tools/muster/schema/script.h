/**
 * Reads our own SQL files: one statement after the other, and the list of indexes with what the lack of each costs.
 * Not a parser for anybody else's SQL.
 *
 * Threads: pure.
 */
#ifndef MUSTER_TOOLS_SCHEMA_SCRIPT_H
#define MUSTER_TOOLS_SCHEMA_SCRIPT_H

#include "common/base/bytes.h"

/**
 * The next statement of a script, without the `;`, the comments in front of it and blanks around it. Comments that a server
 * executes stay (they begin with `/` `*` and `!` or `M!`), and so do comments inside a statement.
 *
 * @param at  where to go on; 0 to begin
 * @return    a view into `script`; absent at the end
 */
struct view script_next(struct view script, size_t *at);

/** One index of schema/indexes.sql. */
struct schema_index {
    char table[65], name[65];
    char columns[129];     /**< as in the statement, without backquotes: "HARDWARE_ID" or "A, B" */
    char cost[512];        /**< what its lack costs: the comment in front of the statement, as one line */
    struct view statement; /**< ALTER TABLE ... ADD INDEX ... */
};

/**
 * The next index of the list.
 *
 * @param at  as above
 * @return    false at the end, or at a line that is not of the form that schema/indexes.sql names
 */
bool schema_index_next(struct view list, size_t *at, struct schema_index *out);

#endif
