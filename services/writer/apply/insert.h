/**
 * INSERT with many rows, sent in pieces: the database works on one while the next one is built. Gives each row its id.
 *
 * Rows go as text, or, where insert_expect() says how many come and the server takes them, as arrays (see db_takes_arrays()).
 *
 * Threads: belongs to one transaction.
 */
#ifndef MUSTER_WRITER_INSERT_H
#define MUSTER_WRITER_INSERT_H

#include "services/writer/apply/statement.h"

enum { INSERT_ROWS_MAX = 511 }; /**< 2^n - 1: see db_takes_arrays() */

/** Rows of one statement: where their ids go, and whose they are. */
struct insert_piece {
    size_t rows;
    size_t array; /**< rows that it is to have as an array; 0: it is text */
    uint64_t *ids[INSERT_ROWS_MAX];
    uint64_t devices[INSERT_ROWS_MAX];
};

struct insert {
    struct statement *st;
    const char *table;  /**< where ids are read from when they may not be consecutive; NULL: nobody wants them */
    struct buffer head; /**< "INSERT INTO ... VALUES " */
    const char *tail;   /**< " ON DUPLICATE KEY UPDATE ..." or "" */
    bool bytes;         /**< values are bytes and no text */
    struct insert_piece pieces[2];
    unsigned in_hand; /**< which of the two is being built; the other one is under way, or empty */
    size_t total;
    /* of insert_expect() */
    bool prepared;
    uint32_t prepared_id;
    size_t columns, coming; /**< values in a row; rows that are still to come */
    bool begun;             /**< the row in hand has a value */
};

/** @param tail must stay valid */
void insert_init(struct insert *in, struct statement *st, const char *table, const char *tail);
void insert_clear(struct insert *in);
static inline void insert_clear_p(struct insert *in)
{
    insert_clear(in);
}
/** When the head is there: how many rows will come, of how many values. All of them must be appended by insert_value() and insert_number(). */
MUST_CHECK status insert_expect(struct insert *in, size_t rows, size_t columns);
/** Open a row; then append its values, or, without insert_expect(), their text to st->text, with commas between them. */
void insert_row(struct insert *in);
void insert_value(struct insert *in, struct view value);
void insert_number(struct insert *in, uint64_t value);
/** Close it. @param id where its id goes, or NULL  @param device HARDWARE_ID of the row */
MUST_CHECK status insert_row_end(struct insert *in, uint64_t *id, uint64_t device);
/** Send what is left. Ids that were asked for are there; the failure of a last piece without them is that of the next statement. */
MUST_CHECK status insert_send(struct insert *in);
/** Send what is left and wait until all of it is done. */
MUST_CHECK status insert_finish(struct insert *in);

#endif
