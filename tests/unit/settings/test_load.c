#include "common/base/cleanup.h"
#include "tests/unit/settings/cafe.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

enum { WORDS = 6 };

/* What one settings_load() did. */
struct outcome {
    status st;
    int exit_code;
    struct cafe_settings set;
    char said[4096]; /* on stderr */
};

static void read_back(int fd, char *out, size_t room)
{
    ssize_t n = pread(fd, out, room - 1, 0);
    out[n > 0 ? n : 0] = '\0';
}

/* Each test has a process of its own, so environment and stderr may be replaced. NULL ends both lists early. */
static void load(const char *const variables[WORDS], const char *const arguments[WORDS], struct outcome *got)
{
    char *argv[WORDS + 2] = {(char *)(uintptr_t) "muster-cafe"};
    int argc = 1;
    clearenv();
    for (int i = 0; i < WORDS && variables[i]; i++)
        cr_assert_eq(putenv((char *)(uintptr_t)variables[i]), 0);
    for (int i = 0; i < WORDS && arguments[i]; i++)
        argv[argc++] = (char *)(uintptr_t)arguments[i];

    int fd = memfd_create("stderr", 0), before = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    memset(got, 0, sizeof *got);
    got->st = settings_load(&cafe, argc, argv, &got->set, &got->exit_code);
    dup2(before, STDERR_FILENO);
    read_back(fd, got->said, sizeof got->said);
    close(fd);
    close(before);
}

Test(settings, defaults_stand_where_nothing_is_given)
{
    struct outcome got;
    load((const char *[WORDS]){NULL}, (const char *[WORDS]){NULL}, &got);
    cr_assert_eq(got.st, ST_OK, "%s", got.said);
    cr_expect_str_eq(got.set.name, "corner");
    cr_expect_str_eq(got.set.database, "");
    cr_expect_eq(got.set.seats, 40);
    cr_expect_eq(got.set.pot_max, 32 << 20);
    cr_expect_eq(got.set.close_after, 90000);
    cr_expect_not(got.set.music);
    cr_expect_str_eq(got.said, "");
    settings_clear(&cafe, &got.set);
}

Test(settings, an_option_wins_over_its_variable)
{
    struct outcome got;
    load((const char *[WORDS]){"MUSTER_CAFE_SEATS=7", "MUSTER_CAFE_NAME= by the sea "},
         (const char *[WORDS]){"--seats", "8", "--pot-max=2 GiB", "--music", "--close-after", "2min"}, &got);
    cr_assert_eq(got.st, ST_OK, "%s", got.said);
    cr_expect_eq(got.set.seats, 8);
    cr_expect_str_eq(got.set.name, "by the sea");
    cr_expect_eq(got.set.pot_max, 2LL << 30);
    cr_expect_eq(got.set.close_after, 120000);
    cr_expect(got.set.music);
    settings_clear(&cafe, &got.set);
}

static const struct {
    const char *about, *variable, *argument;
    const char *says; /* on stderr, among others; "": the load must succeed */
} cases[] = {
    {"bytes without a unit", "MUSTER_CAFE_POT_MAX=32", NULL,
     "MUSTER_CAFE_POT_MAX: \"32\" is not usable: give a unit, e.g. 32MiB"},
    {"the same as an option", NULL, "--pot-max=32", "--pot-max: \"32\" is not usable: give a unit"},
    {"nought needs none", NULL, "--close-after=0", ""},
    {"a time without a unit", NULL, "--close-after=5", "give a unit, e.g. 5s"},
    {"a unit of the wrong kind", NULL, "--close-after=5MiB", "the unit must be ms, s, min, h or d"},
    {"a count with a unit", NULL, "--seats=5s", "give a whole number without a unit"},
    {"no number", NULL, "--seats=many", "give a whole number"},
    {"an empty one", "MUSTER_CAFE_SEATS=", NULL, "give a whole number"},
    {"a fraction", NULL, "--pot-max=1.5GiB", "the unit must be B, KiB, MiB, GiB or TiB"},
    {"units in any case", NULL, "--pot-max=1mib", ""},
    {"below its bound", NULL, "--pot-max=1000B", "must be 1KiB to 1TiB"},
    {"above its bound", NULL, "--seats=501", "must be 1 to 500"},
    {"below nought", NULL, "--seats=-1", "must be 1 to 500"},
    {"more than 64 bits", NULL, "--seats=99999999999999999999", "give a whole number"},
    {"more than 64 bits with its unit", NULL, "--pot-max=99999999999TiB", "the number is too large"},
    {"a flag", "MUSTER_CAFE_MUSIC=On", NULL, ""},
    {"no flag", "MUSTER_CAFE_MUSIC=loud", NULL, "give yes or no"},
    {"an option mistyped", NULL, "--pot-mx=1MiB", "there is no option --pot-mx; did you mean --pot-max? --help"},
    {"an option like no other", NULL, "--umbrella=1", "there is no option --umbrella; --help lists all"},
    {"an option without a name", NULL, "--=1", "there is no option --;"},
    {"a word", NULL, "start", "\"start\": only options are understood"},
    {"an option without its value", NULL, "--seats", "--seats: give a value behind it"},
    {"a variable mistyped", "MUSTER_CAFE_SEAT=1", NULL,
     "MUSTER_CAFE_SEAT: there is no such setting; did you mean MUSTER_CAFE_SEATS?"},
    {"a variable of nobody", "MUSTER_UMBRELLA=1", NULL, "MUSTER_UMBRELLA: there is no such setting; unset it"},
    {"a variable of another service", "MUSTER_GATEWAY_ANYTHING=1", NULL, ""},
    {"a variable that others share", "MUSTER_LOG_LEVEL=debug", NULL, ""},
    {"a variable of tests", "MUSTER_TEST_KEEP=1", NULL, ""},
    {"a variable of somebody else", "MUSTERMANN=1", NULL, ""},
    {"Kubernetes: host", "MUSTER_CAFE_SERVICE_HOST=192.0.2.1", NULL, ""},
    {"Kubernetes: port", "MUSTER_CAFE_SERVICE_PORT_HTTP=8080", NULL, ""},
    {"Kubernetes: link", "MUSTER_CAFE_PORT=tcp://192.0.2.1:8080", NULL, ""},
    {"Kubernetes: link's parts", "MUSTER_CAFE_PORT_8080_TCP_ADDR=192.0.2.1", NULL, ""},
    {"no link", "MUSTER_CAFE_PORT=8080", NULL, "MUSTER_CAFE_PORT: there is no such setting"},
    {"a file that is not there", "MUSTER_DATABASE_FILE=/nowhere/secret", NULL,
     "MUSTER_DATABASE: cannot read the file \"/nowhere/secret\": No such file or directory"},
    {"a file for what is no secret", NULL, "--name-file=/dev/null", "there is no option --name-file; --help lists all"},
};

Test(settings, a_fault_is_named_with_what_would_be_right)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct outcome got;
        load((const char *[WORDS]){cases[i].variable}, (const char *[WORDS]){cases[i].argument}, &got);
        const char *about = cases[i].about;
        if (cases[i].says[0] == '\0') {
            cr_expect_eq(got.st, ST_OK, "%s: %s", about, got.said);
            cr_expect_str_eq(got.said, "", "%s", about);
            settings_clear(&cafe, &got.set);
            continue;
        }
        cr_expect_eq(got.st, ST_INVALID, "%s", about);
        cr_expect_eq(got.exit_code, EXIT_USAGE, "%s", about);
        cr_expect_not_null(strstr(got.said, cases[i].says), "%s: %s", about, got.said);
        cr_expect_not_null(strstr(got.said, "not started, 1 fault in its settings\n"), "%s: %s", about, got.said);
    }
}

Test(settings, all_faults_are_told_at_once)
{
    struct outcome got;
    load((const char *[WORDS]){"MUSTER_CAFE_SEATS=0", "MUSTER_CAFE_TEA=1"},
         (const char *[WORDS]){"--pot-max=x", "--nmae=y"}, &got);
    cr_expect_not_null(strstr(got.said, "MUSTER_CAFE_SEATS"));
    cr_expect_not_null(strstr(got.said, "MUSTER_CAFE_TEA"));
    cr_expect_not_null(strstr(got.said, "--pot-max"));
    cr_expect_not_null(strstr(got.said, "--nmae"));
    cr_expect_not_null(strstr(got.said, "4 faults"));
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

Test(settings, a_secret_comes_from_a_file_without_its_newline)
{
    char path[] = "/tmp/muster-test-secret-XXXXXX", variable[64];
    write_file(path, " pass word \r\n");
    snprintf(variable, sizeof variable, "MUSTER_DATABASE_FILE=%s", path);
    struct outcome got;
    load((const char *[WORDS]){variable}, (const char *[WORDS]){NULL}, &got);
    cr_expect_eq(got.st, ST_OK, "%s", got.said);
    cr_expect_str_eq(got.set.database, " pass word ");
    settings_clear(&cafe, &got.set);

    load((const char *[WORDS]){variable, "MUSTER_DATABASE=x"}, (const char *[WORDS]){NULL}, &got);
    cr_expect_not_null(strstr(got.said, "MUSTER_DATABASE and MUSTER_DATABASE_FILE are both set"));

    load((const char *[WORDS]){"MUSTER_DATABASE=x"}, (const char *[WORDS]){"--database-file", path}, &got);
    cr_expect_eq(got.st, ST_OK, "%s", got.said);
    cr_expect_str_eq(got.set.database, " pass word ");
    settings_clear(&cafe, &got.set);
    unlink(path);
}
