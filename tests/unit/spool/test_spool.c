#include "sandbox.h"

#include "common/base/clock.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

Test(spool, an_upload_comes_out_as_it_went_in)
{
    struct sandbox b;
    sandbox_start(&b);
    struct upload_id id, out;
    cr_assert_eq(sandbox_append(&b, 1, 'a', 1234, &id), ST_OK);
    struct spool_counts c = spool_count(b.spool);
    cr_expect(c.pending == 1 && c.in_flight == 0 && c.healthy && c.oldest_us == (int64_t)id.hi);
    cr_expect_eq(id.lo >> 48, 7, "the gateway's id");
    cr_expect_eq(sandbox_next(&b, &out), 'a');
    cr_expect(out.hi == id.hi && out.lo == id.lo);
    cr_expect_eq(spool_count(b.spool).in_flight, 1);
    cr_expect_eq(sandbox_next(&b, NULL), -1, "given out once");
    sandbox_ack(&b, id);
    c = spool_count(b.spool);
    cr_expect(c.pending == 0 && c.in_flight == 0 && c.oldest_us == 0);
    sandbox_end(&b);
}

Test(spool, survives_a_restart_until_it_is_acknowledged)
{
    struct sandbox b;
    struct upload_id id;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 100, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 2, 'b', 0, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 3, 'c', 7000, NULL), ST_OK);
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 3);
    cr_expect_eq(sandbox_next(&b, &id), 'a');
    sandbox_ack(&b, id);
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 2);
    cr_expect_eq(sandbox_next(&b, NULL), 0);
    cr_expect_eq(sandbox_next(&b, NULL), 'c');
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 2, "given out is not done");
    sandbox_end(&b);
}

Test(spool, a_second_process_is_kept_out)
{
    struct sandbox b;
    sandbox_start(&b);
    struct spool *second = NULL;
    struct reason why;
    cr_expect_eq(spool_open(&b.set, &second, &why), ST_CONFLICT);
    cr_expect_null(second);
    sandbox_end(&b);
}

Test(spool, one_device_in_order_others_beside_it)
{
    struct sandbox b;
    struct upload_id a1, b1, a2;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, '1', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 1, '2', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 2, '3', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 1, '4', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 3, '5', 10, NULL), ST_OK);
    cr_expect_eq(sandbox_next(&b, &a1), '1');
    cr_expect_eq(sandbox_next(&b, &b1), '3');
    sandbox_ack(&b, a1);
    cr_expect_eq(sandbox_next(&b, &a2), '2', "older than 5: first");
    sandbox_ack(&b, a2);
    sandbox_ack(&b, b1);
    cr_expect_str_eq(sandbox_drain(&b), "45");
    sandbox_end(&b);
}

Test(spool, kinds_are_given_to_those_who_take_them)
{
    struct sandbox b;
    struct link_message m;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append_kind(&b, UPLOAD_CONTACT, 1, 'c', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append_kind(&b, UPLOAD_INVENTORY, 2, 'i', 10, NULL), ST_OK);
    cr_assert(spool_next(b.spool, UPLOAD_MASK(UPLOAD_INVENTORY) | UPLOAD_MASK(UPLOAD_SNMP), &m));
    cr_expect_eq(m.kind, UPLOAD_INVENTORY);
    m.release(m.body);
    cr_expect_not(spool_next(b.spool, UPLOAD_MASK(UPLOAD_INVENTORY), &m));
    cr_expect_eq(sandbox_next(&b, NULL), 'c');
    sandbox_end(&b);
}

Test(spool, a_lost_delivery_comes_again_at_once_and_a_poisonous_one_not_for_ever)
{
    struct sandbox b;
    struct upload_id id;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'p', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 1, 'q', 10, NULL), ST_OK);
    for (int i = 0; i < 3; i++) {
        cr_assert(BECOMES_TRUE(sandbox_next(&b, &id) == 'p', PATIENCE_MS), "attempt %d",
                  i); /* a suspect: after a pause */
        spool_verdict(b.spool, id, LINK_LOST, NULL);
    }
    cr_expect(BECOMES_TRUE(spool_count(b.spool).pending == 1, PATIENCE_MS));
    cr_expect_eq(spool_count(b.spool).quarantined, 1);
    cr_expect_str_eq(sandbox_drain(&b), "q");
    char path[128];
    snprintf(path, sizeof path, "%s/quarantine/%016llx-%016llx.reason", b.folder, (unsigned long long)id.hi,
             (unsigned long long)id.lo);
    char line[64] = "";
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    cr_expect_not_null(fgets(line, sizeof line, f));
    fclose(f);
    cr_expect_str_eq(line, "poison\n");
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 0, "what is in quarantine is not offered again");
    cr_expect_eq(spool_count(b.spool).quarantined, 1);
    sandbox_end(&b);
}

Test(spool, a_rejected_upload_rests_in_quarantine_with_its_bytes)
{
    struct sandbox b;
    struct upload_id id;
    struct reason why;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'r', 500, NULL), ST_OK);
    cr_assert_eq(sandbox_next(&b, &id), 'r');
    reason_set(&why, "xml_doctype", "a DOCTYPE");
    spool_verdict(b.spool, id, LINK_REJECT, &why);
    cr_expect(BECOMES_TRUE(spool_count(b.spool).pending == 0, PATIENCE_MS));
    char path[128], name[UPLOAD_ID_TEXT], bytes[1024];
    snprintf(path, sizeof path, "%s/quarantine/%s.upload", b.folder, upload_id_text(id, name));
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f);
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    struct upload_head head;
    struct view body;
    cr_assert_eq(upload_head_decode(bytes, len, &head, &body), ST_OK);
    cr_expect_eq(body.len, 500);
    sandbox_end(&b);
}

Test(spool, a_retry_waits_and_holds_back_its_device_only)
{
    struct sandbox b;
    struct upload_id id;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 1, 'b', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 2, 'c', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    int64_t start = clock_steady_ms();
    spool_verdict(b.spool, id, LINK_RETRY, NULL);
    cr_expect_str_eq(sandbox_drain(&b), "c");
    struct link_message m;
    cr_assert(BECOMES_TRUE(spool_next(b.spool, ALL_KINDS, &m), PATIENCE_MS));
    cr_expect_geq(clock_steady_ms() - start, 95);
    cr_expect_eq(m.id.hi, id.hi);
    cr_expect_eq(m.attempt, 1);
    m.release(m.body);
    sandbox_end(&b);
}

static void count_wake(void *ctx)
{
    atomic_fetch_add((atomic_int *)ctx, 1);
}

Test(spool, tells_when_there_is_work)
{
    struct sandbox b;
    static atomic_int wakes;
    struct upload_id id;
    sandbox_start(&b);
    spool_on_work(b.spool, count_wake, &wakes);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    cr_expect(BECOMES_TRUE(wakes == 1, PATIENCE_MS));
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    spool_verdict(b.spool, id, LINK_RETRY, NULL);
    cr_expect(BECOMES_TRUE(wakes == 3, PATIENCE_MS), "at the verdict, and when the pause is over");
    sandbox_end(&b);
}

Test(spool, an_unknown_verdict_changes_nothing)
{
    struct sandbox b;
    struct upload_id id;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, &id), ST_OK);
    spool_verdict(b.spool, id, LINK_ACK, NULL); /* not given out */
    cr_assert_eq(sandbox_next(&b, NULL), 'a');
    sandbox_ack(&b, (struct upload_id){id.hi, id.lo + 1});
    cr_expect_eq(spool_count(b.spool).pending, 1);
    sandbox_ack(&b, id);
    sandbox_ack(&b, id);
    cr_expect_eq(spool_count(b.spool).pending, 0);
    cr_expect_eq(spool_count(b.spool).in_flight, 0);
    sandbox_end(&b);
}

Test(spool, knows_whose_inventory_is_on_its_way)
{
    struct sandbox b;
    struct upload_id first, second, id;
    int64_t received = 0;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append_kind(&b, UPLOAD_CONTACT, 5, 'c', 10, NULL), ST_OK);
    cr_expect_not(spool_inventory_pending(b.spool, 5, NULL));
    cr_assert_eq(sandbox_append(&b, 5, 'a', 10, &first), ST_OK);
    cr_assert_eq(sandbox_append(&b, 5, 'b', 10, &second), ST_OK);
    cr_expect(spool_inventory_pending(b.spool, 5, &received));
    cr_expect_eq(received, (int64_t)second.hi);
    cr_expect_not(spool_inventory_pending(b.spool, 6, NULL));
    for (int i = 0; i < 3; i++) {
        cr_expect(spool_inventory_pending(b.spool, 5, NULL), "%d", i);
        cr_assert_neq(sandbox_next(&b, &id), -1);
        sandbox_ack(&b, id);
    }
    cr_expect_not(spool_inventory_pending(b.spool, 5, NULL));
    sandbox_end(&b);
}

Test(spool, refuses_when_full_and_takes_again_after_acknowledgements)
{
    struct sandbox b;
    sandbox_start(&b);
    int taken = 0;
    status st;
    while ((st = sandbox_append(&b, (uint64_t)taken, 'x', 4000, NULL)) == ST_OK)
        taken++;
    cr_expect_eq(st, ST_NO_SPACE);
    cr_expect_eq(taken, 16 * 3, "three of 4 KB fit a segment of 16 KiB");
    cr_expect_eq(sandbox_append(&b, 1, 'x', 4000, NULL), ST_NO_SPACE);
    cr_expect(BECOMES_TRUE(spool_count(b.spool).bytes <= b.set.max, PATIENCE_MS), "indexes give way");
    for (int i = 0; i < 3; i++) {
        struct upload_id id;
        cr_assert_eq(sandbox_next(&b, &id), 'x');
        sandbox_ack(&b, id);
    }
    cr_expect(BECOMES_TRUE(sandbox_append(&b, 1, 'y', 4000, NULL) == ST_OK, PATIENCE_MS),
              "a whole segment is free again");
    cr_expect_eq(spool_count(b.spool).pending, 16 * 3 - 3 + 1);
    sandbox_end(&b);
}

Test(spool, holds_so_many_uploads_and_no_more)
{
    struct sandbox b;
    struct upload_id id;
    sandbox_start(&b);
    b.set.pending_max = 4;
    sandbox_restart(&b);
    for (int i = 0; i < 4; i++)
        cr_assert_eq(sandbox_append(&b, (uint64_t)i, (char)('a' + i), 10, NULL), ST_OK);
    cr_expect_eq(sandbox_append(&b, 4, 'x', 10, NULL), ST_NO_SPACE);
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    cr_expect_eq(sandbox_append(&b, 4, 'x', 10, NULL), ST_NO_SPACE, "given out is not done");
    sandbox_ack(&b, id);
    cr_expect_eq(sandbox_append(&b, 4, 'e', 10, NULL), ST_OK);
    b.set.pending_max = 2;
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 4, "what is there is kept");
    cr_expect_eq(sandbox_append(&b, 4, 'x', 10, NULL), ST_NO_SPACE);
    cr_expect_str_eq(sandbox_drain(&b), "bcde");
    cr_expect_eq(sandbox_append(&b, 4, 'f', 10, NULL), ST_OK);
    sandbox_end(&b);
}

Test(spool, segments_are_used_again)
{
    struct sandbox b;
    sandbox_start(&b);
    b.set.max = 4 * SANDBOX_SEGMENT;
    sandbox_restart(&b);
    for (int i = 0; i < 100; i++) {
        cr_assert(BECOMES_TRUE(sandbox_append(&b, 1, (char)('a' + i % 26), 3000, NULL) == ST_OK, PATIENCE_MS), "%d", i);
        cr_assert_eq(strlen(sandbox_drain(&b)), 1);
    }
    cr_expect_leq(sandbox_count_files(&b, "segments", ""), 4 + 2);
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 0);
    sandbox_end(&b);
}

/* As a gateway that crashes again and again: each start leaves a segment that is hardly used. */
Test(spool, many_starts_do_not_fill_it)
{
    enum { STARTS = 100 };
    struct sandbox b;
    sandbox_start(&b);
    b.set.segment_size = 256 << 10;
    b.set.max = 8 * b.set.segment_size;
    for (int i = 0; i < STARTS; i++) {
        sandbox_restart(&b);
        cr_assert_eq(sandbox_append(&b, (uint64_t)i, 'x', 100, NULL), ST_OK, "start %d", i);
    }
    struct spool_counts c = spool_count(b.spool);
    cr_expect_eq(c.pending, STARTS);
    cr_expect_leq(c.bytes, (STARTS - 1) * (2 * 4096 + 200) + 2 * b.set.segment_size, "%lld", (long long)c.bytes);
    cr_expect_eq(strlen(sandbox_drain(&b)), STARTS);
    cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "segments", ".seg") <= 2, PATIENCE_MS), "all of it comes back");
    cr_expect_leq(spool_count(b.spool).bytes, 2 * b.set.segment_size);
    sandbox_end(&b);
}

/* One that was given back in part has no room any more, one that a crash left to be used again may have none. */
Test(spool, what_is_used_again_has_all_its_room)
{
    struct sandbox b;
    char path[128], to[128];
    struct stat info;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'x', 100, NULL), ST_OK);
    sandbox_restart(&b);
    sandbox_segment(&b, 1, path);
    unlink(path); /* the active one, in which nothing is */
    sandbox_segment(&b, 0, path);
    cr_assert_eq(stat(path, &info), 0);
    if (info.st_blocks * 512 >= SANDBOX_SEGMENT)
        cr_log_warn("this file system makes no holes: only half of this is tested\n");
    sandbox_close(&b);
    snprintf(to, sizeof to, "%.*s.free", (int)(strlen(path) - strlen(".seg")), path);
    cr_assert_eq(rename(path, to), 0);
    sandbox_open(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'y', 100, NULL), ST_OK);
    cr_expect_eq(access(to, F_OK), -1, "it is used again");
    sandbox_segment(&b, 0, path);
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_geq(info.st_blocks * 512, SANDBOX_SEGMENT);
    sandbox_end(&b);
}

Test(spool, too_large_is_told_at_once)
{
    struct sandbox b;
    sandbox_start(&b);
    cr_expect_eq(sandbox_append(&b, 1, 'x', SANDBOX_SEGMENT, NULL), ST_TOO_BIG);
    cr_expect_eq(sandbox_append(&b, 1, 'x', SANDBOX_SEGMENT - 200, NULL), ST_OK);
    sandbox_end(&b);
}

static int64_t stopped_clock(void)
{
    return 1000;
}

Test(spool, ids_ascend_over_restarts_and_clocks_set_back)
{
    struct sandbox b;
    struct upload_id last = {0}, id;
    struct spool_calls past = spool_calls_real;
    sandbox_start(&b);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            cr_assert_eq(sandbox_append(&b, 1, 'x', 10, &id), ST_OK);
            cr_expect_gt(upload_id_compare(id, last), 0);
            cr_expect_gt(id.hi, last.hi);
            last = id;
        }
        sandbox_drain(&b);
        sandbox_close(&b);
        past.wall_us = stopped_clock;
        sandbox_open_with(&b, &past);
    }
    sandbox_end(&b);
}

Test(spool, refuses_settings_that_cannot_work)
{
    static const struct {
        const char *what;
        int64_t max, segment_size;
    } cases[] = {
        {"no segment", 1 << 20, 0},
        {"a segment above the whole", 1 << 20, 2 << 20},
        {"a segment above 4 GiB", INT64_MAX, (int64_t)5 << 30},
    };
    struct sandbox b;
    sandbox_start(&b);
    sandbox_close(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct spool_settings set = b.set;
        struct spool *s = NULL;
        struct reason why;
        set.max = cases[i].max;
        set.segment_size = cases[i].segment_size;
        cr_expect_eq(spool_open(&set, &s, &why), ST_INVALID, "%s", cases[i].what);
    }
    sandbox_open(&b);
    sandbox_end(&b);
}

/* ---------------------------------------------------------- group commit ---- */

enum { THREADS = 8, EACH = 60 };

static void *append_many(void *arg)
{
    for (int i = 0; i < EACH; i++)
        cr_assert_eq(sandbox_append(arg, (uint64_t)i, 'g', 200, NULL), ST_OK);
    return NULL;
}

Test(spool, many_threads_share_commits_and_lose_nothing)
{
    struct sandbox b;
    pthread_t threads[THREADS];
    sandbox_start(&b);
    int64_t commits = metric_get(&spool_metrics.commits);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, append_many, &b);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(spool_count(b.spool).pending, THREADS * EACH);
    cr_expect_lt(metric_get(&spool_metrics.commits) - commits, THREADS * EACH, "groups, not one by one");
    sandbox_restart(&b);
    cr_expect_eq(strlen(sandbox_drain(&b)), THREADS * EACH);
    sandbox_end(&b);
}

Test(spool, an_append_that_nobody_waits_for_is_copied_and_kept)
{
    struct sandbox b;
    sandbox_start(&b);
    char body[] = "zzzz";
    const struct upload_head head = {.kind = UPLOAD_CONTACT, .device_hash = 9};
    cr_assert_eq(spool_append(b.spool, &head, (struct view){body, 4}, NULL, NULL), ST_OK);
    memset(body, 0, sizeof body);
    cr_expect_eq(spool_count(b.spool).pending, 1, "from the moment it was taken");
    sandbox_restart(&b);
    cr_expect_str_eq(sandbox_drain(&b), "z");
    sandbox_end(&b);
}
