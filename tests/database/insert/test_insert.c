/* Inserts of many rows, as arrays and as text: each row gets its own id, whatever stands between them. */
#include "services/writer/apply/insert.h"
#include "tests/support/patience.h"
#include "tests/support/private_database.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum {
    ROWS_MAX = 2000,
    DEVICES = 3,
    GATE = 200
}; /* the server takes ids for the rows 1, 2-3, 4-7, ..., 256-511 of an array together */

struct table {
    struct db_target target;
    struct db *db, *other;
    struct statement st;
    uint64_t ids[ROWS_MAX];
};

static void open_table(struct table *t, const char *name)
{
    *t = (struct table){.target = private_database_new(name)};
    t->other = private_database_open(&t->target);
    t->db = private_database_open(&t->target);
    statement_init(&t->st, t->db);
    cr_assert_eq(
        db_exec(t->db, "CREATE TABLE r (ID bigint AUTO_INCREMENT PRIMARY KEY,HARDWARE_ID int,V int UNIQUE,W longtext)"),
        ST_OK);
}

static void close_table_p(struct table *t)
{
    statement_clear(&t->st);
    db_close(t->db);
    db_close(t->other);
}

static uint64_t number(struct db *db, const char *sql)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(db, sql, strlen(sql), &rows), ST_OK, "%s: %s", sql, db_error(db));
    return db_number(db_rows_next(rows)[0]);
}

static status add_row(struct table *t, struct insert *in, size_t v, struct view value)
{
    uint64_t device = 1 + v % DEVICES;
    insert_row(in);
    insert_number(in, device);
    insert_number(in, v);
    insert_value(in, value);
    return insert_row_end(in, &t->ids[v], device);
}

static void begin(struct table *t, struct insert *in, size_t rows)
{
    insert_init(in, &t->st, "r", "");
    buffer_text(&in->head, "INSERT INTO r (HARDWARE_ID,V,W) VALUES ");
    cr_assert_eq(insert_expect(in, rows, 3), ST_OK, "%s", db_error(t->db));
}

static void insert_rows(struct table *t, size_t rows, struct view value)
{
    AUTO(insert_clear) struct insert in;
    begin(t, &in, rows);
    for (size_t v = 0; v < rows; v++)
        cr_assert_eq(add_row(t, &in, v, value), ST_OK, "%s", db_error(t->db));
    cr_assert_eq(insert_send(&in), ST_OK, "%s", db_error(t->db));
    cr_expect_eq(in.total, rows);
}

/* Every row has the id that we think it has. */
static void expect_ids(struct table *t, size_t rows)
{
    AUTO(db_rows_free) struct db_rows *got = NULL;
    static const char sql[] = "SELECT V,ID FROM r WHERE HARDWARE_ID<=3 ORDER BY V";
    cr_assert_eq(db_query(t->db, sql, sizeof sql - 1, &got), ST_OK);
    cr_assert_eq(db_rows_count(got), rows);
    for (size_t v = 0; v < rows; v++) {
        const struct view *row = db_rows_next(got);
        cr_assert_eq(db_number(row[0]), v);
        cr_assert_eq(db_number(row[1]), t->ids[v], "row %zu of %zu: %llu, told %llu", v, rows,
                     (unsigned long long)db_number(row[1]), (unsigned long long)t->ids[v]);
    }
}

/* Whether the server is one that prepares statements; if so, rows must have come as arrays. */
static bool takes_arrays(struct table *t)
{
    bool takes = number(t->db, "SELECT @@max_prepared_stmt_count") > 0;
    static const char executed[] =
        "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME='COM_STMT_EXECUTE'";
    cr_expect_eq(number(t->db, executed) > 0, takes);
    return takes;
}

static const size_t counts[] = {1, 62, 63, 64, 127, 500, 511, 512, 1100, 1999};

Test(insert, each_row_has_its_id_and_none_is_wasted)
{
    AUTO(close_table) struct table t;
    open_table(&t, "insert_ids");
    for (size_t i = 0; i < COUNT(counts); i++) {
        cr_assert_eq(db_exec(t.db, "TRUNCATE r"), ST_OK);
        insert_rows(&t, counts[i], VIEW_LITERAL("it's"));
        expect_ids(&t, counts[i]);
        cr_expect_eq(number(t.db, "SELECT COUNT(*) FROM r WHERE W='it\\'s'"), counts[i]);
        cr_assert_eq(db_exec(t.db, "INSERT INTO r (HARDWARE_ID) VALUES (9)"), ST_OK);
        cr_expect_eq(db_insert_id(t.db), t.ids[0] + counts[i] * db_id_step(t.db), "%zu rows", counts[i]);
    }
    (void)takes_arrays(&t);
}

static bool stands_at_the_gate(struct db *db)
{
    return number(db, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE='User lock' AND DB=DATABASE()") >
           0;
}

/* A piece stops at its row GATE until another connection has written some of its own. */
Test(insert, rows_of_another_connection_stand_between_them, .timeout = 60)
{
    AUTO(close_table) struct table t;
    AUTO(insert_clear) struct insert in;
    open_table(&t, "insert_between");
    cr_assert_eq(
        db_exec(t.db, "CREATE TRIGGER g BEFORE INSERT ON r FOR EACH ROW SET @open=IF(NEW.V=%d,GET_LOCK('gate',20),1)",
                GATE),
        ST_OK, "%s", db_error(t.db));
    cr_assert_eq(number(t.other, "SELECT GET_LOCK('gate',0)"), 1);
    begin(&t, &in, 600);
    for (size_t v = 0; v < INSERT_ROWS_MAX; v++)
        cr_assert_eq(add_row(&t, &in, v, VIEW_LITERAL("x")), ST_OK);
    cr_assert(BECOMES_TRUE(stands_at_the_gate(t.other), PATIENCE_MS));
    for (int i = 0; i < 40; i++)
        cr_assert_eq(db_exec(t.other, "INSERT INTO r (HARDWARE_ID) VALUES (9)"), ST_OK);
    cr_assert_eq(number(t.other, "SELECT RELEASE_LOCK('gate')"), 1);
    for (size_t v = INSERT_ROWS_MAX; v < 600; v++)
        cr_assert_eq(add_row(&t, &in, v, VIEW_LITERAL("x")), ST_OK);
    cr_assert_eq(insert_send(&in), ST_OK, "%s", db_error(t.db));
    if (takes_arrays(&t))
        cr_expect_gt(number(t.db, "SELECT MAX(ID)-MIN(ID) FROM r WHERE V<511"),
                     (INSERT_ROWS_MAX - 1) * db_id_step(t.db), "nothing stood between them");
    expect_ids(&t, 600);
}

Test(insert, large_rows_go_in_more_pieces)
{
    AUTO(close_table) struct table t;
    open_table(&t, "insert_large");
    AUTO(mem_free) char *large = malloc(100000);
    memset(large, '\'', 100000);
    insert_rows(&t, 130, (struct view){large, 100000});
    expect_ids(&t, 130);
    cr_expect_eq(number(t.db, "SELECT COUNT(*) FROM r WHERE LENGTH(W)=100000"), 130);
}

Test(insert, a_duplicate_in_an_array_fails_it)
{
    AUTO(close_table) struct table t;
    AUTO(insert_clear) struct insert in;
    open_table(&t, "insert_duplicate");
    cr_assert_eq(db_exec(t.db, "INSERT INTO r (HARDWARE_ID,V) VALUES (9,70)"), ST_OK);
    cr_assert_eq(db_exec(t.db, "START TRANSACTION"), ST_OK);
    begin(&t, &in, 127);
    for (size_t v = 0; v < 127; v++)
        cr_assert_eq(add_row(&t, &in, v, VIEW_LITERAL("x")), ST_OK);
    cr_expect_eq(insert_send(&in), ST_CONFLICT);
    cr_assert_eq(db_exec(t.db, "COMMIT"), ST_OK);
    cr_expect_eq(number(t.db, "SELECT COUNT(*) FROM r"), 1);
}

Test(insert, a_connection_that_is_lost_in_an_array, .timeout = 60)
{
    AUTO(close_table) struct table t;
    AUTO(insert_clear) struct insert in;
    open_table(&t, "insert_lost");
    cr_assert_eq(
        db_exec(t.db, "CREATE TRIGGER g BEFORE INSERT ON r FOR EACH ROW SET @open=IF(NEW.V=%d,GET_LOCK('lost',20),1)",
                GATE),
        ST_OK);
    cr_assert_eq(number(t.other, "SELECT GET_LOCK('lost',0)"), 1);
    uint64_t id = number(t.db, "SELECT CONNECTION_ID()");
    begin(&t, &in, INSERT_ROWS_MAX);
    for (size_t v = 0; v < INSERT_ROWS_MAX; v++)
        cr_assert_eq(add_row(&t, &in, v, VIEW_LITERAL("x")), ST_OK);
    cr_assert(BECOMES_TRUE(stands_at_the_gate(t.other), PATIENCE_MS));
    cr_assert_eq(db_exec(t.other, "KILL %llu", (unsigned long long)id), ST_OK);
    cr_expect_eq(insert_send(&in), ST_UNAVAILABLE);
    cr_expect_eq(number(t.other, "SELECT COUNT(*) FROM r"), 0);
}
