/**
 * The files of schema/ as constants: an installed program needs none of them beside it.
 *
 * What they mean and when they are applied: tools/muster/schema/. NUL-terminated behind their length.
 */
#ifndef MUSTER_SCHEMA_SCHEMA_TEXT_H
#define MUSTER_SCHEMA_SCHEMA_TEXT_H

#include "common/base/bytes.h"

extern const struct view schema_base;    /**< base/7081.sql: OCS's tables */
extern const struct view schema_seed;    /**< base/seed.sql: the rows they start with */
extern const struct view schema_muster;  /**< muster.sql: our own tables */
extern const struct view schema_indexes; /**< indexes.sql: indexes that OCS lacks */
extern const struct view schema_columns; /**< facts/columns.csv: what a reader of OCS's database expects */
extern const struct view schema_keys;    /**< facts/indexes.csv */

#endif
