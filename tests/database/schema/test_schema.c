#include "tools/muster/schema/schema.h"

#include "schema/schema_text.h"
#include "tests/support/private_database.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

/* ---- support ---- */

static void expect_ok(status st, const struct reason *why)
{
    cr_assert_eq(st, ST_OK, "%s: %s", status_name(st), why->text);
}

static void create(const struct db_target *t)
{
    struct reason why = {0};
    expect_ok(schema_create(t, NULL, &why), &why);
}

static void upgrade(const struct db_target *t, bool indexes)
{
    struct reason why = {0};
    expect_ok(schema_upgrade(t, indexes, NULL, &why), &why);
}

/* What check prints, to be freed; `todo` lines ask for something. */
static char *check(const struct db_target *t, unsigned *todo)
{
    char *text = NULL;
    size_t len = 0;
    struct reason why = {0};
    FILE *to = open_memstream(&text, &len);
    status st = schema_check(t, to, todo, &why);
    fclose(to);
    expect_ok(st, &why);
    return text;
}

static void expect_todo(const struct db_target *t, unsigned want, const char *says)
{
    unsigned todo;
    AUTO(mem_free) char *text = check(t, &todo);
    cr_expect_eq(todo, want, "%u to do:\n%s", todo, text);
    cr_expect(!says || strstr(text, says), "\"%s\" is not in:\n%s", says, text);
}

static void run(const struct db_target *t, const char *sql)
{
    private_database_script(t, view_of(sql));
}

/* First column of all rows, each between line ends. */
static void lines(const struct db_target *t, const char *sql, struct buffer *out)
{
    AUTO(db_close) struct db *db = private_database_open(t);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(db, sql, strlen(sql), &rows), ST_OK, "%s", db_error(db));
    buffer_char(out, '\n');
    for (const struct view *row; (row = db_rows_next(rows));) {
        buffer_add(out, row[0].data, row[0].len);
        buffer_char(out, '\n');
    }
    cr_assert_eq(buffer_status(out), ST_OK);
}

/* OCS's tables as OCS's installer would leave them: without anything of ours. */
static struct db_target found_database(const char *name)
{
    struct db_target t = private_database_new(name);
    private_database_script(&t, schema_base);
    private_database_script(&t, schema_seed);
    return t;
}

static const char columns_of_ocs[] =
    "SELECT CONCAT_WS(' ', TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLUMN_KEY) FROM information_schema.COLUMNS"
    " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'muster%' ORDER BY 1";

/* ---- a database that Muster makes ---- */

/* A line of the facts without its number `skip`-th cell, between line ends; quotes stay. */
static void fact_line(struct view csv, size_t *at, size_t skip, struct buffer *out)
{
    bool quoted = false;
    size_t cell = 0;
    buffer_reset(out);
    buffer_char(out, '\n');
    for (; *at < csv.len && csv.data[*at] != '\n'; ++*at) {
        char c = csv.data[*at];
        quoted ^= c == '"';
        cell += c == ',' && !quoted;
        if (cell != skip)
            buffer_char(out, c);
    }
    ++*at;
    buffer_char(out, '\n');
}

/* Every line of the facts is one of the database's, and there are no others. */
static void expect_facts(const struct db_target *t, struct view csv, size_t skip, const char *sql)
{
    AUTO(buffer_clear) struct buffer have = BUFFER_INIT(1 << 20);
    AUTO(buffer_clear) struct buffer fact = BUFFER_INIT(4096);
    lines(t, sql, &have);
    size_t at = 0, facts = 0, found = 0;
    fact_line(csv, &at, skip, &fact); /* the heads of the columns */
    for (; at < csv.len; facts++) {
        fact_line(csv, &at, skip, &fact);
        cr_expect(strstr(have.data, fact.data), "not so in the database: %s", fact.data);
    }
    for (const char *p = have.data + 1; (p = strchr(p, '\n')); p++)
        found++;
    cr_expect_eq(found, facts, "%zu in the database, %zu facts", found, facts);
}

enum { CELL_KEY = 7, CELL_NONE = 99 };

Test(schema, a_new_database_is_what_readers_of_ocs_expect)
{
    struct db_target t = private_database_new("fresh");
    create(&t);
    /* An index of ours shows as a key of its column: that cell is left out, the indexes are compared by themselves. */
    expect_facts(&t, schema_columns, CELL_KEY,
                 "SELECT CONCAT_WS(',', TABLE_NAME, ORDINAL_POSITION, COLUMN_NAME,"
                 " IF(COLUMN_TYPE LIKE '%,%', CONCAT('\"', COLUMN_TYPE, '\"'), COLUMN_TYPE), IS_NULLABLE,"
                 " COALESCE(COLUMN_DEFAULT, '(none)'), EXTRA, COALESCE(CHARACTER_SET_NAME, ''),"
                 " COALESCE(COLLATION_NAME, '')) FROM information_schema.COLUMNS"
                 " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME NOT LIKE 'muster%'");
    expect_facts(&t, schema_keys, CELL_NONE,
                 "SELECT CONCAT_WS(',', TABLE_NAME, INDEX_NAME, IF(NON_UNIQUE, 'no', 'yes'), INDEX_TYPE,"
                 " GROUP_CONCAT(CONCAT(COLUMN_NAME, COALESCE(CONCAT('(', SUB_PART, ')'), '')) ORDER BY SEQ_IN_INDEX"
                 " SEPARATOR ' ')) FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()"
                 " AND TABLE_NAME NOT LIKE 'muster%' AND INDEX_NAME NOT LIKE 'muster%'"
                 " GROUP BY TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE");
    expect_todo(&t, 0, "nothing to do");
}

Test(schema, creating_twice_changes_nothing)
{
    AUTO(buffer_clear) struct buffer before = BUFFER_INIT(1 << 20);
    AUTO(buffer_clear) struct buffer after = BUFFER_INIT(1 << 20);
    struct db_target t = private_database_new("twice");
    create(&t);
    lines(&t, columns_of_ocs, &before);
    run(&t,
        "UPDATE config SET IVALUE = 77 WHERE NAME = 'FREQUENCY'; DELETE FROM blacklist_serials WHERE SERIAL = 'EVAL'");
    create(&t);
    lines(&t, columns_of_ocs, &after);
    cr_expect_str_eq(before.data, after.data);
    buffer_reset(&after);
    lines(&t,
          "SELECT CONCAT(IVALUE, ' ', (SELECT COUNT(*) FROM blacklist_serials)) FROM config WHERE NAME = 'FREQUENCY'",
          &after);
    cr_expect_str_eq(after.data, "\n77 33\n", "what an administrator changed stays");
}

Test(schema, a_missing_database_is_made_by_create_only)
{
    struct db_target t = private_database_new("there");
    struct reason why = {0};
    snprintf(t.name, sizeof t.name, "not_there");
    cr_expect_eq(schema_upgrade(&t, false, NULL, &why), ST_REFUSED, "%s", why.text);
    create(&t);
    expect_todo(&t, 0, NULL);
}

Test(schema, a_run_that_was_cut_short_is_finished_by_the_next)
{
    static const char *const cuts[] = {
        /* behind the mark, before any table of OCS */
        ("DELETE FROM muster_schema WHERE VERSION > 1; SET foreign_key_checks = 0; DROP TABLE hardware, config, "
         "software_name"),
        "DELETE FROM muster_schema WHERE VERSION > 1; DROP TABLE virtualmachines, videos, usbdevices",
        "DELETE FROM muster_schema WHERE VERSION > 2; DELETE FROM config WHERE NAME > 'G'",
        "DELETE FROM muster_schema WHERE VERSION > 3; ALTER TABLE saas DROP INDEX muster_hardware",
    };
    struct db_target t = private_database_new("cut");
    for (size_t i = 0; i < COUNT(cuts); i++) {
        create(&t);
        run(&t, cuts[i]);
        unsigned todo;
        AUTO(mem_free) char *text = check(&t, &todo);
        cr_expect_gt(todo, 0, "cut %zu:\n%s", i, text);
        upgrade(&t, false);
        expect_todo(&t, 0, NULL);
        AUTO(buffer_clear) struct buffer rows = BUFFER_INIT(1024);
        lines(&t, "SELECT COUNT(*) FROM config", &rows);
        cr_expect_str_eq(rows.data, "\n84\n", "cut %zu", i);
    }
}

static void *create_in_thread(void *target)
{
    struct reason why = {0};
    return schema_create(target, NULL, &why) == ST_OK ? target : NULL;
}

Test(schema, two_runs_at_a_time_wait_for_each_other)
{
    struct db_target t = private_database_new("race");
    pthread_t threads[4];
    for (size_t i = 0; i < COUNT(threads); i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, create_in_thread, &t), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *result;
        pthread_join(threads[i], &result);
        cr_expect_not_null(result, "thread %zu", i);
    }
    expect_todo(&t, 0, NULL);
}

/* ---- a database that Muster finds ---- */

Test(schema, a_found_database_gets_our_tables_only)
{
    AUTO(buffer_clear) struct buffer before = BUFFER_INIT(1 << 20);
    AUTO(buffer_clear) struct buffer after = BUFFER_INIT(1 << 20);
    struct db_target t = found_database("found");
    lines(&t, columns_of_ocs, &before);
    expect_todo(&t, 7, "pending: Muster's own tables");
    upgrade(&t, false);
    lines(&t, columns_of_ocs, &after);
    cr_expect_str_eq(before.data, after.data);
    expect_todo(&t, 6, "local_users has no index on (HARDWARE_ID). Each inventory");
}

Test(schema, a_found_database_gets_missing_indexes_when_asked)
{
    struct db_target t = found_database("indexes");
    run(&t, "ALTER TABLE hardware ADD INDEX of_somebody_else (UUID, NAME)");
    upgrade(&t, true);
    expect_todo(&t, 0, NULL);
    AUTO(buffer_clear) struct buffer got = BUFFER_INIT(1024);
    lines(&t,
          "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE()"
          " AND TABLE_NAME = 'hardware' AND COLUMN_NAME = 'UUID'",
          &got);
    cr_expect_str_eq(got.data, "\nof_somebody_else\n", "what begins with the column will do");
    run(&t, "ALTER TABLE saas DROP INDEX muster_hardware");
    upgrade(&t, true);
    expect_todo(&t, 0, NULL);
}

Test(schema, what_an_older_ocs_does_not_have_is_a_note_only)
{
    struct db_target t = found_database("older");
    upgrade(&t, true);
    run(&t,
        "ALTER TABLE batteries DROP COLUMN MANUFACTURER; ALTER TABLE hardware MODIFY NAME varchar(20); DROP TABLE sim");
    expect_todo(&t, 4, "batteries.MANUFACTURER is missing"); /* with the column its index went */
    run(&t, "UPDATE config SET TVALUE = '7039' WHERE NAME = 'GUI_VERSION'");
    expect_todo(&t, 0, "hardware.NAME is varchar(20) instead of varchar(255)");
    run(&t, "ALTER TABLE hardware MODIFY NAME varchar(400)");
    unsigned todo;
    AUTO(mem_free) char *text = check(&t, &todo);
    cr_expect_not(strstr(text, "hardware.NAME"), "a wider column is fine:\n%s", text);
}

static const struct {
    const char *name, *sql, *code;
} strangers[] = {
    {"stranger", "CREATE TABLE customers (ID int)", "not_ocs"},
    {"glpi", "CREATE TABLE config (ID int); CREATE TABLE users (ID int)", "not_ocs"},
    {"ocs1", "CREATE TABLE config (ID int); CREATE TABLE hardware (ID int); CREATE TABLE softwares (ID int)",
     "old_ocs"},
};

Test(schema, somebody_elses_database_is_refused_and_left_alone)
{
    for (size_t i = 0; i < COUNT(strangers); i++) {
        struct db_target t = private_database_new(strangers[i].name);
        struct reason why = {0};
        unsigned todo = 0;
        run(&t, strangers[i].sql);
        cr_expect_eq(schema_create(&t, NULL, &why), ST_REFUSED);
        cr_expect_str_eq(why.code, strangers[i].code, "%s", why.text);
        cr_expect_eq(schema_check(&t, NULL, &todo, &why), ST_REFUSED);
        AUTO(buffer_clear) struct buffer got = BUFFER_INIT(1024);
        lines(&t,
              "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME LIKE "
              "'muster%'",
              &got);
        cr_expect_str_eq(got.data, "\n0\n");
    }
}
