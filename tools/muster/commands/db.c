/* muster db create|check|upgrade */
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/state.h"
#include "tools/muster/schema/schema.h"

#include <string.h>

/* --database, else the environment, else the database of what runs on --data. */
static status find_target(const struct options *options, struct db_target *out, struct reason *why)
{
    struct folder folder;
    AUTO(state_free) struct state *state = NULL;
    const char *url = *options->database ? options->database : getenv("MUSTER_DATABASE");
    if (url && *url)
        return db_target_parse(url, out, why);
    if (folder_find(options->data, &folder, why) != ST_OK || state_read(&folder, &state, why) != ST_OK) {
        reason_set(why, "no_database",
                   "which database? --database mysql://user:password@host/name, or --data of a running `muster up`");
        return ST_INVALID;
    }
    return db_target_parse(state->database, out, why);
}

static int finish(status st, const struct reason *why)
{
    if (st == ST_OK)
        return printf("done\n") < 0 ? EXIT_FAILED : EXIT_CLEAN;
    return complain(why), EXIT_FAILED;
}

static int create(const struct options *options, const struct db_target *target)
{
    struct reason why;
    (void)options;
    return finish(schema_create(target, stdout, &why), &why);
}

static int upgrade(const struct options *options, const struct db_target *target)
{
    struct reason why;
    return finish(schema_upgrade(target, options->indexes, stdout, &why), &why);
}

static int check(const struct options *options, const struct db_target *target)
{
    struct reason why;
    unsigned todo = 0;
    (void)options;
    if (schema_check(target, stdout, &todo, &why) != ST_OK)
        return complain(&why), EXIT_FAILED;
    return todo ? EXIT_FAILED : EXIT_CLEAN;
}

int command_db(const struct options *options)
{
    static const struct {
        const char *name;
        int (*run)(const struct options *options, const struct db_target *target);
    } verbs[] = {{"create", create}, {"check", check}, {"upgrade", upgrade}};
    struct reason why = {0};
    struct db_target target;
    for (size_t i = 0; i < COUNT(verbs); i++) {
        if (strcmp(options->words[0], verbs[i].name) != 0)
            continue;
        if (find_target(options, &target, &why) != ST_OK)
            return complain(&why), EXIT_USAGE;
        db_library_init();
        return verbs[i].run(options, &target);
    }
    fprintf(stderr, "muster: db %s: create, check or upgrade is expected\n", options->words[0]);
    return EXIT_USAGE;
}
