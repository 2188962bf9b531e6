/* One writer with several connections, fed over a link by a producer that gives out a device's uploads without waiting for each other. */
#include "services/writer/writer.h"
#include "services/writer/writer_metrics.h"
#include "tests/database/writer/fixture.h"

#include <stdio.h>
#include <unistd.h>

enum { LANES = 2, UPLOADS_MAX = 512 };

struct sent {
    struct upload_id id;
    void *record;
    size_t len;
    bool is_out;
    int acks, rejects;
};

/* What is to be written, in the order in which it is given out. */
struct source {
    pthread_mutex_t lock; /* of all below */
    struct sent sent[UPLOADS_MAX];
    size_t count, answered; /* acknowledged or rejected */
};

struct line {
    struct fixture f;
    struct source source;
    struct link_producer *producer;
    struct admin *admin;
    struct writer *writer;
};

static void keep(void *body)
{
    (void)body; /* it may be given out again */
}

static bool give(void *ctx, unsigned kinds, struct link_message *out)
{
    struct source *s = ctx;
    size_t i = 0;
    (void)kinds;
    pthread_mutex_lock(&s->lock);
    while (i < s->count && (s->sent[i].is_out || s->sent[i].acks || s->sent[i].rejects))
        i++;
    bool is_found = i < s->count;
    if (is_found) {
        s->sent[i].is_out = true;
        *out = (struct link_message){.id = s->sent[i].id,
                                     .kind = UPLOAD_INVENTORY,
                                     .body = s->sent[i].record,
                                     .len = s->sent[i].len,
                                     .release = keep};
    }
    pthread_mutex_unlock(&s->lock);
    return is_found;
}

static void hear(void *ctx, struct upload_id id, enum link_verdict verdict, const struct reason *why)
{
    struct source *s = ctx;
    (void)why;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < s->count; i++) {
        if (upload_id_compare(s->sent[i].id, id) != 0)
            continue;
        s->sent[i].is_out = false;
        s->sent[i].acks += verdict == LINK_ACK;
        s->sent[i].rejects += verdict == LINK_REJECT;
        s->answered += verdict == LINK_ACK || verdict == LINK_REJECT;
    }
    pthread_mutex_unlock(&s->lock);
}

/* Ids ascend in the order of adding. */
static void add(struct line *l, const char *deviceid, const char *const *rows)
{
    struct sent *s = &l->source.sent[l->source.count];
    cr_assert_lt(l->source.count, UPLOADS_MAX);
    int seconds = (int)l->source.count + 1;
    *s = (struct sent){.id = fixture_id(seconds)};
    s->record = fixture_record(&l->f, UPLOAD_INVENTORY, deviceid, seconds, rows, &s->len);
    pthread_mutex_lock(&l->source.lock);
    l->source.count++;
    pthread_mutex_unlock(&l->source.lock);
}

static size_t answered(struct line *l)
{
    pthread_mutex_lock(&l->source.lock);
    size_t count = l->source.answered;
    pthread_mutex_unlock(&l->source.lock);
    return count;
}

/* Until all are acknowledged or rejected, or the test's time is over. */
static void send_all(struct line *l)
{
    link_producer_wake(l->producer);
    while (answered(l) < l->source.count)
        fixture_do(&l->f, "DO SLEEP(0.01)");
}

static void start(struct line *l, int lanes, int batch)
{
    static const char *const conditions[] = {"parsers", "database", NULL};
    const struct link_settings link = {.beat_ms = 50};
    const struct link_owner owner = {&l->source, give, hear};
    char address[64];
    struct reason why = {0};
    snprintf(address, sizeof address, "ipc:///tmp/muster-test-lanes-%d.sock", (int)getpid());
    const struct writer_settings set = {.parsers = address,
                                        .link_key = "",
                                        .connections = lanes,
                                        .batch = batch,
                                        .credit = 128,
                                        .record_max = 1 << 20,
                                        .memory_max = 64 << 20,
                                        .dictionary = 1000,
                                        .sections_absent = "keep",
                                        .columns_refresh = 60000,
                                        .config_refresh = 2000,
                                        .assets_refresh = 60000,
                                        .retry_for = 30000};
    cr_assert_eq(admin_start("", "writer", conditions, &l->admin, &why), ST_OK, "%s", why.text);
    cr_assert_eq(link_producer_new(address, &link, &owner, &l->producer, &why), ST_OK, "%s", why.text);
    const struct writer_setup setup = {.set = &set, .target = &l->f.target, .admin = l->admin};
    cr_assert_eq(writer_start(&setup, &l->writer, &why), ST_OK, "%s", why.text);
}

static void open_line(struct line *l, const char *database)
{
    *l = (struct line){0};
    pthread_mutex_init(&l->source.lock, NULL);
    fixture_open(&l->f, database);
}

static void close_line(struct line *l)
{
    writer_destroy(l->writer);
    link_producer_destroy(l->producer);
    admin_stop(l->admin);
    for (size_t i = 0; i < l->source.count; i++)
        free(l->source.sent[i].record);
    fixture_close(&l->f);
    pthread_mutex_destroy(&l->source.lock);
}

static void expect_all_acknowledged(const struct line *l)
{
    for (size_t i = 0; i < l->source.count; i++)
        cr_expect(l->source.sent[i].acks == 1 && l->source.sent[i].rejects == 0, "upload %zu", i);
}

/* ---- order ---- */

enum { DEVICES = 5, REVISIONS = 60 };

static void add_revision(struct line *l, int device, int revision)
{
    char id[64], name[64], memory[64], soft[64];
    snprintf(id, sizeof id, device % 2 ? "d%d-2025-11-22-08-00-00" : "D%d-2025-11-22-08-00-00", device);
    snprintf(name, sizeof name, "HARDWARE NAME=r%d", revision);
    snprintf(memory, sizeof memory, "MEMORIES CAPTION=%d", revision);
    snprintf(soft, sizeof soft, "SOFTWARES NAME=soft %d|VERSION=%d", revision % 7, revision);
    add(l, id, ROWS(name, memory, "MEMORIES CAPTION=same", soft, "SOFTWARES NAME=bash"));
}

/* Every upload is newer than those before it of its device: none may be found to be old. */
static void expect_order(int lanes, int batch, const char *database)
{
    struct line l;
    open_line(&l, database);
    for (int revision = 1; revision <= REVISIONS; revision++)
        for (int device = 0; device < DEVICES; device++)
            add_revision(&l, device, revision);
    start(&l, lanes, batch);
    send_all(&l);
    expect_all_acknowledged(&l);
    expect_table(&l.f, "5|10|10|5|5",
                 "SELECT (SELECT COUNT(*) FROM hardware WHERE NAME='r60'),(SELECT COUNT(*) FROM memories),(SELECT "
                 "COUNT(*) FROM software),(SELECT COUNT(*) FROM memories WHERE CAPTION='60'),(SELECT COUNT(*) FROM "
                 "software s JOIN software_version v ON v.ID=s.VERSION_ID WHERE v.VERSION='60')");
    cr_expect_eq(metric_get(&writer_metrics.skipped), 0, "%d skipped", (int)metric_get(&writer_metrics.skipped));
    cr_expect_eq(metric_get(&writer_metrics.devices_new), DEVICES);
    cr_expect_eq(metric_get(&writer_metrics.devices_changed), (int64_t)DEVICES * (REVISIONS - 1));
    close_line(&l);
}

Test(writer_lanes, revisions_of_few_devices_are_written_in_order_by_one_lane, .timeout = 120)
{
    expect_order(1, 3, "order_one");
}

Test(writer_lanes, revisions_of_few_devices_are_written_in_order_by_two_lanes, .timeout = 120)
{
    expect_order(2, 3, "order_two");
}

Test(writer_lanes, revisions_of_few_devices_are_written_in_order_by_eight_lanes, .timeout = 120)
{
    expect_order(8, 2, "order_eight");
}

/* ---- what devices share ---- */

enum { SHARING = 160, ALIKE = 8, SHARED_WORDS = 10 };

/* As many devices one after the other as are alike have the same new words. */
static void add_words(struct line *l, int device)
{
    char id[64], text[SHARED_WORDS][64];
    const char *rows[SHARED_WORDS + 2] = {"HARDWARE NAME=shares"};
    snprintf(id, sizeof id, "s%d-2025-11-22-08-00-00", device);
    for (int i = 0; i < SHARED_WORDS; i++) {
        snprintf(text[i], sizeof text[i], "SOFTWARES NAME=word %d %d", device / ALIKE, i);
        rows[i + 1] = text[i];
    }
    add(l, id, rows);
}

static void add_registry(struct line *l, int device)
{
    char id[64], text[64];
    snprintf(id, sizeof id, "s%d-2025-11-22-08-00-00", device);
    snprintf(text, sizeof text, "REGISTRY NAME=key|REGVALUE=value %d", device / ALIKE);
    add(l, id, ROWS("HARDWARE NAME=shares", text));
}

static void send_sharing(struct line *l, void (*add_device)(struct line *l, int device))
{
    for (int device = 0; device < SHARING; device++)
        add_device(l, device);
    start(l, ALIKE, 1);
    send_all(l);
    expect_all_acknowledged(l);
    expect_sql(&l->f, "160", "SELECT COUNT(*) FROM hardware WHERE NAME='shares'");
}

Test(writer_lanes, words_and_their_categories_are_there_once, .timeout = 120)
{
    struct line l;
    open_line(&l, "shared");
    fixture_do(&l.f, "INSERT INTO software_categories (ID,CATEGORY_NAME,OS) VALUES (7,'words','ALL')");
    fixture_do(&l.f, "INSERT INTO software_category_exp (CATEGORY_ID,SOFTWARE_EXP,SIGN_VERSION,VERSION,PUBLISHER) "
                     "VALUES (7,'word*','','','')");
    send_sharing(&l, add_words);
    expect_table(&l.f, "1600|200|200",
                 "SELECT (SELECT COUNT(*) FROM software),(SELECT COUNT(*) FROM software_name WHERE NAME LIKE 'word "
                 "%%'),(SELECT COUNT(*) FROM software_categories_link WHERE CATEGORY_ID=7)");
    cr_expect_eq(metric_get(&writer_metrics.words_made), 200, "a word was made twice");
    close_line(&l);
}

Test(writer_lanes, values_of_the_registry_are_in_their_cache_once, .timeout = 120)
{
    struct line l;
    open_line(&l, "shared_registry");
    send_sharing(&l, add_registry);
    expect_table(&l.f, "160|20|1",
                 "SELECT (SELECT COUNT(*) FROM registry),(SELECT COUNT(*) FROM registry_regvalue_cache),(SELECT "
                 "COUNT(*) FROM registry_name_cache)");
    close_line(&l);
}

/* ---- both lanes busy ---- */

static void add_pair(struct line *l, const char *name)
{
    char hardware[64];
    snprintf(hardware, sizeof hardware, "HARDWARE NAME=%s", name);
    add(l, "a-2025-11-22-08-00-00", ROWS(hardware, "MEMORIES CAPTION=A"));
    add(l, "b-2025-11-22-08-00-00", ROWS(hardware, "MEMORIES CAPTION=B"));
}

/* Who waits for a row. INNODB_TRX would say it, but InnoDB makes that table anew only when nobody has read it for 100 ms. A statement that
 * locks rows of small tables and takes as long waits for one. */
#define WAITING                                                                                                        \
    "FROM information_schema.PROCESSLIST WHERE DB=DATABASE() AND COMMAND='Query' AND INFO LIKE '%%FOR UPDATE%%' AND "  \
    "ID<>CONNECTION_ID() AND TIME_MS>100"

static void expect_waiting(struct line *l)
{
    while (strcmp(fixture_sql(&l->f, "SELECT COUNT(*) " WAITING), "2") != 0)
        fixture_do(&l->f, "DO SLEEP(0.01)");
}

/* Each lane has one of two devices and waits for a row that `blocker` has locked. */
static struct db *make_both_wait(struct line *l, const char *database)
{
    open_line(l, database);
    add_pair(l, "first");
    start(l, LANES, 1);
    send_all(l);
    struct db *blocker = private_database_open(&l->f.target);
    cr_assert_eq(db_exec(blocker, "START TRANSACTION"), ST_OK);
    cr_assert_eq(db_exec(blocker, "UPDATE hardware SET DESCRIPTION='locked' WHERE DEVICEID IN "
                                  "('a-2025-11-22-08-00-00','b-2025-11-22-08-00-00')"),
                 ST_OK);
    add_pair(l, "second");
    link_producer_wake(l->producer);
    expect_waiting(l);
    return blocker;
}

Test(writer_lanes, draining_waits_for_both_lanes, .timeout = 120)
{
    struct line l;
    struct db *blocker = make_both_wait(&l, "drain");
    cr_expect_not(writer_drain(l.writer, 0), "both have something in hand");
    cr_expect_eq(db_exec(blocker, "COMMIT"), ST_OK);
    cr_expect(writer_drain(l.writer, 60000));
    writer_destroy(l.writer);
    l.writer = NULL;
    expect_sql(&l.f, "2", "SELECT COUNT(*) FROM hardware WHERE NAME='second'");
    while (answered(&l) < l.source.count)
        fixture_do(&l.f, "DO SLEEP(0.01)");
    expect_all_acknowledged(&l);
    db_close(blocker);
    close_line(&l);
}

Test(writer_lanes, both_lanes_lose_their_connection_and_write_all_the_same, .timeout = 120)
{
    struct line l;
    struct db *blocker = make_both_wait(&l, "lost_lanes");
    char id[2][32];
    for (int i = 0; i < 2; i++)
        snprintf(id[i], sizeof id[i], "%s", fixture_sql(&l.f, "SELECT ID " WAITING " ORDER BY 1 LIMIT %d,1", i));
    for (int i = 0; i < 2; i++)
        fixture_do(&l.f, "KILL %s", id[i]);
    cr_expect_eq(db_exec(blocker, "COMMIT"), ST_OK);
    send_all(&l);
    expect_all_acknowledged(&l);
    expect_sql(&l.f, "2", "SELECT COUNT(*) FROM hardware WHERE NAME='second'");
    cr_expect_geq(metric_get(&writer_metrics.retries_lost), 2);
    db_close(blocker);
    close_line(&l);
}

/* The server takes one connection of the writer and no second one: what there is does all the work. */
Test(writer_lanes, a_lane_that_cannot_connect_leaves_the_work_to_the_other, .timeout = 120)
{
    struct line l;
    open_line(&l, "one_of_two");
    fixture_do(&l.f, "CREATE OR REPLACE USER one_of_two@localhost IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1");
    fixture_do(&l.f, "GRANT ALL ON one_of_two.* TO one_of_two@localhost");
    struct db_target target = l.f.target;
    snprintf(l.f.target.user, sizeof target.user, "one_of_two");
    snprintf(l.f.target.password, sizeof target.password, "x");
    for (int i = 0; i < 40; i++)
        add_revision(&l, i, 1);
    start(&l, LANES, 1);
    l.f.target = target;
    send_all(&l);
    expect_all_acknowledged(&l);
    expect_sql(&l.f, "40", "SELECT COUNT(*) FROM hardware WHERE NAME='r1'");
    cr_expect_eq(metric_get(&writer_metrics.given_back), 0);
    cr_expect_eq(metric_get(&writer_metrics.retries_lost), 0);
    close_line(&l);
}
