#include "tools/muster/schema/script.h"

#include "common/base/cleanup.h"
#include "schema/schema_text.h"

#include <criterion/criterion.h>

static const struct {
    const char *script;
    const char *want[4];
} cases[] = {
    {"", {NULL}},
    {"-- only a comment", {NULL}},
    {" ;", {""}},
    {"A; B", {"A", "B"}},
    {"-- x; y\nA;\n\n-- z\nB;\n", {"A", "B"}},
    {"A ';' B; C", {"A ';' B", "C"}},
    {"A '\\';' B; C", {"A '\\';' B", "C"}},
    {"A 'it''s;' ; C", {"A 'it''s;'", "C"}},
    {"A `x;\\` ; C", {"A `x;\\`", "C"}},
    {"A -- not; here\n B; C", {"A -- not; here\n B", "C"}},
    {"/*M!100 A */; B", {"/*M!100 A */", "B"}},
    {"A 'never closed; B", {"A 'never closed; B"}},
};

Test(script, statements_end_where_a_client_would_end_them)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t at = 0, n = 0;
        struct view got;
        while ((got = script_next(view_of(cases[i].script), &at)).data && n < COUNT(cases[i].want)) {
            cr_expect(cases[i].want[n] && view_is(got, cases[i].want[n]), "case %zu: %.*s", i, (int)got.len, got.data);
            n++;
        }
        cr_expect(n == COUNT(cases[i].want) || !cases[i].want[n], "case %zu: %zu statements", i, n);
    }
}

Test(script, every_statement_of_the_schema_may_be_repeated)
{
    const struct view *const files[] = {&schema_base, &schema_seed, &schema_muster};
    for (size_t i = 0; i < COUNT(files); i++) {
        size_t at = 0, n = 0;
        for (struct view s; (s = script_next(*files[i], &at)).data; n++)
            cr_expect(strncmp(s.data, "CREATE TABLE IF NOT EXISTS ", 27) == 0 ||
                          strncmp(s.data, "INSERT IGNORE INTO ", 19) == 0 || strncmp(s.data, "/*M!", 4) == 0,
                      "%.*s", 60, s.data);
        cr_expect_gt(n, 2);
    }
}

Test(script, every_index_of_the_list_is_read_with_what_its_lack_costs)
{
    struct schema_index index;
    size_t statements = 0, indexes = 0;
    for (size_t at = 0; script_next(schema_indexes, &at).data;)
        statements++;
    for (size_t at = 0; schema_index_next(schema_indexes, &at, &index); indexes++) {
        cr_expect(*index.table && *index.name && *index.columns);
        cr_expect_gt(strlen(index.cost), 10, "%s: \"%s\"", index.table, index.cost);
        cr_expect_not(strchr(index.cost, '\n'));
        cr_expect_eq(index.cost[strlen(index.cost) - 1], '.', "%s", index.cost);
    }
    cr_expect_eq(indexes, statements);
    cr_expect_geq(indexes, 6);
}

Test(script, a_comment_above_an_empty_line_belongs_to_something_else)
{
    static const char list[] =
        "-- About the file.\n\n-- Costs a lot,\n-- always.\nALTER TABLE `t` ADD INDEX `i` (`A`, `B`);\n";
    struct schema_index index;
    size_t at = 0;
    cr_assert(schema_index_next(view_of(list), &at, &index));
    cr_expect_str_eq(index.cost, "Costs a lot, always.");
    cr_expect_str_eq(index.columns, "A, B");
}
