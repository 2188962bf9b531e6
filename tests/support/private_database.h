/**
 * A MariaDB of the test program's own: started before the first test, ended after the last, in a folder that then is
 * removed; socket only. Link private_database.c and every test of the program has it.
 *
 * Each test makes databases of its own, so that tests can run beside each other.
 */
#ifndef MUSTER_TESTS_SUPPORT_PRIVATE_DATABASE_H
#define MUSTER_TESTS_SUPPORT_PRIVATE_DATABASE_H

#include "common/db/db.h"

/** Make an empty database and say how to reach it. Ends the test when that fails. */
struct db_target private_database_new(const char *name);
/** The same with OCS's tables, their first rows and our own tables. */
struct db_target private_database_with_schema(const char *name);
/** A connection to it, or the test ends. */
struct db *private_database_open(const struct db_target *target);
/** Run any number of statements with the database's command-line client, or the test ends. */
void private_database_script(const struct db_target *target, struct view sql);
enum { PRIVATE_DATABASE_URL = 1024 };
/** Address for a setting, into `out[PRIVATE_DATABASE_URL]`; returns `out`. */
const char *private_database_url(const struct db_target *target, char *out);

#endif
