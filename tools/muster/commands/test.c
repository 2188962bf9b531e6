/* muster test: builds and runs everything in the source tree, and prints totals. */
#include "common/base/cleanup.h"
#include "common/base/clock.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/child.h"

#include <string.h>
#include <sys/wait.h>

/* ./muster sets it to the folder that it stands in. The prefix is one that services know and leave alone. */
static const char tree_variable[] = "MUSTER_TEST_TREE";

static const struct stage {
    const char *preset, *tests, *what;
} stages[] = {
    {"release", "all", "everything: unit, database, integration, style"},
    {"asan", "asan", "unit tests and fuzz corpora with AddressSanitizer and UBSan"},
    {"tsan", "tsan", "threads, with ThreadSanitizer"},
    {"fuzz", "fuzz", "everything built with clang; each fuzz target for some seconds"},
};

struct total {
    unsigned run, failed;
    bool built;
    int64_t ms;
};

static bool is_tree(const char *folder)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/CMakePresets.json", folder);
    return access(path, R_OK) == 0;
}

static bool enter_tree(void)
{
    const char *tree = getenv(tree_variable);
    if (tree ? is_tree(tree) && chdir(tree) == 0 : is_tree("."))
        return true;
    fprintf(stderr, "muster: test needs the source tree: run ./muster test in a clone\n");
    return false;
}

/* "98% tests passed, 1 tests failed out of 50" */
static void take_totals(const char *line, struct total *total)
{
    static const char passed[] = "% tests passed, ", failed[] = " tests failed out of ";
    const char *first = strstr(line, passed), *second = first ? strstr(first, failed) : NULL;
    if (!second)
        return;
    total->failed = (unsigned)strtoul(first + sizeof passed - 1, NULL, 10);
    total->run = (unsigned)strtoul(second + sizeof failed - 1, NULL, 10);
}

static void pass_on(FILE *from, struct total *total)
{
    char line[4096];
    while (fgets(line, sizeof line, from)) {
        fputs(line, stdout);
        fflush(stdout);
        take_totals(line, total);
    }
}

/* Run a program, its output to ours; true when it ended with 0. */
static bool run(const char *const *argv, struct total *total)
{
    int ends[2];
    pid_t pid = pipe(ends) == 0 ? fork() : -1;
    if (pid < 0)
        return false;
    if (pid == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        child_execute(argv);
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    if (from)
        pass_on(from, total), fclose(from);
    int end = 0;
    return waitpid(pid, &end, 0) == pid && WIFEXITED(end) && WEXITSTATUS(end) == 0;
}

static bool run_stage(const struct stage *stage, struct total *total)
{
    int64_t begin = clock_steady_ms();
    printf("\n== %s: %s\n", stage->preset, stage->what);
    fflush(stdout);
    total->built = run((const char *const[]){"cmake", "--preset", stage->preset, NULL}, total) &&
                   run((const char *const[]){"cmake", "--build", "--preset", stage->preset, NULL}, total);
    bool good = total->built && run((const char *const[]){"ctest", "--preset", stage->tests, NULL}, total);
    total->ms = clock_steady_ms() - begin;
    return good && total->failed == 0;
}

static bool is_wanted(const struct stage *stage, const struct options *options)
{
    for (size_t i = 0; i < options->word_count; i++)
        if (strcmp(options->words[i], stage->preset) == 0)
            return true;
    return options->word_count == 0;
}

static int print_totals(const struct options *options, const struct total *totals, bool good)
{
    unsigned run = 0, failed = 0;
    printf("\n");
    for (size_t i = 0; i < COUNT(stages); i++) {
        const struct total *t = &totals[i];
        if (!is_wanted(&stages[i], options))
            continue;
        run += t->run;
        failed += t->failed;
        printf("%-8s %u tests, %u passed, %u failed, %lld s%s\n", stages[i].preset, t->run, t->run - t->failed,
               t->failed, (long long)(t->ms / 1000), t->built ? "" : " - DID NOT BUILD");
    }
    printf("total    %u tests, %u passed, %u failed: %s\n", run, run - failed, failed, good ? "good" : "NOT GOOD");
    return good ? EXIT_CLEAN : EXIT_FAILED;
}

static bool words_known(const struct options *options)
{
    for (size_t w = 0; w < options->word_count; w++) {
        size_t i = 0;
        while (i < COUNT(stages) && strcmp(options->words[w], stages[i].preset) != 0)
            i++;
        if (i < COUNT(stages))
            continue;
        fprintf(stderr, "muster: test %s: release, asan, tsan or fuzz is expected\n", options->words[w]);
        return false;
    }
    return true;
}

int command_test(const struct options *options)
{
    struct total totals[COUNT(stages)] = {{0}};
    bool good = true;
    if (!words_known(options))
        return EXIT_USAGE;
    if (!enter_tree())
        return EXIT_FAILED;
    for (size_t i = 0; i < COUNT(stages); i++)
        if (is_wanted(&stages[i], options) && !run_stage(&stages[i], &totals[i]))
            good = false;
    return print_totals(options, totals, good);
}
