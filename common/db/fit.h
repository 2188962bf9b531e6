/** The parts of db_fit(), by type of column. Not for other modules. */
#ifndef MUSTER_COMMON_DB_FIT_H
#define MUSTER_COMMON_DB_FIT_H

#include "common/db/db.h"

enum { FIT_TEXT_MAX = 80 }; /**< enough for any number or date as text */

/** Text of the number that `value` begins with, rounded and clipped. @return its length in `out` */
size_t fit_integer(const struct db_column *column, struct view value, char out[FIT_TEXT_MAX]);
size_t fit_decimal(const struct db_column *column, struct view value, char out[FIT_TEXT_MAX]);
/** "2020-01-03" or "2020-01-03 10:11:12"; zeros when it is no date. */
size_t fit_date(const struct db_column *column, struct view value, char out[FIT_TEXT_MAX]);

#endif
