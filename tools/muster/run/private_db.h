/**
 * The private MariaDB: its data folder made once, and the programs found. It is run as a child of the plan.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_PRIVATE_DB_H
#define MUSTER_TOOLS_PRIVATE_DB_H

#include "tools/muster/run/folder.h"

/** Path of the server program; NULL when it is not installed. Valid for ever. */
const char *private_db_program(void);

/** Name for --user, without which mariadbd refuses to run as root; NULL for an ordinary user. */
const char *private_db_user(void);

/**
 * Make <data>/db when it is not there. It is made beside and renamed, so that a run that was killed leaves nothing half-made.
 *
 * @param made_out  true: it was made now
 * @retval ST_NOT_FOUND  MariaDB is not installed  @retval ST_IO  `why` names the log
 */
MUST_CHECK status private_db_prepare(const struct folder *f, bool *made_out, struct reason *why);

#endif
