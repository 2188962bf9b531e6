/**
 * What the files of common/settings share; nobody else includes it.
 *
 * names.c: names of rows as option and variable, and which variables are nobody's. value.c: text to value and
 * back. text.c: help, manual, one line. load.c: where a value comes from.
 */
#ifndef MUSTER_COMMON_SETTINGS_INNER_H
#define MUSTER_COMMON_SETTINGS_INNER_H

#include "common/base/bytes.h"
#include "common/settings/settings.h"

enum {
    NAME_MAX_BYTES = 96,  /**< of an option or a variable, with its NUL */
    VALUE_TEXT_MAX = 256, /**< of a value as text: longer ones are cut where they are shown */
};

/* names.c */

/** "MUSTER_GATEWAY_SPOOL_MAX" -> "spool-max". */
void option_name(const struct settings_program *program, const struct setting *row, char out[static NAME_MAX_BYTES]);
/** The row of an option without its dashes. @param from_file  set when it is `NAME-file` of a secret; NULL:
 * none */
const struct setting *option_find(const struct settings_program *program, struct view option, bool *from_file);
/** The option most like `option`, or NULL when none is. */
const struct setting *option_nearest(const struct settings_program *program, struct view option);
/** The variable most like `name`, or NULL when none is. */
const struct setting *variable_nearest(const struct settings_program *program, struct view name);
/** Is a variable of the environment ours by its name, and yet known to nobody? */
bool variable_is_stray(const struct settings_program *program, struct view name, const char *value);

/* value.c */

/** Parse `text` into the row's field at `field` (a text is copied, the copy belongs to the field).
 *  @param fault  on ST_INVALID: what would be right */
MUST_CHECK status value_parse(const struct setting *row, const char *text, void *field,
                              char fault[static VALUE_TEXT_MAX]);
/** The value of `field` as it would be typed; a secret as "***". */
void value_text(const struct setting *row, const void *field, char out[static VALUE_TEXT_MAX]);
/** "1MiB to 1TiB", or "" when nothing is checked. */
void bounds_text(const struct setting *row, char out[static VALUE_TEXT_MAX]);
/** What stands for a value in the help: "SIZE". */
const char *value_kind(enum setting_type type);

/* text.c */

void settings_help(const struct settings_program *program, FILE *to);

#endif
