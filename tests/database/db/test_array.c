/* Rows as parameters of a prepared statement: stored as the same values in a text are, and failing as a text fails. */
#include "tests/support/private_database.h"

#include <criterion/criterion.h>
#include <stdio.h>

static const char columns[] =
    "n tinyint, u int unsigned, big bigint unsigned, d decimal(6,2), f double, day date, at datetime, t time, "
    "y varchar(5), x text, pad char(4), w varchar(10) CHARACTER SET utf8mb4, l varchar(10) CHARACTER SET latin1, "
    "e enum('a','b'), b blob";
enum { COLUMNS = 15 };

#define VALUE(text)                                                                                                    \
    {                                                                                                                  \
        (text), sizeof(text) - 1                                                                                       \
    }

static const struct view values[] = {
    {NULL, 0},
    VALUE(""),
    VALUE("0"),
    VALUE("12.6"),
    VALUE("-5"),
    VALUE("99999999999999999999999"),
    VALUE(" 7 apples"),
    VALUE("1e2"),
    VALUE("abc"),
    VALUE("b"),
    VALUE("2025-02-03"),
    VALUE("2025/2/3"),
    VALUE("2025-13-45"),
    VALUE("2025-02-03 04:05:06.789"),
    VALUE("12:34:56"),
    VALUE("it's \"quoted\" \\ and \\' \n\r\032"),
    VALUE("a\0b"),
    VALUE("blanks   "),
    VALUE("Stra\xc3\x9f\x65 \xe2\x82\xac"),
    VALUE("\xf0\x9f\x98\x80 smiles"),
};

static void insert_text(struct db *db, struct view value)
{
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 24);
    buffer_text(&sql, "INSERT INTO as_text VALUES (");
    for (int i = 0; i < COLUMNS; i++) {
        if (i)
            buffer_char(&sql, ',');
        db_quote(db, &sql, value);
    }
    buffer_char(&sql, ')');
    cr_assert_eq(db_query(db, sql.data, sql.len, NULL), ST_OK, "%s", db_error(db));
}

static uint32_t prepared(struct db *db, const char *sql)
{
    uint32_t id = 0;
    cr_assert_eq(db_prepare(db, view_of(sql), &id), ST_OK, "%s: %s", sql, db_error(db));
    return id;
}

static uint32_t prepare_insert(struct db *db)
{
    return prepared(db, "INSERT INTO as_array VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
}

static status send_rows(struct db *db, const struct buffer *rows)
{
    status st = db_send_array(db, rows->data, rows->len);
    return st == ST_OK ? db_finish(db) : st;
}

static void insert_array(struct db *db, const struct view *list, size_t count)
{
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(1 << 24);
    db_array_start(&rows, prepare_insert(db), COLUMNS, false);
    for (size_t v = 0; v < count; v++)
        for (int i = 0; i < COLUMNS; i++)
            db_array_value(&rows, list[v]);
    cr_assert_eq(send_rows(db, &rows), ST_OK, "%s", db_error(db));
    cr_expect_eq(db_affected_rows(db), count);
}

static uint64_t number(struct db *db, const char *sql)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(db, sql, strlen(sql), &rows), ST_OK, "%s: %s", sql, db_error(db));
    return db_number(db_rows_next(rows)[0]);
}

/* Both tables, value by value and byte by byte. */
static void expect_same(struct db *db, size_t count)
{
    AUTO(db_rows_free) struct db_rows *text = NULL;
    AUTO(db_rows_free) struct db_rows *array = NULL;
    static const char from_text[] = "SELECT * FROM as_text ORDER BY id",
                      from_array[] = "SELECT * FROM as_array ORDER BY id";
    cr_assert_eq(db_query(db, from_text, strlen(from_text), &text), ST_OK);
    cr_assert_eq(db_query(db, from_array, strlen(from_array), &array), ST_OK);
    cr_assert_eq(db_rows_count(text), count);
    cr_assert_eq(db_rows_count(array), count);
    for (size_t v = 0; v < count; v++) {
        const struct view *a = db_rows_next(text), *b = db_rows_next(array);
        for (size_t c = 0; c < COLUMNS; c++) {
            bool same = !a[c].data == !b[c].data && (!a[c].data || view_equal(a[c], b[c]));
            cr_expect(same, "value %zu in %s: text %.*s, array %.*s", v, db_rows_name(text, c), (int)a[c].len,
                      a[c].data ? a[c].data : "", (int)b[c].len, b[c].data ? b[c].data : "");
        }
    }
}

static void make_tables(struct db *db)
{
    static const char *const tables[] = {"as_text", "as_array"};
    for (size_t i = 0; i < COUNT(tables); i++)
        cr_assert_eq(db_exec(db, "CREATE OR REPLACE TABLE %s (%s) DEFAULT CHARSET=utf8mb3", tables[i], columns), ST_OK,
                     "%s", db_error(db));
    for (size_t i = 0; i < COUNT(tables); i++)
        cr_assert_eq(db_exec(db, "ALTER TABLE %s ADD id int AUTO_INCREMENT PRIMARY KEY INVISIBLE", tables[i]), ST_OK,
                     "%s", db_error(db));
}

/* In our session, and in some that we never have. */
static const char *const sessions[] = {
    "SET NAMES utf8mb4",
    "SET NAMES utf8mb3",
    "SET NAMES utf8mb4, sql_mode='NO_ENGINE_SUBSTITUTION,ANSI'",
    "SET NAMES utf8mb4, sql_mode='NO_ENGINE_SUBSTITUTION,PAD_CHAR_TO_FULL_LENGTH,NO_ZERO_DATE'",
};

Test(array, values_are_stored_as_those_of_a_text_are)
{
    struct db_target t = private_database_new("array_values");
    for (size_t s = 0; s < COUNT(sessions); s++) {
        AUTO(db_close) struct db *db = private_database_open(&t);
        cr_assert(db_takes_arrays(db), "this is a MariaDB");
        make_tables(db);
        cr_assert_eq(db_exec(db, "%s", sessions[s]), ST_OK);
        for (size_t v = 0; v < COUNT(values); v++)
            insert_text(db, values[v]);
        insert_array(db, values, COUNT(values));
        expect_same(db, COUNT(values));
    }
}

/* Each form that a length has in the protocol. */
static const size_t lengths[] = {249, 250, 251, 252, 255, 256, 65535, 65536, (1 << 24) - 1, 1 << 24};

Test(array, lengths_of_all_sizes)
{
    struct db_target t = private_database_new("array_lengths");
    AUTO(db_close) struct db *db = private_database_open(&t);
    cr_assert_eq(db_exec(db, "SET GLOBAL max_allowed_packet=%d", 64 << 20), ST_OK);
    AUTO(db_close) struct db *wide = private_database_open(&t);
    cr_assert_eq(db_exec(db, "SET GLOBAL max_allowed_packet=DEFAULT"), ST_OK);
    cr_assert_eq(db_exec(wide, "CREATE TABLE long_ones (v longblob, w int)"), ST_OK);
    AUTO(mem_free) char *bytes = malloc(1 << 24);
    for (size_t i = 0; i < 1 << 24; i++)
        bytes[i] = (char)i;
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(60 << 20);
    db_array_start(&rows, prepared(wide, "INSERT INTO long_ones VALUES (?,?)"), 2, true);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        db_array_value(&rows, (struct view){bytes, lengths[i]});
        db_array_value(&rows, VIEW_LITERAL("7"));
    }
    cr_assert_eq(buffer_status(&rows), ST_OK);
    cr_assert_eq(send_rows(wide, &rows), ST_OK, "%s", db_error(wide));
    cr_expect_eq(number(wide, "SELECT COUNT(*) FROM long_ones WHERE w=7"), COUNT(lengths));
    AUTO(db_rows_free) struct db_rows *got = NULL;
    static const char sql[] = "SELECT v FROM long_ones ORDER BY LENGTH(v)";
    cr_assert_eq(db_query(wide, sql, sizeof sql - 1, &got), ST_OK);
    for (size_t i = 0; i < COUNT(lengths); i++)
        cr_expect(view_equal(db_rows_next(got)[0], (struct view){bytes, lengths[i]}), "%zu bytes", lengths[i]);
}

Test(array, a_connection_keeps_so_many_statements)
{
    struct db_target t = private_database_new("array_kept");
    AUTO(db_close) struct db *db = private_database_open(&t);
    make_tables(db);
    static const char count[] =
        "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME='COM_STMT_PREPARE'";
    static const char open[] = "SELECT a.VARIABLE_VALUE-b.VARIABLE_VALUE FROM information_schema.SESSION_STATUS a JOIN "
                               "information_schema.SESSION_STATUS "
                               "b ON b.VARIABLE_NAME='COM_STMT_CLOSE' WHERE a.VARIABLE_NAME='COM_STMT_PREPARE'";
    uint32_t id = prepare_insert(db);
    uint64_t before = number(db, count);
    cr_expect_eq(prepare_insert(db), id);
    cr_expect_eq(number(db, count), before, "it was there");
    for (int i = 0; i < 3 * DB_PREPARED_MAX; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "INSERT INTO as_array (n) VALUES (?) /* %d */", i);
        (void)prepared(db, sql);
    }
    cr_expect_eq(number(db, open), DB_PREPARED_MAX);
    insert_array(db, values, COUNT(values));
}

Test(array, what_cannot_be_prepared_is_refused_and_the_connection_lives)
{
    struct db_target t = private_database_new("array_refused");
    AUTO(db_close) struct db *db = private_database_open(&t);
    uint32_t id;
    cr_expect_eq(db_prepare(db, VIEW_LITERAL("INSERT INTO nowhere VALUES (?)"), &id), ST_REFUSED);
    cr_expect_eq(db_errno(db), 1146);
    cr_expect_eq(db_prepare(db, VIEW_LITERAL("DO SLEEP(?), 1 +"), &id), ST_REFUSED);
    cr_expect_eq(number(db, "SELECT 7"), 7);
}

Test(array, a_failure_in_the_middle_leaves_none_of_its_rows)
{
    struct db_target t = private_database_new("array_fails");
    AUTO(db_close) struct db *db = private_database_open(&t);
    cr_assert_eq(db_exec(db, "CREATE TABLE k (ID int PRIMARY KEY)"), ST_OK);
    cr_assert_eq(db_exec(db, "INSERT INTO k VALUES (3)"), ST_OK);
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(4096);
    db_array_start(&rows, prepared(db, "INSERT INTO k VALUES (?)"), 1, false);
    for (int i = 0; i < 6; i++)
        db_array_value(&rows, (struct view){(char[]){(char)('0' + i)}, 1});
    cr_assert_eq(db_send_array(db, rows.data, rows.len), ST_OK);
    cr_expect_eq(db_exec(db, "INSERT INTO k VALUES (9)"), ST_CONFLICT, "the failure of the one before");
    cr_expect_eq(db_errno(db), 1062);
    cr_expect_eq(number(db, "SELECT SUM(ID) FROM k"), 3);
    cr_expect_eq(send_rows(db, &rows), ST_CONFLICT);
    cr_assert_eq(db_exec(db, "DELETE FROM k"), ST_OK);
    cr_expect_eq(send_rows(db, &rows), ST_OK, "%s", db_error(db));
    cr_expect_eq(number(db, "SELECT SUM(ID) FROM k"), 15);
}

Test(array, a_table_that_was_altered_meanwhile)
{
    struct db_target t = private_database_new("array_altered");
    AUTO(db_close) struct db *db = private_database_open(&t);
    cr_assert_eq(db_exec(db, "CREATE TABLE k (a int)"), ST_OK);
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(4096);
    db_array_start(&rows, prepared(db, "INSERT INTO k (a) VALUES (?)"), 1, false);
    db_array_value(&rows, VIEW_LITERAL("word"));
    db_array_value(&rows, VIEW_LITERAL("5"));
    cr_expect_eq(send_rows(db, &rows), ST_OK);
    cr_assert_eq(db_exec(db, "ALTER TABLE k ADD b int, MODIFY a varchar(3)"), ST_OK);
    cr_expect_eq(send_rows(db, &rows), ST_OK, "%s", db_error(db));
    cr_expect_eq(number(db, "SELECT COUNT(*) FROM k WHERE a IN ('0','5','wor')"), 4);
}

Test(array, a_killed_connection_is_unavailable)
{
    struct db_target t = private_database_new("array_killed");
    AUTO(db_close) struct db *admin = private_database_open(&t), *db = private_database_open(&t);
    make_tables(db);
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(4096);
    db_array_start(&rows, prepare_insert(db), COLUMNS, false);
    for (int i = 0; i < COLUMNS; i++)
        db_array_value(&rows, VIEW_LITERAL("1"));
    cr_assert_eq(db_exec(admin, "KILL %llu", (unsigned long long)number(db, "SELECT CONNECTION_ID()")), ST_OK);
    cr_expect_eq(send_rows(db, &rows), ST_UNAVAILABLE);
    uint32_t id;
    cr_expect_eq(db_prepare(db, VIEW_LITERAL("INSERT INTO as_array (n) VALUES (?)"), &id), ST_UNAVAILABLE);
    cr_expect_eq(send_rows(db, &rows), ST_UNAVAILABLE);
}

Test(array, rows_above_the_packet_are_too_big_and_the_connection_lives)
{
    struct db_target t = private_database_new("array_packet");
    AUTO(db_close) struct db *db = private_database_open(&t);
    make_tables(db);
    size_t len = db_packet_max(db);
    AUTO(mem_free) char *bytes = calloc(1, len);
    cr_expect_eq(db_send_array(db, bytes, len), ST_TOO_BIG);
    insert_array(db, values, COUNT(values));
}

Test(array, a_statement_that_another_server_does_not_know_costs_the_connection)
{
    struct db_target t = private_database_new("array_unknown");
    AUTO(db_close) struct db *db = private_database_open(&t);
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(4096);
    db_array_start(&rows, 4711, 1, false);
    db_array_value(&rows, VIEW_LITERAL("1"));
    cr_expect_eq(send_rows(db, &rows), ST_UNAVAILABLE, "%s", db_error(db));
    cr_expect_eq(db_errno(db), 1243);
}
