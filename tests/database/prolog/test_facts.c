#include "tests/support/private_database.h"

#include "services/gateway/account_reply.h"
#include "services/gateway/lookup.h"
#include "services/gateway/prolog/facts.h"

#include <criterion/criterion.h>

#include <semaphore.h>
#include <stdio.h>
#include <time.h>

static void must(struct db *db, const char *sql)
{
    cr_assert_eq(db_exec(db, "%s", sql), ST_OK, "%s: %s", sql, db_error(db));
}

Test(facts, the_lowest_id_counts_when_a_deviceid_is_there_twice)
{
    struct db_target target = private_database_with_schema("twice");
    AUTO(db_close) struct db *db = private_database_open(&target);
    must(db, "INSERT INTO hardware(ID,DEVICEID,LASTDATE) VALUES(20,'pc-2025-01-02-03-04-05',NULL),"
             "(10,'PC-2025-01-02-03-04-05',FROM_UNIXTIME(1600000000))");
    must(db, "INSERT INTO devices(HARDWARE_ID,NAME,IVALUE) "
             "VALUES(20,'PROLOG_FREQ',5),(10,'prolog_freq',-7),(10,'PROLOG_FREQ',8)");
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    struct prolog_facts facts = {0};
    cr_assert_eq(prolog_facts_read(db, VIEW_LITERAL("pc-2025-01-02-03-04-05"), true, arena, &facts), ST_OK);
    cr_expect(facts.known);
    cr_expect_eq(facts.hardware_id, 10);
    cr_expect_eq(facts.last_s, 1600000000);
    cr_expect_eq(facts.parameters.count, 2);
    cr_expect_eq(parameter_of_device(&facts.parameters, PARAM_PROLOG_FREQ)->number, -7);
}

Test(facts, groups_off_leaves_groups_out)
{
    struct db_target target = private_database_with_schema("groups_off");
    AUTO(db_close) struct db *db = private_database_open(&target);
    must(db, "INSERT INTO hardware(ID,DEVICEID) VALUES(1,'pc-2025-01-02-03-04-05'),(2,'_SYSTEMGROUP_')");
    must(db, "INSERT INTO groups_cache(HARDWARE_ID,GROUP_ID,STATIC) VALUES(1,2,0)");
    must(db, "INSERT INTO devices(HARDWARE_ID,NAME,IVALUE) VALUES(2,'FREQUENCY',5)");
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    for (int groups = 0; groups < 2; groups++) {
        struct prolog_facts facts = {0};
        cr_assert_eq(prolog_facts_read(db, VIEW_LITERAL("pc-2025-01-02-03-04-05"), groups, arena, &facts), ST_OK);
        cr_expect_eq(facts.parameters.count, (size_t)groups);
    }
}

Test(config, rows_win_over_defaults_whatever_they_are)
{
    struct db_target target = private_database_with_schema("options");
    AUTO(db_close) struct db *db = private_database_open(&target);
    must(db,
         "REPLACE INTO config(NAME,IVALUE,TVALUE) VALUES('PROLOG_FREQ',7,NULL),('FREQUENCY',NULL,NULL),('SNMP',1,NULL),"
         "('SCAN_TYPE_SNMP',0,'NMAP'),('IPDISCOVER',NULL,NULL),('DOWNLOAD_TIMEOUT',-3,NULL)");
    struct ocs_config config;
    cr_assert_eq(ocs_config_read(db, &config), ST_OK);
    cr_expect_eq(config.prolog_freq, 7);
    cr_expect(config.frequency_is_null);
    cr_expect_eq(config.snmp, 1);
    cr_expect_str_eq(config.scan_type_snmp, "NMAP");
    cr_expect_eq(config.ipdiscover, 0, "NULL is false");
    cr_expect_eq(config.download_timeout, -3);
    cr_expect_eq(config.download_execution_timeout, 120, "no row: the default");
    cr_expect(config.from_database);
}

Test(account, facts_follow_the_columns_of_the_table)
{
    struct db_target target = private_database_with_schema("accounts");
    AUTO(db_close) struct db *db = private_database_open(&target);
    AUTO(account_columns_destroy) struct account_columns *columns = account_columns_new(3600000);
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    struct account_facts facts;
    struct view device = VIEW_LITERAL("pc-2025-01-02-03-04-05");
    cr_assert_eq(account_facts_read(db, columns, device, arena, &facts), ST_OK);
    cr_expect(!facts.known && !facts.stored);

    must(db, "INSERT INTO hardware(ID,DEVICEID) VALUES(1,'pc-2025-01-02-03-04-05')");
    cr_assert_eq(account_facts_read(db, columns, device, arena, &facts), ST_OK);
    cr_expect(facts.known && !facts.stored);

    must(db, "INSERT INTO accountinfo(HARDWARE_ID,TAG) VALUES(1,'a')");
    cr_assert_eq(account_facts_read(db, columns, device, arena, &facts), ST_OK);
    cr_expect(facts.stored);
    cr_assert_eq(facts.pairs.count, 1);
    cr_expect(view_is(facts.pairs.list[0].name, "TAG") && view_is(facts.pairs.list[0].value, "a"));

    must(db,
         "ALTER TABLE accountinfo ADD COLUMN fields_3 VARCHAR(255) NULL"); /* although the columns were read just now */
    cr_assert_eq(account_facts_read(db, columns, device, arena, &facts), ST_OK);
    cr_assert_eq(facts.pairs.count, 2);
    cr_expect(view_is(facts.pairs.list[1].name, "fields_3") && !facts.pairs.list[1].value.data);
}

/* ------------------------------------------------------------------- look-ups ---- */

struct question {
    sem_t done;
    bool had_database;
    int asked;
    bool break_connection;
};

static status ask(struct db *db, void *ctx)
{
    struct question *q = ctx;
    q->asked++;
    q->had_database = db != NULL;
    if (!db)
        return ST_OK;
    if (q->break_connection && q->asked == 1)
        return db_exec(db, "KILL CONNECTION_ID()") == ST_OK ? ST_OK : db_exec(db, "SELECT 1");
    return db_exec(db, "SELECT 1");
}

static void done(void *ctx)
{
    sem_post(&((struct question *)ctx)->done);
}

static void submit(struct lookup *l, struct question *q)
{
    sem_init(&q->done, 0, 0);
    cr_assert_eq(lookup_submit(l, ask, done, q), ST_OK);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    cr_assert_eq(sem_timedwait(&q->done, &until), 0, "no answer in 10 s");
}

static bool waits_for(bool (*holds)(const struct lookup *l), const struct lookup *l)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    for (int i = 0; i < 2000 && !holds(l); i++)
        nanosleep(&pause, NULL);
    return holds(l);
}

Test(lookup, answers_with_the_database_and_again_after_a_broken_connection)
{
    const struct lookup_settings set = {
        .target = private_database_with_schema("look_up"), .threads = 1, .config_ms = 20};
    AUTO(lookup_destroy) struct lookup *l = NULL;
    struct reason why;
    cr_assert_eq(lookup_new(&set, &l, &why), ST_OK);
    cr_assert(waits_for(lookup_database_is_up, l));
    struct question plain = {0}, broken = {.break_connection = true};
    submit(l, &plain);
    cr_expect(plain.had_database && plain.asked == 1);
    submit(l, &broken);
    cr_expect(broken.had_database);
    cr_expect_eq(broken.asked, 2);
    struct ocs_config config;
    lookup_config(l, &config);
    cr_expect(config.from_database);
}

Test(lookup, answers_at_once_without_a_database)
{
    struct lookup_settings set = {.threads = 1};
    snprintf(set.target.socket, sizeof set.target.socket, "/nonexistent/socket");
    AUTO(lookup_destroy) struct lookup *l = NULL;
    struct reason why;
    cr_assert_eq(lookup_new(&set, &l, &why), ST_OK);
    struct question q = {0};
    submit(l, &q);
    cr_expect(!q.had_database);
    cr_expect(waits_for(lookup_has_tried, l));
    cr_expect(!lookup_database_is_up(l));
    struct ocs_config config;
    lookup_config(l, &config);
    cr_expect(!config.from_database);
    cr_expect_eq(config.prolog_freq, 24);
}
