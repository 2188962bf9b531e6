/**
 * The command line of `muster`: a table of commands, a table of options, one parser for all of them.
 *
 * An option is `--name value` or `--name=value`; `--` ends the options. Which command takes which option stands in its row.
 *
 * Threads: pure.
 */
#ifndef MUSTER_TOOLS_OPTIONS_H
#define MUSTER_TOOLS_OPTIONS_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stdio.h>

/** Beside those of common/settings/settings.h. */
enum { EXIT_NOT_RUNNING = 3 };

/*     field      option         type        default            min  max    value    meaning */
#define OPTIONS(X)                                                                                                     \
    X(data, "--data", OPT_TEXT, "muster-data", 0, 0, "DIR", "folder of everything that is kept")                       \
    X(listen, "--listen", OPT_TEXT, "127.0.0.1", 0, 0, "ADDRESS", "where agents reach it; 0.0.0.0: from everywhere")   \
    X(http, "--http", OPT_NUMBER, "8080", 0, 65535, "PORT",                                                            \
      "port for HTTP of the first gateway, the next ones for the others; 0: any free one")                             \
    X(https, "--https", OPT_NUMBER, "8443", 0, 65535, "PORT", "the same for HTTPS")                                    \
    X(database, "--database", OPT_TEXT, "", 0, 0, "URL",                                                               \
      "mysql://user:password@host/name instead of a private database; or MUSTER_DATABASE")                             \
    X(gateways, "--gateways", OPT_NUMBER, "1", 1, 32, "N", "processes that take uploads")                              \
    X(parsers, "--parsers", OPT_NUMBER, "1", 1, 32, "N", "processes that read them")                                   \
    X(writers, "--writers", OPT_NUMBER, "1", 1, 32, "N", "processes that write to the database")                       \
    X(sections, "--sections", OPT_TEXT, "", 0, 0, "FILE",                                                              \
      "declares further sections (plugins of OCS); or MUSTER_SECTIONS_FILE")                                           \
    X(detach, "--detach", OPT_FLAG, "", 0, 0, "", "return when all is ready, go on in the background")                 \
    X(json, "--json", OPT_FLAG, "", 0, 0, "", "for programs")                                                          \
    X(watch, "--watch", OPT_FLAG, "", 0, 0, "", "again every two seconds")                                             \
    X(statement, "-e", OPT_TEXT, "", 0, 0, "SQL", "run this and end")                                                  \
    X(url, "--url", OPT_TEXT, "", 0, 0, "URL", "server to send to instead of the one of --data")                       \
    X(ca, "--ca", OPT_TEXT, "", 0, 0, "FILE", "certificates to trust for an https URL")                                \
    X(parallel, "--parallel", OPT_NUMBER, "4", 1, 64, "N", "connections at a time")                                    \
    X(timeout_s, "--timeout", OPT_NUMBER, "60", 0, 86400, "S", "give up after this many seconds")                      \
    X(indexes, "--indexes", OPT_FLAG, "", 0, 0, "", "also add the indexes that OCS lacks")                             \
    X(spool, "--spool", OPT_TEXT, "", 0, 0, "DIR", "one gateway's spool instead of all below --data")                  \
    X(raw, "--raw", OPT_FLAG, "", 0, 0, "", "show: the body's bytes as they were received")                            \
    X(limit, "--limit", OPT_NUMBER, "1000", 0, 1000000000, "N", "list: at most so many pending uploads of a spool")    \
    X(devices, "--devices", OPT_NUMBER, "1000", 1, 1000000, "N", "that are sent in each pass")                         \
    X(stored, "--stored", OPT_NUMBER, "1000", 1, 1000000, "N", "devices in the database at the end of stage `line`")   \
    X(requests, "--requests", OPT_NUMBER, "10000", 1, 10000000, "N", "of stages `intake` and `prolog`")                \
    X(workers, "--workers", OPT_NUMBER, "1", 1, 8, "N", "parsers, and as many writers")                                \
    X(json_file, "--json-file", OPT_TEXT, "", 0, 0, "FILE", "the figures for programs")                                \
    X(peer, "--peer", OPT_TEXT, "", 0, 0, "SCRIPT", "starts and stops another server, for stage `peer`")               \
    X(smoke, "--smoke", OPT_FLAG, "", 0, 0, "", "the least of everything: does the benchmark work?")

#define OPTION_C_OPT_TEXT   const char *
#define OPTION_C_OPT_NUMBER long
#define OPTION_C_OPT_FLAG   bool

/** What a command line said, or the default. Texts are views of argv. */
struct options {
#define X(field, name, type, dflt, min, max, value, help) OPTION_C_##type field;
    OPTIONS(X)
#undef X
    const char *const *words; /**< what is not an option */
    size_t word_count;
};

/** Bits for a command's row: which options it takes. */
enum option_bit {
#define X(field, name, type, dflt, min, max, value, help) OPTION_INDEX_##field,
    OPTIONS(X)
#undef X
};
#define TAKES(field) (1U << OPTION_INDEX_##field)

struct command {
    const char *name;
    const char *words;   /**< for the help: "FILE...|DIR" */
    const char *purpose; /**< its first line stands in the list of commands, all of it in the command's own help */
    unsigned options;    /**< TAKES(...) | ... */
    size_t words_min, words_max;
    int (*run)(const struct options *options); /**< returns the exit status */
};

/**
 * Parse what follows the command's name.
 *
 * @param argv  reordered: words to the front
 * @param why   on ST_INVALID: what is wrong, naming the argument
 * @retval ST_NOT_FOUND  --help was asked for
 */
MUST_CHECK status options_parse(const struct command *command, int argc, char **argv, struct options *out,
                                struct reason *why);

void options_help(const struct command *command, FILE *to);

#endif
