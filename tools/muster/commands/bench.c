/* muster bench: builds release in the source tree, and becomes the benchmark's program. */
#include "common/base/cleanup.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/child.h"

#include <string.h>

/* ./muster sets it to the folder that it stands in. */
static const char tree_variable[] = "MUSTER_TEST_TREE";
static const char program[] = "build/release/bench/bench";

enum { ARGUMENTS_MAX = 48, NUMBER_TEXT = 24 };

struct arguments {
    const char *argv[ARGUMENTS_MAX];
    size_t count;
    char numbers[8][NUMBER_TEXT];
    size_t number_count;
};

static void add_text(struct arguments *a, const char *name, const char *value)
{
    if (!*value)
        return;
    a->argv[a->count++] = name;
    a->argv[a->count++] = value;
}

static void add_number(struct arguments *a, const char *name, long value)
{
    char *text = a->numbers[a->number_count++];
    snprintf(text, NUMBER_TEXT, "%ld", value);
    add_text(a, name, text);
}

static void make_arguments(struct arguments *a, const struct options *options)
{
    a->argv[a->count++] = program;
    add_number(a, "--devices", options->devices);
    add_number(a, "--stored", options->stored);
    add_number(a, "--requests", options->requests);
    add_number(a, "--workers", options->workers);
    add_text(a, "--json", options->json_file);
    add_text(a, "--peer", options->peer);
    if (options->smoke)
        a->argv[a->count++] = "--smoke";
    for (size_t i = 0; i < options->word_count; i++)
        a->argv[a->count++] = options->words[i];
}

static bool enter_tree(void)
{
    const char *tree = getenv(tree_variable);
    if ((!tree || chdir(tree) == 0) && access("CMakePresets.json", R_OK) == 0)
        return true;
    fprintf(stderr, "muster: bench needs the source tree: run ./muster bench in a clone\n");
    return false;
}

static bool build(void)
{
    struct reason why;
    if (child_run((const char *const[]){"cmake", "--preset", "release", NULL}, "build/bench.log", &why) == ST_OK &&
        child_run((const char *const[]){"cmake", "--build", "--preset", "release", NULL}, "build/bench.log", &why) ==
            ST_OK)
        return true;
    complain(&why);
    child_log_tail("build/bench.log", 20, stderr);
    return false;
}

int command_bench(const struct options *options)
{
    struct arguments arguments = {.count = 0};
    make_arguments(&arguments, options);
    if (!enter_tree() || !build())
        return EXIT_FAILED;
    child_execute(arguments.argv);
}
