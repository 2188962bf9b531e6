#include "common/metrics/metrics.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TABLES_MAX = 32 };

/* Metrics are one of the two things in a process that are global (the other: the log). Written before threads
 * start. */
static const struct metric_table *tables[TABLES_MAX];
static size_t table_count;

static const char *const type_names[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};

void metrics_register(const struct metric_table *table)
{
    for (size_t i = 0; i < table_count; i++)
        if (tables[i] == table)
            return;
    if (table_count == TABLES_MAX)
        abort(); /* a bug of ours, seen at the first start: not left to assert(), which a build may leave out */
    tables[table_count++] = table;
}

/* The name without its labels. */
static struct view family_of(const char *name)
{
    return (struct view){name, strcspn(name, "{")};
}

static void table_print(const struct metric_table *table, struct buffer *out)
{
    struct view last = VIEW_ABSENT;
    for (size_t i = 0; i < table->count; i++) {
        const struct metric_row *row = &table->rows[i];
        struct view family = family_of(row->name);
        if (!view_equal(family, last)) {
            int len = (int)family.len;
            buffer_format(out, "# HELP %.*s %s\n", len, family.data, row->help);
            buffer_format(out, "# TYPE %.*s %s\n", len, family.data, type_names[row->type]);
        }
        last = family;
        buffer_format(out, "%s %" PRId64 "\n", row->name, metric_get(&table->first[i]));
    }
}

void metrics_print(struct buffer *out)
{
    for (size_t i = 0; i < table_count; i++)
        table_print(tables[i], out);
}
