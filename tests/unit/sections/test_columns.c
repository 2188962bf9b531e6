/* The map's fields against the columns of the schema: a field without its column would be lost, or fail each write. */
#include "common/base/buffer.h"
#include "common/sections/sections.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { FACTS_MAX = 1 << 20 };

/* ";table.column;" of every column, as schema/facts/columns.csv has them: table,ordinal,column,... */
static void load_columns(struct buffer *out)
{
    FILE *file = fopen(FACTS_COLUMNS, "r");
    cr_assert(file, "cannot open " FACTS_COLUMNS);
    char line[1000], table[100], column[100];
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%99[^,],%*[^,],%99[^,]", table, column) == 2)
            buffer_format(out, ";%s.%s;", table, column);
    fclose(file);
    cr_assert_eq(buffer_status(out), ST_OK);
    cr_assert(out->len, "no columns");
}

static bool has_column(const struct buffer *columns, const char *table, const char *column)
{
    char wanted[256];
    snprintf(wanted, sizeof wanted, ";%s.%s;", table, column);
    return strstr(columns->data, wanted) != NULL;
}

/* A software's name, version and publisher are in dictionaries: its own table has their numbers. */
static bool has_number_of(const struct buffer *columns, const struct section *s, const char *table, const char *field)
{
    char number[128];
    snprintf(number, sizeof number, "%s_ID", field);
    return s->form == SECTION_SOFTWARE && has_column(columns, table, number);
}

static void check_fields(const struct buffer *columns, const struct section *s, const char *table)
{
    for (size_t i = 0; s->fields[i]; i++)
        cr_expect(has_column(columns, table, s->fields[i]) || has_number_of(columns, s, table, s->fields[i]),
                  "%s has no column %s", table, s->fields[i]);
}

Test(columns, every_field_of_the_map_has_its_column)
{
    AUTO(buffer_clear) struct buffer columns = BUFFER_INIT(FACTS_MAX);
    load_columns(&columns);
    for (size_t i = 0; i < sections_inventory_count; i++)
        if (sections_inventory[i].table)
            check_fields(&columns, &sections_inventory[i], sections_inventory[i].table);
    check_fields(&columns, section_find(VIEW_LITERAL("HARDWARE")), "hardware");
}

/* What the writer relies on by the form alone. */
Test(columns, every_table_has_the_keys_of_its_form)
{
    AUTO(buffer_clear) struct buffer columns = BUFFER_INIT(FACTS_MAX);
    load_columns(&columns);
    for (size_t i = 0; i < sections_inventory_count; i++) {
        const struct section *s = &sections_inventory[i];
        if (!s->table)
            continue;
        cr_expect(has_column(&columns, s->table, "HARDWARE_ID"), "%s", s->table);
        cr_expect_eq(has_column(&columns, s->table, "ID"), s->form != SECTION_SINGLE, "%s", s->table);
    }
}
