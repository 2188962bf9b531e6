/**
 * Which processes `muster up` runs, with which arguments and which environment: a pure function of the options and of where
 * things are, so that it can be read and tested without starting anything.
 *
 * Threads: pure.
 */
#ifndef MUSTER_TOOLS_PLAN_H
#define MUSTER_TOOLS_PLAN_H

#include "common/base/arena.h"

#include "tools/muster/options.h"
#include "tools/muster/run/folder.h"

/** In the order of their start; they are stopped the other way round. */
enum child_kind { CHILD_DATABASE, CHILD_WRITER, CHILD_PARSER, CHILD_GATEWAY, CHILD_KINDS };

/** "mariadb", "writer", "parser", "gateway" */
const char *child_kind_name(enum child_kind kind);

struct plan_variable {
    const char *name, *value;
    bool is_default; /**< the operator's own value, when there is one, stays */
};

enum { PLAN_VARIABLES_MAX = 12, PLAN_ARGUMENTS_MAX = 32 };

/** One process. All texts belong to the plan's arena. */
struct child_plan {
    enum child_kind kind;
    unsigned number;                              /**< of its kind, from 1 */
    const char *name;                             /**< "gateway-1" */
    const char *argv[PLAN_ARGUMENTS_MAX];         /**< NULL at the end */
    struct plan_variable env[PLAN_VARIABLES_MAX]; /**< set on top of the environment */
    size_t env_count;
    const char *admin; /**< path of its admin socket; NULL: it has none */
    const char *log;   /**< path of its log */
    const char *spool; /**< folder to make before it starts; NULL: none */
};

struct plan {
    struct child_plan *children; /**< ordered by kind */
    size_t count;
    const char *database;        /**< URL that the services get */
    const char *database_socket; /**< of the private MariaDB; NULL: somebody else's database */
};

/** What the plan is made from. */
struct plan_input {
    const struct options *options;
    const struct folder *folder;
    const char *programs[CHILD_KINDS]; /**< paths of the executables */
    const char *database;              /**< URL of a database that is there already; "": a private one */
    const char *sections;              /**< file that declares sections; "": none */
    const char *user;                  /**< name to give mariadbd with --user; NULL: not as root */
    uint64_t memory;                   /**< of the machine, bytes; 0: not known */
    const char *database_options;      /**< more options of the private MariaDB, blanks between them; NULL: none */
};

/** @retval ST_INVALID the options contradict each other (`why`)  @retval ST_NO_MEMORY */
MUST_CHECK status plan_make(const struct plan_input *in, struct arena *arena, struct plan *out, struct reason *why);

/** The value of a variable in a child's own environment, or NULL. */
const char *plan_variable(const struct child_plan *child, const char *name);

#endif
