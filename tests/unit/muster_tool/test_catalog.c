#include "tools/muster/schema/catalog.h"

#include "schema/schema_text.h"

#include <criterion/criterion.h>

static const struct {
    const char *have, *want;
    enum column_fit fit;
} cases[] = {
    {"varchar(255)", "varchar(255)", FIT_SAME_OR_WIDER},
    {"varchar(300)", "varchar(255)", FIT_SAME_OR_WIDER},
    {"varchar(254)", "varchar(255)", FIT_NARROWER},
    {"text", "varchar(255)", FIT_SAME_OR_WIDER},
    {"varchar(255)", "text", FIT_NARROWER},
    {"longtext", "text", FIT_SAME_OR_WIDER},
    {"int(11)", "int", FIT_SAME_OR_WIDER},
    {"int", "int(11)", FIT_SAME_OR_WIDER},
    {"bigint", "int(11)", FIT_SAME_OR_WIDER},
    {"int(11)", "bigint(20) unsigned", FIT_NARROWER},
    {"bigint(20)", "bigint(20) unsigned", FIT_NARROWER},
    {"varchar(20)", "int(11)", FIT_OTHER},
    {"date", "datetime", FIT_NARROWER},
    {"datetime", "timestamp", FIT_SAME_OR_WIDER},
    {"int(11)", "datetime", FIT_OTHER},
    {"blob", "longblob", FIT_NARROWER},
    {"longblob", "longtext", FIT_OTHER},
    {"decimal(7,4)", "decimal(7,4)", FIT_SAME_OR_WIDER},
    {"double(4,2)", "decimal(7,4)", FIT_SAME_OR_WIDER},
    {"json", "json", FIT_SAME_OR_WIDER},
    {"json", "text", FIT_OTHER},
};

Test(catalog, a_column_falls_short_only_when_values_would_not_fit)
{
    for (size_t i = 0; i < COUNT(cases); i++)
        cr_expect_eq(catalog_fit(cases[i].have, cases[i].want), cases[i].fit, "%s for %s", cases[i].have,
                     cases[i].want);
}

Test(catalog, the_facts_are_read_whole)
{
    AUTO(catalog_free) struct catalog *c = NULL;
    cr_assert_eq(catalog_facts(schema_columns, schema_keys, &c), ST_OK);
    cr_expect_eq(c->column_count, 657);
    cr_expect_eq(c->key_count, 190);
    cr_expect_str_eq(catalog_column(c, "HARDWARE", "quality")->type, "decimal(7,4)", "a cell with a comma");
    cr_expect(catalog_has_table(c, "virtualmachines"));
    cr_expect_not(catalog_has_table(c, "table"));
}

Test(catalog, an_index_that_begins_with_the_columns_will_do)
{
    AUTO(catalog_free) struct catalog *c = NULL;
    cr_assert_eq(catalog_facts(schema_columns, schema_keys, &c), ST_OK);
    cr_expect(catalog_has_key(c, "software", "HARDWARE_ID, NAME_ID"));
    cr_expect(catalog_has_key(c, "devices", "TVALUE"), "over a prefix");
    cr_expect_not(catalog_has_key(c, "local_users", "HARDWARE_ID"), "it is the second column there");
    cr_expect_not(catalog_has_key(c, "software", "HARDWARE"), "half a name");
}

Test(catalog, a_file_of_another_form_is_refused)
{
    AUTO(catalog_free) struct catalog *c = NULL;
    cr_expect_eq(catalog_facts(VIEW_LITERAL("a,b\n"), schema_keys, &c), ST_MALFORMED);
    cr_expect_eq(catalog_facts(schema_columns, VIEW_LITERAL(""), &c), ST_MALFORMED);
    cr_expect_null(c);
}
