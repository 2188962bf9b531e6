#include "tests/support/private_database.h"

#include "services/gateway/account_reply.h"
#include "services/gateway/lookup.h"
#include "services/gateway/prolog/facts.h"

#include <criterion/criterion.h>

#include <semaphore.h>
#include <stdatomic.h>
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

/** Each as if it had been asked for alone, whatever the spelling of the row and the order of the list. */
Test(facts, several_devices_in_one_statement)
{
    static const char *const ids[] = {"pc-3", "pc-1", "nobody", "pc-2"};
    enum { COUNT_OF = 4 };
    struct db_target target = private_database_with_schema("several");
    AUTO(db_close) struct db *db = private_database_open(&target);
    must(db,
         "INSERT INTO hardware(ID,DEVICEID,LASTDATE) VALUES(1,'pc-1',FROM_UNIXTIME(100)),(2,'PC-2',FROM_UNIXTIME(200)),"
         "(3,'pc-3',FROM_UNIXTIME(300)),(9,'_SYSTEMGROUP_',NULL),(12,'pc-2',FROM_UNIXTIME(1))");
    must(db, "INSERT INTO groups_cache(HARDWARE_ID,GROUP_ID,STATIC) VALUES(3,9,1),(2,9,0),(1,9,2)");
    must(db,
         "INSERT INTO devices(HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES(9,'FREQUENCY',5,'x'),(2,'PROLOG_FREQ',22,NULL),"
         "(12,'PROLOG_FREQ',99,NULL),(1,'PROLOG_FREQ',11,NULL),(1,'unknown',1,NULL)");
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    struct device_list devices = {.count = 0};
    struct prolog_facts facts[COUNT_OF] = {0};
    struct prolog_place places[COUNT_OF];
    for (int i = 0; i < COUNT_OF; i++) {
        cr_assert(device_list_add(&devices, view_of(ids[i])));
        places[i] = (struct prolog_place){arena, &facts[i]};
    }
    cr_assert_eq(prolog_facts_read_all(db, &devices, true, places), ST_OK, "%s", db_error(db));
    static const struct {
        uint64_t id;
        int64_t last_s;
        size_t count;
    } expected[COUNT_OF] = {{3, 300, 1}, {1, 100, 1}, {0, 0, 0}, {2, 200, 2}};
    for (int i = 0; i < COUNT_OF; i++) {
        cr_expect_eq(facts[i].known, expected[i].id != 0, "%s", ids[i]);
        cr_expect_eq(facts[i].hardware_id, expected[i].id, "%s", ids[i]);
        cr_expect_eq(facts[i].last_s, expected[i].last_s, "%s", ids[i]);
        cr_expect_eq(facts[i].parameters.count, expected[i].count, "%s", ids[i]);
    }
    cr_expect_eq(parameter_of_device(&facts[3].parameters, PARAM_PROLOG_FREQ)->number, 22);
    cr_expect_eq(parameter_of_device(&facts[1].parameters, PARAM_PROLOG_FREQ)->number, 11);
    cr_expect_null(parameter_of_device(&facts[0].parameters, PARAM_FREQUENCY), "it is the group's");
}

static uint64_t temporary_tables(struct db *db)
{
    static const char sql[] = "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE "
                              "VARIABLE_NAME='CREATED_TMP_TABLES'";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    cr_assert_eq(db_query(db, sql, sizeof sql - 1, &rows), ST_OK, "%s", db_error(db));
    const struct view *row = db_rows_next(rows);
    cr_assert(row);
    return db_number(row[0]);
}

/** One with a long text is a file on disk, made and removed for each question. */
Test(facts, a_question_makes_no_temporary_table)
{
    struct db_target target = private_database_with_schema("temporary");
    AUTO(db_close) struct db *db = private_database_open(&target);
    must(db, "INSERT INTO hardware(ID,DEVICEID) VALUES(1,'pc-1'),(2,'pc-2'),(3,'_SYSTEMGROUP_')");
    must(db, "INSERT INTO devices(HARDWARE_ID,NAME,TVALUE) VALUES(1,'FREQUENCY','x'),(3,'FREQUENCY','y')");
    must(db, "INSERT INTO groups_cache(HARDWARE_ID,GROUP_ID,STATIC) VALUES(1,3,0)");
    must(db, "ALTER TABLE accountinfo ADD COLUMN fields_3 LONGTEXT NULL");
    must(db, "INSERT INTO accountinfo(HARDWARE_ID,TAG,fields_3) VALUES(1,'a','b')");
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    AUTO(account_columns_destroy) struct account_columns *columns = account_columns_new(3600000);
    struct device_list devices = {.count = 0};
    struct prolog_facts facts[2] = {0};
    struct account_facts accounts[2];
    cr_assert(device_list_add(&devices, VIEW_LITERAL("pc-2")) && device_list_add(&devices, VIEW_LITERAL("pc-1")));
    const struct prolog_place places[] = {{arena, &facts[0]}, {arena, &facts[1]}};
    const struct account_place account_places[] = {{arena, &accounts[0]}, {arena, &accounts[1]}};
    cr_assert_eq(account_facts_read_all(db, columns, &devices, account_places), ST_OK); /* the columns are read here */
    uint64_t to_look = temporary_tables(db), before = temporary_tables(db);
    to_look = before - to_look; /* looking makes some, too */
    cr_assert_eq(prolog_facts_read_all(db, &devices, true, places), ST_OK);
    cr_assert_eq(account_facts_read_all(db, columns, &devices, account_places), ST_OK);
    cr_expect_eq(temporary_tables(db) - before, to_look);
    cr_expect_eq(facts[1].parameters.count, 2);
    cr_expect(accounts[1].stored);
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

Test(account, several_devices_in_one_statement)
{
    struct db_target target = private_database_with_schema("accounts_of_several");
    AUTO(db_close) struct db *db = private_database_open(&target);
    AUTO(account_columns_destroy) struct account_columns *columns = account_columns_new(3600000);
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 16);
    must(db, "INSERT INTO hardware(ID,DEVICEID) VALUES(1,'pc-1'),(2,'PC-2'),(3,'pc-3'),(4,'pc-2')");
    must(db, "INSERT INTO accountinfo(HARDWARE_ID,TAG) VALUES(4,'late'),(2,'b'),(1,'a')");
    static const char *const ids[] = {"pc-2", "nobody", "pc-3", "pc-1"};
    struct device_list devices = {.count = 0};
    struct account_facts facts[COUNT(ids)];
    struct account_place places[COUNT(ids)];
    for (size_t i = 0; i < COUNT(ids); i++) {
        cr_assert(device_list_add(&devices, view_of(ids[i])));
        places[i] = (struct account_place){arena, &facts[i]};
    }
    cr_assert_eq(account_facts_read_all(db, columns, &devices, places), ST_OK, "%s", db_error(db));
    cr_expect(facts[0].stored && view_is(facts[0].pairs.list[0].value, "b"), "the lowest ID counts");
    cr_expect(!facts[1].known);
    cr_expect(facts[2].known && !facts[2].stored);
    cr_expect(facts[3].stored && view_is(facts[3].pairs.list[0].value, "a"));
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

static void wait_for_answer(struct question *q)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    cr_assert_eq(sem_timedwait(&q->done, &until), 0, "no answer in 10 s");
}

static void submit(struct lookup *l, struct question *q)
{
    sem_init(&q->done, 0, 0);
    static const struct lookup_kind kind = {.ask = ask, .done = done};
    cr_assert_eq(lookup_submit(l, &kind, q), ST_OK);
    wait_for_answer(q);
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

struct together {
    struct question base;
    bool was_ahead, had_ahead;
};

static atomic_size_t largest; /* of a call: written by the one pool thread */

static status ask_together(struct db *db, void *const *ctxs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((struct together *)ctxs[i])->was_ahead = true;
    if (count > atomic_load(&largest))
        atomic_store(&largest, count);
    return db_exec(db, "SELECT 1");
}

static status ask_one(struct db *db, void *ctx)
{
    struct together *t = ctx;
    t->had_ahead = t->was_ahead;
    return ask(db, ctx);
}

/** While the only thread is busy others come: they are asked for together, and each is answered once. */
static status ask_slowly(struct db *db, void *ctx)
{
    struct question *q = ctx;
    wait_for_answer(q + 1); /* posted when the others are in the queue */
    return ask(db, ctx);
}

Test(lookup, what_waits_is_asked_together)
{
    static const struct lookup_kind slow = {.ask = ask_slowly, .done = done},
                                    some = {.ask = ask_one, .done = done, .ask_ahead = ask_together},
                                    other = {.ask = ask, .done = done};
    enum { SOME = LOOKUP_TOGETHER + 5 };
    const struct lookup_settings set = {
        .target = private_database_with_schema("together"), .threads = 1, .config_ms = 20};
    AUTO(lookup_destroy) struct lookup *l = NULL;
    struct reason why;
    cr_assert_eq(lookup_new(&set, &l, &why), ST_OK);
    cr_assert(waits_for(lookup_database_is_up, l));
    struct question first[2] = {0}, between = {0};
    struct together t[SOME] = {0};
    sem_init(&first[0].done, 0, 0);
    sem_init(&first[1].done, 0, 0);
    cr_assert_eq(lookup_submit(l, &slow, first), ST_OK);
    for (int i = 0; i < SOME; i++) {
        sem_init(&t[i].base.done, 0, 0);
        t[i].base.break_connection =
            i == 3; /* its own ask finds a broken connection: all behind it are answered all the same */
        cr_assert_eq(lookup_submit(l, &some, &t[i]), ST_OK);
        if (i == 1) {
            sem_init(&between.done, 0, 0);
            cr_assert_eq(lookup_submit(l, &other, &between), ST_OK);
        }
    }
    sem_post(&first[1].done);
    wait_for_answer(&first[0]);
    wait_for_answer(&between);
    for (int i = 0; i < SOME; i++) {
        wait_for_answer(&t[i].base);
        cr_expect(t[i].base.had_database);
        cr_expect_eq(t[i].base.asked, i == 3 ? 2 : 1, "question %d", i);
    }
    cr_expect_eq(atomic_load(&largest), LOOKUP_TOGETHER);
    cr_expect(t[0].had_ahead && t[LOOKUP_TOGETHER - 1].had_ahead);
}

/** Left for the one that is at work, but not for long. */
Test(lookup, a_slow_question_holds_up_no_other)
{
    static const struct lookup_kind slow = {.ask = ask_slowly, .done = done}, other = {.ask = ask, .done = done};
    const struct lookup_settings set = {.target = private_database_with_schema("slow"), .threads = 3, .config_ms = 20};
    AUTO(lookup_destroy) struct lookup *l = NULL;
    struct reason why;
    cr_assert_eq(lookup_new(&set, &l, &why), ST_OK);
    cr_assert(waits_for(lookup_database_is_up, l));
    for (int round = 0; round < 20; round++) {
        struct question first[2] = {0}, next = {0};
        sem_init(&first[0].done, 0, 0);
        sem_init(&first[1].done, 0, 0);
        sem_init(&next.done, 0, 0);
        cr_assert_eq(lookup_submit(l, &slow, first), ST_OK);
        cr_assert_eq(lookup_submit(l, &other, &next), ST_OK);
        wait_for_answer(&next);
        sem_post(&first[1].done);
        wait_for_answer(&first[0]);
    }
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
