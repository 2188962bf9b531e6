/**
 * Ids of software's words (names, publishers, versions): a bounded memory of those used last in front of the tables. New words are made
 * in short statements of their own, sorted, before the transaction that uses them: so a rollback leaves at most an unused word.
 *
 * The tables' collation decides what is the same word; the memory maps spellings to ids.
 *
 * Threads: any; those that look up words of one kind take turns, so that two do not make the same new words.
 */
#ifndef MUSTER_WRITER_DICTIONARY_H
#define MUSTER_WRITER_DICTIONARY_H

#include "services/writer/apply/insert.h"
#include "services/writer/columns.h"

enum dictionary_kind { DICTIONARY_NAME, DICTIONARY_PUBLISHER, DICTIONARY_VERSION, DICTIONARY_COUNT };

enum {
    DICTIONARY_UNAVAILABLE = 1
}; /**< id of the row "Unavailable" of publishers and versions in every OCS database */

struct dictionaries;

/** @param words_max  kept in memory, for each of the three  @return NULL when memory is out */
struct dictionaries *dictionaries_new(size_t words_max);
void dictionaries_destroy(struct dictionaries *d); /**< NULL is allowed */
AUTO_DEFINE(struct dictionaries, dictionaries_destroy)

/** A word as its column can hold it. */
struct view dictionary_fit(const struct columns *columns, enum dictionary_kind kind, struct view word,
                           struct arena *arena);

/**
 * Ids of many words; makes those that the table does not have. Outside of transactions.
 *
 * @param words  fitted, in any order, may repeat
 * @param ids    one for each
 */
MUST_CHECK status dictionary_resolve(struct dictionaries *d, struct statement *st, const struct columns *columns,
                                     enum dictionary_kind kind, const struct view *words, uint32_t *ids, size_t count,
                                     struct arena *arena);

/**
 * Fill in PRETTYVERSION and its parts where they are NULL: an upgrade of the console adds these columns and leaves the rest to the
 * server. At most `max` rows; nothing where the database has no such columns. Outside of transactions.
 */
MUST_CHECK status dictionary_finish_versions(struct statement *st, const struct columns *columns, size_t max,
                                             struct arena *arena);

/** Forget everything of one kind: an id turned out to be gone. */
void dictionary_forget(struct dictionaries *d, enum dictionary_kind kind);

/** Table of a kind. */
const char *dictionary_table(enum dictionary_kind kind);

#endif
