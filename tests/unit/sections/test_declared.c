/* The file in which an operator declares sections: what it may say, and that every fault is told with its line. */
#include "common/base/buffer.h"
#include "common/record/record.h"
#include "common/sections/names.h"
#include "common/sections/sections.h"

#include <criterion/criterion.h>
#include <stdio.h>

static status parse(const char *text, struct section_map **out, struct reason *why)
{
    return section_map_parse("plugins.sections", view_of(text), out, why);
}

Test(declared, sections_come_behind_the_built_in_ones_in_the_order_of_their_tables)
{
    AUTO(section_map_free) struct section_map *map = NULL;
    struct reason why = {0};
    cr_assert_eq(parse("# two plugins\n\n"
                       "section UPTIME\n"
                       "  table   uptime\n"
                       "\trows one\r\n"
                       "  columns TIME\n"
                       "section Services\n"
                       "  columns SVCNAME SVCDN\n"
                       "  # more of them\n"
                       "  columns SVCSTATE\n"
                       "  absent clear\n"
                       "  table service",
                       &map, &why),
                 ST_OK, "%s", why.text);
    cr_assert_eq(map->count, sections_inventory_count + 2);
    for (size_t i = 0; i < sections_inventory_count; i++)
        cr_expect_eq(section_map_find(map, view_of(sections_inventory[i].path)), &map->items[i]);
    const struct section *service = &map->items[sections_inventory_count], *uptime = service + 1;
    cr_expect_str_eq(service->path, "Services");
    cr_expect_str_eq(service->table, "service");
    cr_expect(service->form == SECTION_ROWS && !service->single && service->clears && service->mask == 0);
    cr_expect_eq(section_field(service, VIEW_LITERAL("SVCSTATE")), 2);
    cr_expect_null(service->fields[3]);
    cr_expect_str_eq(uptime->path, "UPTIME");
    cr_expect(uptime->form == SECTION_ROWS && uptime->single && !uptime->clears);
    cr_expect_null(section_map_find(map, VIEW_LITERAL("services")), "elements have a case");
    cr_expect_null(section_find(VIEW_LITERAL("UPTIME")), "the built-in map stays as it is");
}

Test(declared, nothing_declared_is_the_built_in_map)
{
    AUTO(section_map_free) struct section_map *map = NULL;
    struct reason why = {0};
    cr_assert_eq(section_map_read("", &map, &why), ST_OK);
    cr_expect_eq(map->count, sections_builtin.count);
}

#define GOOD "section A\ntable a\ncolumns C\n"

static const struct {
    const char *text, *says;
} wrong[] = {
    {"sections A", "plugins.sections:1: sections: not a keyword"},
    {"\n\n  Section A", "plugins.sections:3: Section: not a keyword"},
    {"table a", "plugins.sections:1: table: no section is open"},
    {GOOD "colums D", "plugins.sections:4: colums: not a keyword"},
    {"section", "plugins.sections:1: section: a word is missing"},
    {"section A B", "plugins.sections:1: section: one word is expected, not also B"},
    {"section A-B", "plugins.sections:1: section A-B: letters, digits and _ only"},
    {"section 1A", "plugins.sections:1: section 1A: letters"},
    {"section A/B", "plugins.sections:1: section A/B: letters"},
    {"section \xc3\xa9", "plugins.sections:1: section \xc3\xa9: letters"},
    {"section MEMORIES", "plugins.sections:1: section MEMORIES: the element is built in"},
    {"section SOFTWARE", "plugins.sections:1: section SOFTWARE: the element is built in"},
    {"section DOWNLOAD", "plugins.sections:1: section DOWNLOAD: the element is built in"},
    {"section IPDISCOVER", "plugins.sections:1: section IPDISCOVER: the element is built in"},
    {GOOD "section A\n", "plugins.sections:4: section A is declared twice"},
    {"section A\ncolumns C\n\nsection B", "plugins.sections:1: section A has no table"},
    {"section A\ncolumns C\n", "plugins.sections:1: section A has no table"},
    {"section A\ntable a\n", "plugins.sections:1: section A has no columns"},
    {"section A\ntable a`b\n", "plugins.sections:2: table a`b: letters"},
    {"section A\ntable other.a\n", "plugins.sections:2: table other.a: letters"},
    {"section A\ntable a\ntable b\n", "plugins.sections:3: table stands twice in section A"},
    {GOOD "section B\ntable A\n", "plugins.sections:5: table A is that of section A already"},
    {"section A\ntable Hardware\n", "plugins.sections:2: table Hardware: OCS or Muster uses it"},
    {"section A\ntable memories\n", "plugins.sections:2: table memories: OCS or Muster uses it"},
    {"section A\ntable muster_rows\n", "plugins.sections:2: table muster_rows: OCS or Muster uses it"},
    {GOOD "columns D 'x'\n", "plugins.sections:4: column 'x': letters"},
    {GOOD "columns\n", "plugins.sections:4: columns: names are missing"},
    {GOOD "columns D c\n", "plugins.sections:4: column c is listed twice"},
    {GOOD "columns hardware_id\n", "plugins.sections:4: column hardware_id is filled by the server"},
    {GOOD "columns ID\n", "plugins.sections:4: column ID is filled by the server"},
    {GOOD "rows two\n", "plugins.sections:4: rows two: it can be many or one"},
    {GOOD "rows many\nrows one\n", "plugins.sections:5: rows stands twice in section A"},
    {GOOD "absent keep\n", "plugins.sections:4: absent keep: it can be setting or clear"},
};

Test(declared, every_fault_is_told_with_its_line)
{
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct section_map *map = NULL;
        struct reason why = {0};
        cr_expect_eq(parse(wrong[i].text, &map, &why), ST_INVALID, "%s", wrong[i].text);
        cr_expect_null(map);
        cr_expect_eq(strncmp(why.text, wrong[i].says, strlen(wrong[i].says)), 0, "%s\n got %s\nwant %s", wrong[i].text,
                     why.text, wrong[i].says);
    }
}

static status parse_many(unsigned sections, unsigned columns, unsigned name_len, struct reason *why)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
    for (unsigned s = 0; s < sections; s++) {
        buffer_format(&text, "section S%u\ntable t%u\ncolumns", s, s);
        for (unsigned c = 0; c < columns; c++)
            buffer_format(&text, " c%0*u", (int)name_len - 1, c);
        buffer_char(&text, '\n');
    }
    AUTO(section_map_free) struct section_map *map = NULL;
    return section_map_parse("many", buffer_view(&text), &map, why);
}

Test(declared, everything_has_a_bound)
{
    struct reason why = {0};
    cr_expect_eq(SECTIONS_FIELDS_MAX, RECORD_FIELDS_MAX, "a row of a section must fit into a record");
    cr_expect_eq(parse_many(SECTIONS_DECLARED_MAX, 4, 5, &why), ST_OK, "%s", why.text);
    cr_expect_eq(parse_many(SECTIONS_DECLARED_MAX + 1, 4, 5, &why), ST_INVALID);
    cr_expect_str_eq(why.text, "many:193: more than 64 sections");
    cr_expect_eq(parse_many(1, SECTIONS_FIELDS_MAX, SECTIONS_NAME_MAX, &why), ST_OK, "%s", why.text);
    cr_expect_eq(parse_many(1, SECTIONS_FIELDS_MAX + 1, 5, &why), ST_INVALID);
    cr_expect_eq(parse_many(1, 1, SECTIONS_NAME_MAX + 1, &why), ST_INVALID);
    cr_expect_eq(parse_many(SECTIONS_DECLARED_MAX, SECTIONS_FIELDS_MAX, SECTIONS_NAME_MAX, &why), ST_INVALID);
    cr_expect_not_null(strstr(why.text, "more than 262144 bytes"), "%s", why.text);
}

Test(declared, a_file_that_cannot_be_read_is_an_error_that_names_it)
{
    struct section_map *map = NULL;
    struct reason why = {0};
    cr_expect_eq(section_map_read("/nonexistent/plugins", &map, &why), ST_INVALID);
    cr_expect_str_eq(why.text, "/nonexistent/plugins: No such file or directory");
    cr_expect_eq(section_map_read("/", &map, &why), ST_INVALID, "a folder");
}

/* A declared section must never write a table that means something else. accesslog is there for a section, and nothing fills it. */
Test(declared, no_table_of_ocs_can_be_taken)
{
    char line[256];
    FILE *f = fopen(FACTS_TABLES, "r");
    cr_assert_not_null(f);
    size_t tables = 0;
    cr_assert(fgets(line, sizeof line, f));
    for (; fgets(line, sizeof line, f); tables++) {
        struct view name = {line, strcspn(line, ",")};
        cr_expect_eq(name_is_taken_table(name), !view_is(name, "accesslog"), "%.*s", (int)name.len, line);
    }
    fclose(f);
    cr_expect_gt(tables, 80);
}
