/**
 * The database that Muster works with: made, compared with what is expected, and brought up to date.
 *
 * A database that Muster made gets everything. In one that it found (OCS 2.8 to 2.12) it only adds its own tables, and indexes
 * when asked; OCS's tables keep their columns. Every step may be repeated, and a run that was cut short is finished by the
 * next one; two runs at a time wait for each other (a named lock of the server).
 *
 * Threads: one call at a time per database connection; each call has its own connection.
 */
#ifndef MUSTER_TOOLS_SCHEMA_SCHEMA_H
#define MUSTER_TOOLS_SCHEMA_SCHEMA_H

#include "common/db/db.h"

#include <stdio.h>

/** The level of OCS's schema that a database made here has. */
enum { SCHEMA_OCS_LEVEL = 7081 };

/**
 * Make the database when it is missing, then as schema_upgrade().
 *
 * @param say  what was done, a line each; NULL: silent
 */
MUST_CHECK status schema_create(const struct db_target *target, FILE *say, struct reason *why);

/**
 * Apply every migration that is pending.
 *
 * @param indexes  in a database that was found: add the missing indexes as well
 * @retval ST_REFUSED   not a database of OCS 2.8 or later, or no right to do it
 * @retval ST_CONFLICT  another run holds the lock for longer than a minute
 * others as db_open() and db_query(); `why` says what to do
 */
MUST_CHECK status schema_upgrade(const struct db_target *target, bool indexes, FILE *say, struct reason *why);

/**
 * Say what differs from what Muster and readers of OCS's database expect; changes nothing.
 *
 * @param todo_out  number of lines printed that ask for something to be done; 0: all is well
 */
MUST_CHECK status schema_check(const struct db_target *target, FILE *say, unsigned *todo_out, struct reason *why);

#endif
