/* Several writers at once, and batches in which one upload cannot be written. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>

#include <pthread.h>

enum { WRITERS = 4, FIRST_CONTACTS = 20 };

struct writer_thread {
    pthread_t thread;
    struct fixture f;
    int number;
    struct reason why;
    bool failed;
};

static void open_threads(struct writer_thread *t, const struct db_target *target)
{
    for (int i = 0; i < WRITERS; i++) {
        t[i] = (struct writer_thread){.number = i};
        fixture_open_at(&t[i].f, target, ABSENT_KEEP, false);
    }
}

static void run_threads(struct writer_thread *t, void *(*run)(void *))
{
    for (int i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_create(&t[i].thread, NULL, run, &t[i]), 0);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(t[i].thread, NULL);
    for (int i = 0; i < WRITERS; i++)
        cr_expect_not(t[i].failed, "writer %d: %s", i, t[i].why.text);
}

static void *first_contacts(void *ctx)
{
    struct writer_thread *t = ctx;
    for (int i = 0; i < FIRST_CONTACTS / WRITERS; i++) {
        fixture_add(&t->f, UPLOAD_INVENTORY, "new-2025-11-22-08-00-00", t->number + i * WRITERS,
                    ROWS("HARDWARE NAME=new", "MEMORIES CAPTION=A", "SOFTWARES NAME=bash"));
        t->failed |= !fixture_try(&t->f, &t->why);
    }
    return NULL;
}

Test(writer_together, twenty_first_contacts_make_one_device, .timeout = 60)
{
    struct writer_thread t[WRITERS];
    struct db_target target = private_database_with_schema("first_contacts");
    open_threads(t, &target);
    run_threads(t, first_contacts);
    expect_table(
        &t[0].f, "1|1|1|1",
        "SELECT (SELECT COUNT(*) FROM hardware WHERE NAME='new'),(SELECT COUNT(*) FROM memories),(SELECT COUNT(*) FROM "
        "software),(SELECT COUNT(*) FROM accountinfo)");
    expect_sql(&t[0].f, "2025-11-22 08:00:19", "SELECT LASTCOME FROM hardware WHERE NAME='new'");
    for (int i = 0; i < WRITERS; i++)
        fixture_close(&t[i].f);
}

static void *many_devices(void *ctx)
{
    struct writer_thread *t = ctx;
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 20; i++) {
            char id[64], soft[64], memory[64];
            snprintf(id, sizeof id, "d%d-2025-11-22-08-00-00", i * WRITERS + t->number);
            snprintf(soft, sizeof soft, "SOFTWARES NAME=soft %d|VERSION=%d", (i * 7 + round) % 30, round);
            snprintf(memory, sizeof memory, "MEMORIES CAPTION=%d", round);
            fixture_add(&t->f, UPLOAD_INVENTORY, id, round,
                        ROWS("HARDWARE NAME=many", memory, "MEMORIES CAPTION=same", soft, "SOFTWARES NAME=bash"));
        }
        t->failed |= !fixture_try(&t->f, &t->why);
    }
    return NULL;
}

Test(writer_together, writers_of_different_devices_do_not_disturb_each_other, .timeout = 60)
{
    struct writer_thread t[WRITERS];
    struct db_target target = private_database_with_schema("many_devices");
    open_threads(t, &target);
    run_threads(t, many_devices);
    expect_table(&t[0].f, "80|160|160|80|31",
                 "SELECT (SELECT COUNT(*) FROM hardware WHERE NAME='many'),(SELECT COUNT(*) FROM memories),(SELECT "
                 "COUNT(*) FROM "
                 "software),(SELECT COUNT(*) FROM accountinfo),(SELECT COUNT(*) FROM software_name)");
    cr_expect_eq(metric_get(&writer_metrics.retries_lock), 0, "%d transactions were repeated",
                 (int)metric_get(&writer_metrics.retries_lock));
    for (int i = 0; i < WRITERS; i++)
        fixture_close(&t[i].f);
}

Test(writer_together, an_upload_that_cannot_be_written_harms_only_itself, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "guilty");
    fixture_do(&f, "CREATE TRIGGER guilty BEFORE INSERT ON memories FOR EACH ROW IF NEW.CAPTION='guilty' THEN SIGNAL "
                   "SQLSTATE '45000' "
                   "SET MESSAGE_TEXT='not this one'; END IF");
    for (int i = 0; i < 9; i++) {
        char id[64];
        snprintf(id, sizeof id, "g%d-2025-11-22-08-00-00", i);
        fixture_add(&f, UPLOAD_INVENTORY, id, 0,
                    ROWS("HARDWARE NAME=split", i == 6 ? "MEMORIES CAPTION=guilty" : "MEMORIES CAPTION=good"));
    }
    struct reason why = {0};
    cr_expect_eq(batch_apply(f.batch, f.applier, &why), ST_OK);
    for (size_t i = 0; i < 9; i++) {
        cr_expect_eq(batch_outcome(f.batch, i, &why), i == 6 ? UPLOAD_REFUSED : UPLOAD_APPLIED, "upload %zu", i);
        cr_expect_eq(strstr(why.text, "not this one") != NULL, i == 6, "upload %zu: %s", i, why.text);
    }
    expect_table(&f, "8|8",
                 "SELECT (SELECT COUNT(*) FROM hardware WHERE NAME='split'),(SELECT COUNT(*) FROM memories)");
    cr_expect_eq(metric_get(&writer_metrics.rejected_database), 1);
}

Test(writer_together, what_is_no_record_is_refused_alone, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "no_record");
    batch_add(f.batch, fixture_id(0), UPLOAD_INVENTORY, "rubbish", 7, NULL);
    struct reason why = {0};
    cr_expect_eq(batch_apply(f.batch, f.applier, &why), ST_OK);
    cr_expect_eq(batch_outcome(f.batch, 0, &why), UPLOAD_REFUSED);
    cr_expect_neq(why.code[0], '\0');
}

Test(writer_together, while_the_database_is_away_nothing_is_refused, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "away");
    fixture_add(&f, UPLOAD_INVENTORY, "x-2025-11-22-08-00-00", 0, ROWS("HARDWARE NAME=later"));
    fixture_do(&f, "RENAME TABLE hardware TO hidden");
    struct reason why = {0};
    cr_expect_eq(batch_apply(f.batch, f.applier, &why), ST_UNAVAILABLE);
    cr_expect_eq(batch_outcome(f.batch, 0, NULL), UPLOAD_WAITS);
    cr_expect_neq(why.text[0], '\0');
    fixture_do(&f, "RENAME TABLE hidden TO hardware");
    fixture_apply(&f);
    expect_sql(&f, "1", "SELECT COUNT(*) FROM hardware WHERE NAME='later'");
}

Test(writer_together, a_lost_connection_is_made_again, .timeout = 60)
{
    AUTO(fixture_close) struct fixture f;
    fixture_open(&f, "lost");
    fixture_inventory(&f, "x-2025-11-22-08-00-00", 0, ROWS("HARDWARE NAME=one"));
    char id[32];
    snprintf(id, sizeof id, "%s",
             fixture_sql(&f, "SELECT ID FROM information_schema.PROCESSLIST WHERE DB='lost' AND ID<>CONNECTION_ID()"));
    fixture_do(&f, "KILL %s", id);
    fixture_inventory(&f, "x-2025-11-22-08-00-00", 1, ROWS("HARDWARE NAME=two"));
    expect_sql(&f, "two", "SELECT NAME FROM hardware WHERE DEVICEID LIKE 'x-%%'");
    cr_expect_geq(metric_get(&writer_metrics.retries_lost), 1);
}
