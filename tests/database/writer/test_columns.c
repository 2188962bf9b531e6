/* Values that XML cannot carry, in every column of every section: NUL and bytes beside it. What is stored is what the database itself stores
 * without strict mode, the rows around it are whole, and each adjustment is counted. */
#include "common/sections/sections.h"
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

static const char device[] = "nul-1-2025-11-22-08-00-00";
static const struct view odd[] = {
    VIEW_LITERAL("a\0b"),
    VIEW_LITERAL("\0"),
    VIEW_LITERAL("12\0003"),
    VIEW_LITERAL("2020-01-03\0 10:11:12"),
    VIEW_LITERAL("\032\b\177'\\\"\0%_\xf0\x9f\x98\x80"),
};
static const struct view plain = VIEW_LITERAL("1");

enum { SECTIONS_MAX = 64 };

/* One section and the columns of its table that it has fields for. */
struct case_of_section {
    const struct section *section;
    struct db_table *table;
    const struct db_column *columns[RECORD_FIELDS_MAX];
    size_t field_count, column_count, row_count;
    int64_t adjusted;
};

static void open_case(struct fixture *f, const struct section *s, struct case_of_section *c)
{
    *c = (struct case_of_section){.section = s};
    if (db_table_read(f->db, s->table, &c->table) != ST_OK)
        return;
    for (; s->fields[c->field_count]; c->field_count++) {
        c->columns[c->field_count] = db_table_column(c->table, s->fields[c->field_count]);
        c->column_count += c->columns[c->field_count] != NULL;
    }
}

/* Value number `i` of row number `row`: rows are a plain one, then for each field each odd value, then a plain one. */
static struct view value_of(const struct case_of_section *c, size_t row, size_t i)
{
    size_t last = c->field_count * COUNT(odd) + 1;
    if (row == 0 || row == last || (row - 1) / COUNT(odd) != i)
        return plain;
    return odd[(row - 1) % COUNT(odd)];
}

static void add_rows(struct fixture *f, struct case_of_section *c)
{
    struct view fields[RECORD_FIELDS_MAX], values[RECORD_FIELDS_MAX];
    c->row_count = c->field_count * COUNT(odd) + 2;
    for (size_t i = 0; i < c->field_count; i++)
        fields[i] = view_of(c->section->fields[i]);
    record_section(f->builder, view_of(c->section->path), fields, c->field_count);
    for (size_t row = 0; row < c->row_count; row++) {
        for (size_t i = 0; i < c->field_count; i++)
            values[i] = value_of(c, row, i);
        record_row(f->builder, values);
    }
}

static void send(struct fixture *f, struct case_of_section *cases, size_t count)
{
    struct record_head head = {
        .id = fixture_id(0), .kind = UPLOAD_INVENTORY, .normaliser = f->normaliser, .deviceid = view_of(device)};
    struct view record;
    struct reason why = {0};
    record_begin(f->builder, &head);
    for (size_t i = 0; i < count; i++)
        add_rows(f, &cases[i]);
    cr_assert_eq(record_finish(f->builder, false, &record), ST_OK);
    batch_add(f->batch, head.id, head.kind, record.data, record.len, NULL);
    cr_assert(fixture_try(f, &why), "%s", why.text);
}

/* The same rows, as hexadecimal text, which needs no escaping: the database fits them itself. */
static void store_raw(struct fixture *f, const struct case_of_section *c)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(4 << 20);
    fixture_do(f, "CREATE TABLE wanted_%s LIKE %s", c->section->table, c->section->table);
    for (size_t row = 0; row < c->row_count; row++) {
        buffer_reset(&sql);
        buffer_format(&sql, "INSERT INTO wanted_%s SET HARDWARE_ID=1", c->section->table);
        for (size_t i = 0; i < c->field_count; i++) {
            if (!c->columns[i])
                continue;
            buffer_format(&sql, ",`%s`=_utf8mb4 ", c->columns[i]->name);
            db_bytes(&sql, value_of(c, row, i));
        }
        cr_assert_eq(db_query(f->db, sql.data, sql.len, NULL), ST_OK, "%s: %s", c->section->table, db_error(f->db));
    }
}

/* All values of a table as hexadecimal text, in the order of the rows. */
static struct db_rows *read_all(struct fixture *f, const struct case_of_section *c, const char *prefix)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 16);
    struct db_rows *rows = NULL;
    buffer_text(&sql, "SELECT ID");
    for (size_t i = 0; i < c->field_count; i++)
        if (c->columns[i])
            buffer_format(&sql, ",CAST(`%s` AS CHAR)", c->columns[i]->name);
    buffer_format(&sql, " FROM %s%s ORDER BY ID", prefix, c->section->table);
    cr_assert_eq(db_query(f->db, sql.data, sql.len, &rows), ST_OK, "%s", db_error(f->db));
    return rows;
}

static void compare(struct fixture *f, struct case_of_section *c)
{
    AUTO(db_rows_free) struct db_rows *got = read_all(f, c, ""), *want = read_all(f, c, "wanted_");
    cr_assert_eq(db_rows_count(got), c->row_count, "%s: %zu rows", c->section->table, db_rows_count(got));
    for (size_t row = 0; row < c->row_count; row++) {
        const struct view *g = db_rows_next(got), *w = db_rows_next(want);
        for (size_t i = 0, at = 1; i < c->field_count; i++) {
            if (!c->columns[i])
                continue;
            cr_expect(view_equal(g[at], w[at]), "%s.%s, row %zu: '%.*s', the database stores '%.*s'", c->section->table,
                      c->columns[i]->name, row, (int)g[at].len, g[at].data, (int)w[at].len, w[at].data);
            c->adjusted += !view_equal(w[at], value_of(c, row, i));
            at++;
        }
    }
}

static bool has_rows(const struct section *s)
{
    return s->table && (s->form == SECTION_ROWS || s->form == SECTION_APPENDED);
}

Test(writer_columns, bytes_that_xml_cannot_carry_are_stored_as_the_database_stores_them, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    struct case_of_section cases[SECTIONS_MAX];
    size_t count = 0, columns = 0, values = 0;
    int64_t adjusted = 0;
    fixture_open(&f, "columns");
    for (size_t i = 0; i < sections_inventory_count && count < SECTIONS_MAX; i++)
        if (has_rows(&sections_inventory[i]))
            open_case(&f, &sections_inventory[i], &cases[count++]);
    cr_assert_gt(count, 20);
    send(&f, cases, count);
    for (size_t i = 0; i < count; i++) {
        store_raw(&f, &cases[i]);
        compare(&f, &cases[i]);
        adjusted += cases[i].adjusted;
        columns += cases[i].column_count;
        values += cases[i].column_count * cases[i].row_count;
        free(cases[i].table);
    }
    cr_expect_eq(metric_get(&writer_metrics.values_adjusted), adjusted, "%lld counted, %lld adjusted",
                 (long long)metric_get(&writer_metrics.values_adjusted), (long long)adjusted);
    printf("%zu tables, %zu columns, %zu values, %lld adjusted\n", count, columns, values, (long long)adjusted);
}
