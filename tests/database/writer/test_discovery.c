/* Network discovery: who scans, and what was found. */
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <pthread.h>
#include <stdio.h>

static const char device[] = "pc-1-2025-11-22-08-00-00";

#define PC(name)   "HARDWARE NAME=" name, "NETWORKS DESCRIPTION=eth0|STATUS=Up|IPMASK=255.255.255.0|IPSUBNET=192.0.2.0"
#define HOST(i, m) "IPDISCOVER/H I=" i "|M=" m "|N=host"

static void start(struct fixture *f, const char *name)
{
    fixture_open(f, name);
    fixture_do(f, "UPDATE config SET IVALUE=0 WHERE NAME='AUTO_DUPLICATE_LVL'");
    fixture_inventory(f, device, 0, ROWS(PC("pc-1")));
    fixture_do(f, "UPDATE hardware SET FIDELITY=5,QUALITY=5");
}

static void elect(struct fixture *f, int kind)
{
    fixture_do(f, "DELETE FROM devices");
    fixture_do(
        f, "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) SELECT ID,'IPDISCOVER',%d,'192.0.2.0' FROM hardware",
        kind);
}

Test(writer_discovery, a_steady_device_is_elected_and_what_it_reports_is_kept, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "discovery_elect");
    expect_sql(&f, "0", "SELECT COUNT(*) FROM devices");
    fixture_inventory(&f, device, 60, ROWS(PC("pc-1")));
    expect_table(&f, "1|192.0.2.0|", "SELECT IVALUE,TVALUE,COMMENTS FROM devices WHERE NAME='IPDISCOVER'");
    fixture_inventory(&f, device, 120,
                      ROWS(PC("pc-1"), HOST("192.0.2.7", "00:11:22:33:44:aa"), HOST("bad", "00:11:22:33:44:bb"),
                           HOST("192.0.2.8", "00:11:22:33:44:AA"), HOST("192.0.2.9", "no")));
    expect_table(&f, "192.0.2.8|00:11:22:33:44:aa|255.255.255.0|192.0.2.0|host|2025-11-22 08:02:00",
                 "SELECT IP,MAC,MASK,NETID,netmap.NAME,DATE FROM netmap JOIN hardware ON ID=HARDWARE_ID");
    fixture_inventory(&f, device, 180, ROWS(PC("pc-1")));
    expect_sql(&f, "0", "SELECT COUNT(*) FROM devices");
}

Test(writer_discovery, a_subnet_that_it_left_has_an_empty_mask, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "discovery_mask");
    elect(&f, 2);
    fixture_do(&f, "UPDATE devices SET TVALUE='198.51.100.0'");
    fixture_inventory(&f, device, 60, ROWS(PC("pc-1"), HOST("198.51.100.7", "00:11:22:33:44:aa")));
    expect_table(&f, "|198.51.100.0", "SELECT MASK,NETID FROM netmap");
    expect_sql(&f, "1", "SELECT COUNT(*) FROM devices");
}

Test(writer_discovery, nothing_is_done_where_it_is_not_wanted, .timeout = 30)
{
    AUTO(fixture_close) struct fixture f;
    start(&f, "discovery_off");
    elect(&f, 0);
    fixture_inventory(&f, device, 60, ROWS(PC("pc-1"), HOST("192.0.2.7", "00:11:22:33:44:aa")));
    fixture_do(&f, "UPDATE devices SET IVALUE=1");
    fixture_do(&f, "INSERT INTO groups_cache (HARDWARE_ID,GROUP_ID) SELECT ID,900 FROM hardware");
    fixture_do(&f, "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE) VALUES (900,'IPDISCOVER',0)");
    fixture_inventory(&f, device, 120, ROWS(PC("pc-1"), HOST("192.0.2.7", "00:11:22:33:44:aa")));
    fixture_do(&f, "DELETE FROM groups_cache");
    fixture_do(&f, "UPDATE config SET IVALUE=0 WHERE NAME='IPDISCOVER'");
    int64_t before = metric_get(&writer_metrics.statements);
    fixture_inventory(&f, device, 180, ROWS(PC("pc-1"), HOST("192.0.2.7", "00:11:22:33:44:aa")));
    int64_t off = metric_get(&writer_metrics.statements) - before;
    expect_sql(&f, "0", "SELECT COUNT(*) FROM netmap");
    fixture_do(&f, "UPDATE config SET IVALUE=2 WHERE NAME='IPDISCOVER'");
    fixture_do(&f, "DELETE FROM devices");
    fixture_do(&f, "UPDATE hardware SET FIDELITY=1");
    before = metric_get(&writer_metrics.statements);
    fixture_inventory(&f, device, 240, ROWS(PC("pc-1")));
    cr_expect_eq(metric_get(&writer_metrics.statements) - before, off + 1, "one statement when there is nothing to do");
}

enum { WRITERS = 4, DEVICES = 5 };

struct contender {
    pthread_t thread;
    struct fixture f;
    int number;
    struct reason why;
    bool failed;
};

static void *contend(void *ctx)
{
    struct contender *t = ctx;
    for (int i = 0; i < DEVICES; i++) {
        char id[64];
        snprintf(id, sizeof id, "pc-%d-%d-2025-11-22-08-00-00", t->number, i);
        fixture_add(&t->f, UPLOAD_INVENTORY, id, i, ROWS(PC("pc")));
        t->failed |= batch_apply(t->f.batch, t->f.applier, &t->why) != ST_OK;
        fixture_forget(&t->f);
    }
    return NULL;
}

Test(writer_discovery, never_more_are_elected_than_are_wanted, .timeout = 30)
{
    struct contender t[WRITERS];
    AUTO(fixture_close) struct fixture f;
    start(&f, "discovery_race");
    fixture_do(&f, "UPDATE config SET IVALUE=1 WHERE NAME='IPDISCOVER_NO_POSTPONE'");
    for (int i = 0; i < WRITERS; i++) {
        t[i] = (struct contender){.number = i};
        fixture_open_at(&t[i].f, &f.target, ABSENT_KEEP, false);
    }
    for (int i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_create(&t[i].thread, NULL, contend, &t[i]), 0);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(t[i].thread, NULL);
        cr_expect_not(t[i].failed, "writer %d: %s", i, t[i].why.text);
        fixture_close(&t[i].f);
    }
    expect_sql(&f, "2", "SELECT COUNT(*) FROM devices WHERE NAME='IPDISCOVER'");
}
