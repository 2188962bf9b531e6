#include "tools/muster/options.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct command some = {
    "some", "WORD", "Does something.", TAKES(data) | TAKES(http) | TAKES(detach) | TAKES(statement), 0, 2, NULL};
static const struct command strict = {"strict", "WORD", "Needs a word.", TAKES(data), 1, 1, NULL};

enum { WORDS = 8 };

static status parse(const struct command *command, const char *const *words, struct options *out, struct reason *why)
{
    static char copies[WORDS][64];
    static char *argv[WORDS];
    int argc = 0;
    for (; argc < WORDS && words[argc]; argc++) {
        snprintf(copies[argc], sizeof copies[argc], "%s", words[argc]);
        argv[argc] = copies[argc];
    }
    return options_parse(command, argc, argv, out, why);
}

static const struct {
    const struct command *command;
    const char *words[WORDS];
    status want;
    const char *says; /* in the reason */
} cases[] = {
    {&some, {NULL}, ST_OK, NULL},
    {&some, {"--http", "0"}, ST_OK, NULL},
    {&some, {"--http=65535"}, ST_OK, NULL},
    {&some, {"--http=65536"}, ST_INVALID, "65536"},
    {&some, {"--http", "-1"}, ST_INVALID, "-1"},
    {&some, {"--http", "80x"}, ST_INVALID, "80x"},
    {&some, {"--http", ""}, ST_INVALID, "--http"},
    {&some, {"--http"}, ST_INVALID, "--http"},
    {&some, {"--nosuch"}, ST_INVALID, "--nosuch"},
    {&some, {"--htt", "1"}, ST_INVALID, "--htt"},
    {&some, {"--json"}, ST_INVALID, "--json"}, /* an option of others */
    {&some, {"--detach=yes"}, ST_INVALID, "--detach"},
    {&some, {"--help"}, ST_NOT_FOUND, NULL},
    {&some, {"-h"}, ST_NOT_FOUND, NULL},
    {&some, {"a", "b"}, ST_OK, NULL},
    {&some, {"a", "b", "c"}, ST_INVALID, "c"},
    {&some, {"-"}, ST_OK, NULL},
    {&strict, {"--data", "d"}, ST_INVALID, "WORD"},
    {&strict, {"--", "--data"}, ST_OK, NULL},
};

Test(options, a_wrong_line_is_refused_with_the_argument_in_the_text)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct options got;
        struct reason why = {0};
        status st = parse(cases[i].command, cases[i].words, &got, &why);
        cr_expect_eq(st, cases[i].want, "case %zu: %s", i, status_name(st));
        cr_expect(!cases[i].says || strstr(why.text, cases[i].says), "case %zu: \"%s\"", i, why.text);
    }
}

Test(options, what_is_not_given_is_the_default)
{
    struct options got;
    cr_assert_eq(parse(&some, (const char *[]){NULL}, &got, NULL), ST_OK);
    cr_expect_str_eq(got.data, "muster-data");
    cr_expect_eq(got.http, 8080);
    cr_expect_eq(got.https, 8443);
    cr_expect_eq(got.gateways, 1);
    cr_expect_not(got.detach);
}

Test(options, words_and_options_may_stand_in_any_order)
{
    struct options got;
    cr_assert_eq(
        parse(&some, (const char *[]){"one", "--data", "d", "two", "--detach", "-e", "SELECT 1=1", NULL}, &got, NULL),
        ST_OK);
    cr_expect_str_eq(got.data, "d");
    cr_expect_str_eq(got.statement, "SELECT 1=1");
    cr_expect(got.detach);
    cr_assert_eq(got.word_count, 2);
    cr_expect_str_eq(got.words[0], "one");
    cr_expect_str_eq(got.words[1], "two");
}
