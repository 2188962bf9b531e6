/**
 * Settings of a service: one table of rows; from it come the struct, the parser with bounds and units, --help
 * and the line at start. A value comes from the command line (`--spool-max 2GiB` or `--spool-max=2GiB`), else
 * from the environment
 * (`MUSTER_GATEWAY_SPOOL_MAX`), else from the default. For a SET_SECRET, `..._FILE` names a file to read it
 * from.
 *
 * Checked on the way: units, bounds, options and variables that do not exist. Variables of other services, of
 * tests
 * (`MUSTER_TEST_...`) and those that Kubernetes adds for a Service called muster-... are let be.
 *
 * The option's name is the variable's name without MUSTER_ and the service's own prefix, in lower case with
 * dashes.
 *
 * Threads: called once, from main, before any thread.
 */
#ifndef MUSTER_COMMON_SETTINGS_SETTINGS_H
#define MUSTER_COMMON_SETTINGS_SETTINGS_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum setting_type {
    SET_TEXT,   /**< const char *; "" when empty */
    SET_SECRET, /**< const char *; never printed; NAME_FILE is honoured */
    SET_COUNT,  /**< int64_t */
    SET_BYTES,  /**< int64_t, with a unit: 64KiB, 2GiB, 512B */
    SET_MS,     /**< int64_t milliseconds, with a unit: 250ms, 10s, 2min, 1h */
    SET_FLAG,   /**< bool: yes/no, true/false, on/off, 1/0 */
};

#define SETTING_C_SET_TEXT   const char *
#define SETTING_C_SET_SECRET const char *
#define SETTING_C_SET_COUNT  int64_t
#define SETTING_C_SET_BYTES  int64_t
#define SETTING_C_SET_MS     int64_t
#define SETTING_C_SET_FLAG   bool

/** One row. X-macro form: X(field, env, type, default, min, max, help) */
struct setting {
    const char *env;
    enum setting_type type;
    const char *dflt;
    int64_t min, max; /**< of numbers, in the base unit; both 0: not checked */
    size_t offset;    /**< of the field in the service's struct */
    const char *help; /**< one line */
};

#define SETTING_FIELD(field, env, type, dflt, min, max, help) SETTING_C_##type field;

/** What a service says about itself. */
struct settings_program {
    const char *name;    /**< "muster-gateway" */
    const char *prefix;  /**< "MUSTER_GATEWAY_": its own variables; others of ours start with plain "MUSTER_" */
    const char *purpose; /**< one or two sentences for --help */
    const struct setting *table;
    size_t count;
};

enum exit_code {
    EXIT_CLEAN = 0,
    EXIT_FAILED = 1,     /**< it was tried and did not work */
    EXIT_USAGE = 2,      /**< a setting or an argument is wrong; nothing was opened */
    EXIT_RESOURCE = 69,  /**< a port, a file, the database: see the log */
    EXIT_UNDRAINED = 75, /**< stopped at the deadline with work in hand (nothing accepted is lost) */
};

/**
 * Read all settings into `out`. Every fault is printed to stderr with the name, the value, and what would be
 * right; also an option that does not exist and a variable MUSTER_... that neither this service nor another
 * one knows.
 *
 * `--help` and `--version` are answered here (text on stdout).
 *
 * @param out        the service's struct, all fields set on ST_OK; texts live until the process ends
 * @param exit_code  when the return value is not ST_OK: what main must return (0 after --help and --version)
 * @retval ST_OK       go on
 * @retval ST_INVALID  do not go on: return `exit_code`
 */
MUST_CHECK status settings_load(const struct settings_program *program, int argc, char **argv, void *out,
                                int *exit_code);

/** Release the texts of a struct that settings_load() filled (a service keeps them until it ends). */
void settings_clear(const struct settings_program *program, void *set);

/** The same rows as one log line's worth of text "name=value ..." (secrets as "***"), cut at `len`. */
void settings_print(const struct settings_program *program, const void *set, char *out, size_t len);
/** The table as Markdown, for the manual. */
void settings_manual(const struct settings_program *program, FILE *to);

#endif
