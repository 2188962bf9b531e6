/* db_fit() against the real thing: every odd value goes into every type of column twice, raw and fitted, and both must read
 * back as the fitted text. */
#include "tests/support/private_database.h"

#include <criterion/criterion.h>

static const char *const columns[] = {
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "int unsigned",
    "bigint unsigned",
    "decimal(7,4)",
    "decimal(5,0)",
    "decimal(3,3)",
    "date",
    "datetime",
    "varchar(10) CHARACTER SET utf8mb3",
    "varchar(10) CHARACTER SET utf8mb4",
    "varchar(10) CHARACTER SET latin1",
    "tinytext CHARACTER SET utf8mb3",
    "tinytext CHARACTER SET latin1",
    "char(6) CHARACTER SET utf8mb3",
    "decimal(6,2) unsigned",
};

#define TIMES_10(text) text text text text text text text text text text

/* Not here, and not imitated: more than 19 digits behind the point of a whole number, exponents that overflow. */
static const char *const values[] = {
    "",
    " ",
    "0",
    "-0",
    "+0",
    "1",
    "-1",
    "+5",
    "- 5",
    "--5",
    "007",
    " 7",
    "\t7",
    "7 ",
    "12.4",
    "12.5",
    "12.6",
    "-12.5",
    "-0.4",
    "-0.5",
    ".5",
    "5.",
    ".",
    "-.5",
    "1.5.5",
    "1,5",
    "1e3",
    "1E3",
    "1e+2",
    "1e-1",
    "15e-1",
    "1e",
    "1e+",
    "e5",
    "1e99999",

    "1e-99999",
    "0e5",
    "0.0005",
    "0.00005",
    "999.99994",
    "999.99995",
    "9999",
    "99999.5",
    "127.5",
    "-128.5",
    "32767.5",
    "2147483647.4",
    "2147483647.5",
    "4096 MB",
    "64bits",
    "0x10",
    "abc",
    "N/A",
    "NaN",
    "inf",
    "nan5",
    "127",
    "128",
    "-128",
    "-129",
    "32767",
    "32768",
    "65536",
    "2147483647",
    "2147483648",
    "-2147483648",
    "-2147483649",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999",
    "0.999999999999999999",
    "1.00000000000000000000000000000000001",
    TIMES_10("1234567890"),
    "00000000000000000000000000000012",
    "2020-01-03",
    "2020/1/3",
    "2020/1/3 10:11:12",
    "2020-01-03T10:11:12",
    "2020-01-03 10:11:12.999",
    "2020-01-03 10:11",
    "2020-01-03 10",
    "2020-01-03  10:11:12",
    "20200103",
    "20200103101112",
    "200103",
    "200103101112",
    "2020.1.3",
    "2020-01-03abc",
    "2020-01-03 abc",
    "2020-01-03 25:00:00",
    "2020-01-03 10:60:00",
    "2020-13-01",
    "2020-02-30",
    "2020-02-29",
    "2019-02-29",
    "2000-02-29",
    "1900-02-29",
    "03/01/2020",
    "31/12/2008",
    "12/31/2008",
    "2020-00-00",
    "2020-01-00",
    "0000-00-00",
    "0000-01-01",
    "0000-00-00 00:00:00",
    "20-1-3",
    "70-1-3",
    "69-12-31",
    "0-0-0",
    "00-00-00",
    "2020",
    "2020-1",
    "2020-1-",
    "10000-01-01",
    "9999-12-31 23:59:59",
    "2020:01:03 10:11:12",
    " 2020-01-03",
    "2020-01-03 ",
    "2020 01 03",
    "Mon Jan 3 2020",
    "2020-01-03T10:11:12Z",
    "2020-01-03T10:11:12+01:00",
    "2020-01-03 10:11:12 PM",
    "1/2/3",
    "20200103T101112",
    "202001031011",
    "2020010",
    "2020-1-3 1:2:3",
    "2023/13/45",
    "x2023/01/02 10:11:12",
    "2020--01-03",
    "2020-01-03-10-11-12",
    "12:13:14",
    "1.2.3",
    "1.2.3.4.5.6",
    "0.0.7",
    "1.25.5e1",
    "20.1.3",
    "123.1.2",
    "12345.1.2",
    "20200103.5",
    "200103101112.5",
    "20200103101112.9",
    "20200103T10",
    "2020T1",
    "2020-01-03 10:11:12.5abc",
    "short",
    "exactly10c",
    "longer than ten",
    "exactly10 and blanks      ",
    "blanks    ",
    "exactly10c   ",
    "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f",
    "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
    "\xe2\x82\xac\xe2\x82\xac",
    "\xe4\xb8\xad\xe6\x96\x87",
    "\xf0\x9f\x98\x80",
    "a\xf0\x9f\x98\x80z",
    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80"
    "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
    "\xe2\x80\x93 dash",
    "\xc2\xa0nbsp",
    "\xc2\x80\xc2\x81\xc2\x9f",
    "\xef\xbf\xbd",
    "it's",
    "back\\slash",
    "tab\there",
    "line\nbreak",
    "quote\"s",
    TIMES_10("30 characters are in this text"),
    TIMES_10(
        "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\xc3\xa4\xc3\xb6"),
};

static void make_table(struct db *db)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 16);
    buffer_text(&sql, "CREATE TABLE f (ID int PRIMARY KEY");
    for (size_t i = 0; i < COUNT(columns); i++)
        buffer_format(&sql, ", c%zu %s NULL", i, columns[i]);
    buffer_text(&sql, ")");
    cr_assert_eq(db_query(db, sql.data, sql.len, NULL), ST_OK, "%s", db_error(db));
}

/* What the database gives back for `value` in column `name`. */
static struct view store(struct db *db, const char *name, struct view value, struct arena *arena)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 16);
    buffer_format(&sql, "REPLACE INTO f (ID,%s) VALUES (1,", name);
    db_quote(db, &sql, value);
    buffer_text(&sql, ")");
    cr_assert_eq(db_query(db, sql.data, sql.len, NULL), ST_OK, "%s: %s", name, db_error(db));
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    buffer_reset(&sql);
    buffer_format(&sql, "SELECT %s FROM f", name);
    cr_assert_eq(db_query(db, sql.data, sql.len, &rows), ST_OK);
    return arena_copy(arena, db_rows_next(rows)[0]);
}

Test(db_fit, is_what_the_database_stores, .timeout = 60)
{
    struct db_target t = private_database_new("fitting");
    AUTO(db_close) struct db *db = private_database_open(&t);
    AUTO(arena_destroy) struct arena *arena = arena_new(64 << 20);
    AUTO(mem_free) struct db_table *table = NULL;
    make_table(db);
    cr_assert_eq(db_table_read(db, "f", &table), ST_OK);
    for (size_t v = 0; v < COUNT(values); v++)
        for (size_t c = 0; c < COUNT(columns); c++) {
            const struct db_column *column = &table->columns[c + 1];
            bool adjusted = false;
            struct view fitted = db_fit(column, view_of(values[v]), arena, &adjusted);
            struct view raw = store(db, column->name, view_of(values[v]), arena);
            struct view again = store(db, column->name, fitted, arena);
            cr_expect(view_equal(raw, fitted), "%s <- '%s': the database stores '%.*s', fitted is '%.*s'", columns[c],
                      values[v], (int)raw.len, raw.data, (int)fitted.len, fitted.data);
            cr_expect(view_equal(again, fitted), "%s <- '%s': fitted '%.*s' is stored as '%.*s'", columns[c], values[v],
                      (int)fitted.len, fitted.data, (int)again.len, again.data);
        }
}
