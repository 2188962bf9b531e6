/**
 * What the operator says identifies nobody: the tables blacklist_serials and blacklist_macaddresses, as one snapshot. The exact text
 * counts.
 *
 * Threads: a snapshot is read-only.
 */
#ifndef MUSTER_WRITER_BLACKLISTS_H
#define MUSTER_WRITER_BLACKLISTS_H

#include "services/writer/columns.h"

enum blacklist { BLACKLIST_SERIAL, BLACKLIST_MAC, BLACKLIST_COUNT };

struct blacklists;

/** One statement. A table that the database lacks is an empty list. @param out owned by the caller  @retval as db_query() */
MUST_CHECK status blacklists_read(struct db *db, const struct columns *columns, struct blacklists **out);
void blacklists_free(struct blacklists *b); /**< NULL is allowed */
AUTO_DEFINE(struct blacklists, blacklists_free)

/** @param b NULL is allowed: nothing is listed */
bool blacklists_has(const struct blacklists *b, enum blacklist list, struct view value);

#endif
