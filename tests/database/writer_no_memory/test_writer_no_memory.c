/* Memory that is out while a batch is planned and written: the batch is repeated, and no upload is to blame for it. */
#include "tests/database/writer/fixture.h"
#include "tests/unit/no_memory/failing.h"

#include <stdio.h>

enum { AT_LEAST = 20, AT_MOST = 5000 };

static const char device[] = "pc-2026-01-02-03-04-05";

Test(writer_no_memory, each_allocation_failing_costs_a_repetition, .timeout = 240)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "no_memory");
    size_t n = 0, failed = 0;
    do {
        n++;
        char name[64], row[128];
        struct reason why = {0};
        snprintf(name, sizeof name, "SOFTWARES NAME=program %zu|VERSION=%zu", n, n);
        snprintf(row, sizeof row, "MEMORIES CAPTION=A|CAPACITY=%zu", n);
        fixture_add(&f, UPLOAD_INVENTORY, device, (int)n, ROWS("HARDWARE NAME=pc", row, name));
        failing_begin(n, false, FAILING_HERE);
        bool is_applied = fixture_try(&f, &why);
        failed = failing_end();
        cr_assert(is_applied, "allocation %zu: %s: %s", n, why.code, why.text);
        char want[32];
        snprintf(want, sizeof want, "A|%zu", n);
        expect_table(&f, want, "SELECT CAPTION,CAPACITY FROM memories");
    } while (failed > 0 && n < AT_MOST);
    cr_expect_eq(failed, 0);
    cr_expect_gt(n, AT_LEAST, "only %zu allocations failed", n);
    printf("%zu allocations failed in turn\n", n - 1);
}

enum { PROGRAMS = 70, TEXT_MAX = 64 };

/* As many as are sent as an array; other versions each time, so that all of them are written. */
static void add_programs(struct fixture *f, size_t n)
{
    char text[PROGRAMS][TEXT_MAX];
    const char *rows[PROGRAMS + 2] = {"HARDWARE NAME=pc"};
    for (size_t i = 0; i < PROGRAMS; i++) {
        snprintf(text[i], TEXT_MAX, "SOFTWARES NAME=program %zu|VERSION=%zu", i, n % 2);
        rows[i + 1] = text[i];
    }
    fixture_add(f, UPLOAD_INVENTORY, device, (int)n, rows);
}

Test(writer_no_memory, each_allocation_failing_while_rows_go_as_an_array, .timeout = 240)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "no_memory_array");
    size_t n = 0, failed = 0;
    do {
        n++;
        struct reason why = {0};
        add_programs(&f, n);
        failing_begin(n, false, FAILING_HERE);
        bool is_applied = fixture_try(&f, &why);
        failed = failing_end();
        cr_assert(is_applied, "allocation %zu: %s: %s", n, why.code, why.text);
        char want[64];
        snprintf(want, sizeof want, "%d|%d|%zu|%zu", PROGRAMS, PROGRAMS, n % 2, n % 2);
        expect_table(&f, want,
                     "SELECT COUNT(*),COUNT(DISTINCT NAME_ID),MIN(v.VERSION),MAX(v.VERSION) FROM software JOIN "
                     "software_version v ON "
                     "v.ID=VERSION_ID");
    } while (failed > 0 && n < AT_MOST);
    cr_expect_eq(failed, 0);
    cr_expect_gt(n, AT_LEAST, "only %zu allocations failed", n);
    printf("%zu allocations failed in turn\n", n - 1);
}

static status insert_two(struct db *db, uint32_t id)
{
    AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(4096);
    db_array_start(&rows, id, 2, false);
    for (int i = 0; i < 4; i++)
        db_array_value(&rows, VIEW_LITERAL("7"));
    status st = db_send_array(db, rows.data, rows.len);
    return st == ST_OK ? db_finish(db) : st;
}

/* Where the library can do without, the statement works; else the connection is given up. */
Test(writer_no_memory, each_allocation_failing_while_a_statement_is_prepared, .timeout = 60)
{
    struct db_target target = private_database_new("no_memory_prepare");
    size_t n = 0, failed = 0, given_up = 0;
    do {
        n++;
        AUTO(db_close) struct db *db = private_database_open(&target);
        uint32_t id = 0;
        cr_assert_eq(db_exec(db, "CREATE OR REPLACE TABLE k (a int,b int)"), ST_OK);
        failing_begin(n, false, FAILING_HERE);
        status st = db_prepare(db, VIEW_LITERAL("INSERT INTO k VALUES (?,?)"), &id);
        failed = failing_end();
        given_up += st == ST_UNAVAILABLE;
        if (st != ST_UNAVAILABLE) {
            cr_assert_eq(st, ST_OK, "allocation %zu: %s: %s", n, status_name(st), db_error(db));
            cr_expect_eq(insert_two(db, id), ST_OK, "allocation %zu: %s", n, db_error(db));
            cr_expect_eq(db_affected_rows(db), 2);
            cr_expect_eq(db_exec(db, "SELECT 1"), ST_OK, "allocation %zu: %s", n, db_error(db));
        }
    } while (failed > 0 && n < AT_MOST);
    cr_expect_eq(failed, 0);
    cr_expect_gt(given_up, 2, "of %zu allocations", n - 1);
}
