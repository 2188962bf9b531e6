#include "tests/support/private_database.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct view one_value(struct db *db, const char *sql, struct db_rows **rows)
{
    cr_assert_eq(db_query(db, sql, strlen(sql), rows), ST_OK, "%s: %s", sql, db_error(db));
    const struct view *row = db_rows_next(*rows);
    return row ? row[0] : VIEW_ABSENT;
}

Test(db, a_session_is_as_promised_whatever_the_server_prefers)
{
    struct db_target t = private_database_new("session");
    AUTO(db_close) struct db *admin = private_database_open(&t);
    cr_assert_eq(db_exec(admin, "SET GLOBAL sql_mode='STRICT_ALL_TABLES,NO_BACKSLASH_ESCAPES,ANSI_QUOTES'"), ST_OK);
    AUTO(db_close) struct db *db = private_database_open(&t);
    cr_assert_eq(db_exec(admin, "SET GLOBAL sql_mode=DEFAULT"), ST_OK);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    struct view got =
        one_value(db, "SELECT CONCAT_WS(' ',@@sql_mode,@@tx_isolation,@@autocommit,@@character_set_client)", &rows);
    cr_expect(view_is(got, "NO_ENGINE_SUBSTITUTION READ-COMMITTED ON utf8mb4"), "%.*s", (int)got.len, got.data);
    cr_expect(db_ids_consecutive(db));
    cr_expect_eq(db_id_step(db), 1);
    cr_expect_geq(db_packet_max(db), 1 << 20);
}

Test(db, what_is_quoted_comes_back_byte_for_byte)
{
    struct db_target t = private_database_new("quoting");
    AUTO(db_close) struct db *db = private_database_open(&t);
    char all[127];
    for (int i = 0; i < 127; i++)
        all[i] = (char)i;
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(4096);
    buffer_text(&sql, "SELECT ");
    db_quote(db, &sql, (struct view){all, sizeof all});
    buffer_text(&sql, ",");
    db_quote(db, &sql, VIEW_LITERAL("\xf0\x9f\x98\x80\\'"));
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(db, sql.data, sql.len, &rows), ST_OK, "%s", db_error(db));
    const struct view *row = db_rows_next(rows);
    cr_expect(view_equal(row[0], (struct view){all, sizeof all}));
    cr_expect(view_is(row[1], "\xf0\x9f\x98\x80\\'"));
}

static const struct {
    const char *sql;
    status want;
} faults[] = {
    {"SELECT nothing", ST_IO},
    {"INSERT INTO k VALUES(1)", ST_CONFLICT},
    {"SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO=1213", ST_AGAIN},
    {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO=1205", ST_AGAIN},
    {"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO=1290", ST_UNAVAILABLE},
    {"SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO=1047", ST_UNAVAILABLE},
};

Test(db, an_error_says_what_a_caller_can_do)
{
    struct db_target t = private_database_new("errors");
    AUTO(db_close) struct db *db = private_database_open(&t);
    cr_assert_eq(db_exec(db, "CREATE TABLE k (ID int PRIMARY KEY)"), ST_OK);
    cr_assert_eq(db_exec(db, "INSERT INTO k VALUES(%d)", 1), ST_OK);
    for (size_t i = 0; i < COUNT(faults); i++) {
        status st = db_query(db, faults[i].sql, strlen(faults[i].sql), NULL);
        cr_expect_eq(st, faults[i].want, "%s: %s (%u %s)", faults[i].sql, status_name(st), db_errno(db), db_error(db));
    }
}

Test(db, a_statement_that_was_sent_is_finished_before_the_next_one)
{
    struct db_target t = private_database_new("sending");
    AUTO(db_close) struct db *db = private_database_open(&t);
    static const char insert[] = "INSERT INTO k VALUES(NULL),(NULL)", wrong[] = "INSERT INTO k VALUES(1)";
    cr_assert_eq(db_exec(db, "CREATE TABLE k (ID int AUTO_INCREMENT PRIMARY KEY)"), ST_OK);
    cr_expect_eq(db_finish(db), ST_OK, "nothing is under way");
    cr_expect_eq(db_send(db, insert, sizeof insert - 1), ST_OK);
    cr_expect_eq(db_finish(db), ST_OK);
    cr_expect_eq(db_insert_id(db), 1);
    cr_expect_eq(db_affected_rows(db), 2);
    cr_expect_eq(db_send(db, insert, sizeof insert - 1), ST_OK);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_expect_eq(db_number(one_value(db, "SELECT COUNT(*) FROM k", &rows)), 4, "it was done first");
    cr_expect_eq(db_send(db, wrong, sizeof wrong - 1), ST_OK);
    cr_expect_eq(db_exec(db, "DELETE FROM k"), ST_CONFLICT, "the failure of the one before");
    cr_expect_eq(db_errno(db), 1062);
    cr_expect_eq(db_send(db, wrong, sizeof wrong - 1), ST_OK);
    cr_expect_eq(db_send(db, insert, sizeof insert - 1), ST_CONFLICT);
    cr_expect_eq(db_finish(db), ST_OK, "and it was told once");
    AUTO(db_rows_free) struct db_rows *after = NULL;
    cr_expect_eq(db_number(one_value(db, "SELECT COUNT(*) FROM k", &after)), 4, "nothing behind a failure was done");
}

Test(db, rows_are_sorted_by_numbers_and_the_rest_stays)
{
    struct db_target t = private_database_new("sorting");
    AUTO(db_close) struct db *db = private_database_open(&t);
    static const char sql[] = "SELECT 3,10,'e' UNION ALL SELECT 18446744073709551615,0,'z' UNION ALL SELECT 1,NULL,'a'"
                              " UNION ALL SELECT 3,9,NULL UNION ALL SELECT 1,2,''";
    static const size_t order[] = {0, 1};
    static const struct {
        const char *number;
        struct view text;
    } expected[] = {{"1", VIEW_LITERAL("a")},
                    {"1", VIEW_LITERAL("")},
                    {"3", {NULL, 0}},
                    {"3", VIEW_LITERAL("e")},
                    {"18446744073709551615", VIEW_LITERAL("z")}};
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(db, sql, sizeof sql - 1, &rows), ST_OK, "%s", db_error(db));
    cr_assert_eq(db_rows_sort(rows, order, COUNT(order)), ST_OK);
    for (size_t i = 0; i < COUNT(expected); i++) {
        const struct view *row = db_rows_next(rows);
        cr_assert(row, "row %zu", i);
        cr_expect(view_is(row[0], expected[i].number), "row %zu: %.*s", i, (int)row[0].len, row[0].data);
        cr_expect_eq(row[2].data == NULL, expected[i].text.data == NULL, "row %zu", i);
        cr_expect(view_equal(row[2], expected[i].text), "row %zu: %.*s", i, (int)row[2].len, row[2].data);
    }
    cr_expect_null(db_rows_next(rows));
}

Test(db, a_killed_connection_is_unavailable)
{
    struct db_target t = private_database_new("killed");
    AUTO(db_close) struct db *admin = private_database_open(&t), *db = private_database_open(&t);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    uint64_t id = db_number(one_value(db, "SELECT CONNECTION_ID()", &rows));
    cr_assert_eq(db_exec(admin, "KILL %llu", (unsigned long long)id), ST_OK);
    cr_expect_eq(db_exec(db, "SELECT 1"), ST_UNAVAILABLE);
    cr_expect_eq(db_exec(db, "SELECT 1"), ST_UNAVAILABLE);
}

Test(db, a_statement_above_the_packet_is_too_big_and_the_connection_lives)
{
    struct db_target t = private_database_new("packet");
    AUTO(db_close) struct db *db = private_database_open(&t);
    size_t len = db_packet_max(db);
    AUTO(mem_free) char *sql = malloc(len);
    memset(sql, ' ', len);
    cr_expect_eq(db_query(db, sql, len, NULL), ST_TOO_BIG);
    cr_expect_eq(db_exec(db, "SELECT 1"), ST_OK);
}

Test(db, opening_tells_refused_from_unavailable)
{
    struct db_target good = private_database_new("opening"), t = good;
    struct db *db = NULL;
    struct reason why = {0};
    snprintf(t.name, sizeof t.name, "nowhere");
    cr_expect_eq(db_open(&t, &db, &why), ST_REFUSED, "%s", why.text);
    t = good;
    snprintf(t.user, sizeof t.user, "nobody");
    cr_expect_eq(db_open(&t, &db, &why), ST_REFUSED, "%s", why.text);
    cr_expect_str_eq(why.code, "db_login");
    t = good;
    snprintf(t.socket, sizeof t.socket, "/nowhere/sock");
    cr_expect_eq(db_open(&t, &db, &why), ST_UNAVAILABLE, "%s", why.text);
    cr_expect_null(db);
}

Test(db, columns_are_read_as_they_are)
{
    struct db_target t = private_database_new("columns");
    AUTO(db_close) struct db *db = private_database_open(&t);
    cr_assert_eq(
        db_exec(db,
                "CREATE TABLE c (ID int unsigned AUTO_INCREMENT PRIMARY KEY, Name varchar(255) CHARACTER SET utf8mb3 "
                "NOT NULL, wide text CHARACTER SET utf8mb4, old varchar(9) CHARACTER SET latin1, big bigint, "
                "q decimal(7,4), d date, dt datetime, fine datetime(3), b blob, f double, padded char(3))"),
        ST_OK, "%s", db_error(db));
    AUTO(mem_free) struct db_table *c = NULL;
    cr_assert_eq(db_table_read(db, "c", &c), ST_OK, "%s", db_error(db));
    cr_expect_eq(c->count, 12);
    const struct db_column *id = db_table_column(c, "id"), *name = db_table_column(c, "NAME"),
                           *wide = db_table_column(c, "wide");
    cr_expect(id->auto_increment && id->type == DB_INTEGER && id->min == 0 && id->max == UINT32_MAX);
    cr_expect(name->type == DB_TEXT && name->length == 255 && name->byte_max == 765 && !name->nullable &&
              !name->utf8mb4 && !name->latin);
    cr_expect(wide->utf8mb4 && wide->byte_max == 65535 && wide->nullable);
    cr_expect(db_table_column(c, "old")->latin);
    cr_expect(db_table_column(c, "big")->min == INT64_MIN && db_table_column(c, "big")->max == INT64_MAX);
    cr_expect(db_table_column(c, "q")->precision == 7 && db_table_column(c, "q")->scale == 4);
    cr_expect_eq(db_table_column(c, "d")->type, DB_DATE);
    cr_expect_eq(db_table_column(c, "dt")->type, DB_DATETIME);
    cr_expect_eq(db_table_column(c, "fine")->type, DB_OTHER);
    cr_expect_eq(db_table_column(c, "b")->type, DB_BYTES);
    cr_expect_eq(db_table_column(c, "f")->type, DB_OTHER);
    cr_expect(db_table_column(c, "padded")->padded);
    cr_expect_null(db_table_column(c, "none"));
    struct db_table *none = NULL;
    cr_expect_eq(db_table_read(db, "none", &none), ST_NOT_FOUND);
}
