/**
 * Building statements in one buffer and running them, counted and timed.
 *
 * Threads: belongs to one transaction.
 */
#ifndef MUSTER_WRITER_STATEMENT_H
#define MUSTER_WRITER_STATEMENT_H

#include "common/db/db.h"

struct statement {
    struct db *db;
    struct buffer text; /**< capped at what the server takes */
};

void statement_init(struct statement *st, struct db *db);
void statement_clear(struct statement *st);
/** Begin a new one with this text. */
void statement_start(struct statement *st, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Append a quoted value. */
void statement_value(struct statement *st, struct view value);
/** Run it; see db_query(). */
MUST_CHECK status statement_run(struct statement *st, struct db_rows **rows);
/** Send it and do not wait: see db_send(). Its failure is that of the next statement. */
MUST_CHECK status statement_send(struct statement *st);
/** The same for rows of a prepared one: see db_send_array(). */
MUST_CHECK status statement_send_array(struct statement *st);
/** Wait for the one that was sent, if one was. */
MUST_CHECK status statement_finish(struct statement *st);
/** start and run in one. */
MUST_CHECK status statement_do(struct statement *st, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
