/**
 * Building statements in one buffer and running them, counted and timed; multi-row inserts.
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
/** start and run in one. */
MUST_CHECK status statement_do(struct statement *st, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { INSERT_ROWS_MAX = 500 };

/** Rows of one statement: where their ids go, and whose they are. */
struct insert_piece {
    size_t rows;
    uint64_t *ids[INSERT_ROWS_MAX];
    uint64_t devices[INSERT_ROWS_MAX];
};

/** INSERT with many rows, sent in pieces: the database works on one while the next one is built. Gives each row its id. */
struct insert {
    struct statement *st;
    const char *table;  /**< where ids are read from when they are not consecutive; NULL: nobody wants them */
    struct buffer head; /**< "INSERT INTO ... VALUES " */
    const char *tail;   /**< " ON DUPLICATE KEY UPDATE ..." or "" */
    struct insert_piece pieces[2];
    unsigned in_hand; /**< which of the two is being built; the other one is under way, or empty */
    size_t total;
};

/** @param tail must stay valid */
void insert_init(struct insert *in, struct statement *st, const char *table, const char *tail);
void insert_clear(struct insert *in);
static inline void insert_clear_p(struct insert *in)
{
    insert_clear(in);
}
/** Open a row; append its values, comma separated, to st->text. */
void insert_row(struct insert *in);
/** Close it. @param id where its id goes, or NULL  @param device HARDWARE_ID of the row */
MUST_CHECK status insert_row_end(struct insert *in, uint64_t *id, uint64_t device);
/** Send what is left. Ids that were asked for are there; the failure of a last piece without them is that of the next statement. */
MUST_CHECK status insert_send(struct insert *in);
/** Send what is left and wait until all of it is done. */
MUST_CHECK status insert_finish(struct insert *in);

#endif
