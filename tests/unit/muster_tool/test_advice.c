#include "tools/muster/why/advice.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>

static const char page[] = "# Page\n"
                           "| Code | Where | HTTP | Meaning | What to do |\n"
                           "| --- | --- | --- | --- | --- |\n"
                           "| `one` | gateway | 400 | the first | do this |\n"
                           "| `one_more` | writer | - |  | |\n"
                           "`plain` | not | a | row | at all |\n"
                           "| `short` | gateway |\n"
                           "| `last` | gateway | - | the last | do that |";

static void expect(struct view got, const char *want)
{
    cr_expect(view_is(got, want), "\"%.*s\", not \"%s\"", (int)got.len, got.data ? got.data : "", want);
}

Test(advice, is_found_by_the_whole_code)
{
    struct advice a;
    cr_assert(advice_find(view_of(page), "one", &a));
    expect(a.meaning, "the first");
    expect(a.remedy, "do this");
    cr_assert(advice_find(view_of(page), "last", &a), "a page need not end its last line");
    expect(a.remedy, "do that");
    cr_assert(advice_find(view_of(page), "one_more", &a));
    cr_expect_eq(a.meaning.len, 0);
}

Test(advice, of_a_row_that_is_cut_is_empty)
{
    struct advice a;
    cr_assert(advice_find(view_of(page), "short", &a));
    cr_expect_eq(a.meaning.len, 0);
    cr_expect_eq(a.remedy.len, 0);
}

Test(advice, is_not_invented)
{
    struct advice a;
    static const char *const codes[] = {"", "on", "one_", "plain", "Code", "---", "`one`", "one | gateway"};
    for (size_t i = 0; i < COUNT(codes); i++)
        cr_expect_not(advice_find(view_of(page), codes[i], &a), "%s", codes[i]);
    cr_expect_not(advice_find(view_of(""), "one", &a));
}

Test(advice, the_page_in_the_program_is_the_one_of_the_documentation)
{
    struct advice a;
    static const char *const codes[] = {"xml_doctype", "spool_full", "poison", "db_login", "db_password"};
    for (size_t i = 0; i < COUNT(codes); i++) {
        cr_assert(advice_find(reasons_page, codes[i], &a), "%s", codes[i]);
        cr_expect_gt(a.meaning.len, 0, "%s", codes[i]);
        cr_expect_gt(a.remedy.len, 0, "%s", codes[i]);
    }
}
