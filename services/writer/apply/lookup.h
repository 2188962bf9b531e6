/**
 * Rows by text keys under the database's collation, which takes "Foo", "foo " and "fóo" for the same: the rows of one IN list are
 * matched exactly first; which of the others belongs to which text is found by asking for fewer and fewer of them.
 */
#ifndef MUSTER_WRITER_LOOKUP_H
#define MUSTER_WRITER_LOOKUP_H

#include "services/writer/apply/statement.h"

/** Called for a row that belongs to text number `index`; the row's first column is the text as stored. */
typedef status lookup_take_fn(void *ctx, size_t index, const struct view *row);

struct lookup_query {
    struct statement *st;
    const char *head; /**< "SELECT NAME,ID FROM software_name WHERE NAME": the first column is the text */
    const char *tail; /**< " ORDER BY ID FOR UPDATE" */
    lookup_take_fn *take;
    void *ctx;
};

/**
 * @param texts   sorted by bytes, each once
 * @param found   for each text whether a row was taken: those already true are not asked for
 * @param others  when not NULL: rows that no text matched exactly (another spelling of one that was asked for)
 */
MUST_CHECK status lookup_exact(const struct lookup_query *q, const struct view *texts, bool *found, size_t count,
                               size_t *others);
/** Ask for those not found yet in whatever spelling: one question for 500 that are not there, and the halves where something is. */
MUST_CHECK status lookup_spelled(const struct lookup_query *q, const struct view *texts, bool *found, size_t count);

/** Order of the texts above, for qsort. */
int lookup_compare(const void *a, const void *b);

#endif
