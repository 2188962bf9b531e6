/* File systems that say no: no inode, no quota, read-only, a call that they do not have; and what the spool then does without. */
#include "sandbox.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What each of the calls that change something fails with; 0: it does what it should. */
static struct {
    atomic_int make, reserve, punch, write, sync, rename, unlink;
} refusal;

static int fail(int error)
{
    errno = error;
    return -1;
}

static int do_open(int folder, const char *name, int flags, mode_t mode)
{
    bool makes = (flags & O_CREAT) != 0, writes = (flags & O_ACCMODE) != O_RDONLY;
    if (refusal.make && (makes || (writes && refusal.make == EROFS)))
        return fail(refusal.make);
    return spool_calls_real.open(folder, name, flags, mode);
}

static int do_reserve(int fd, off_t len)
{
    return refusal.reserve ? fail(refusal.reserve) : spool_calls_real.reserve(fd, len);
}

static int do_punch(int fd, off_t at, off_t len)
{
    return refusal.punch ? fail(refusal.punch) : spool_calls_real.punch(fd, at, len);
}

static ssize_t do_write(int fd, const struct iovec *parts, int count, off_t at)
{
    return refusal.write ? fail(refusal.write) : spool_calls_real.write(fd, parts, count, at);
}

static int do_sync(int fd)
{
    return refusal.sync ? fail(refusal.sync) : spool_calls_real.sync(fd);
}

static int do_rename(int folder, const char *from, const char *to)
{
    return refusal.rename ? fail(refusal.rename) : spool_calls_real.rename(folder, from, to);
}

static int do_unlink(int folder, const char *name)
{
    return refusal.unlink ? fail(refusal.unlink) : spool_calls_real.unlink(folder, name);
}

static struct spool_calls calls;

static void start(struct sandbox *b)
{
    calls = spool_calls_real;
    calls.open = do_open;
    calls.reserve = do_reserve;
    calls.punch = do_punch;
    calls.write = do_write;
    calls.sync = do_sync;
    calls.rename = do_rename;
    calls.unlink = do_unlink;
    sandbox_start(b);
    sandbox_close(b);
    sandbox_open_with(b, &calls);
}

/* ------------------------------------------------------------- no more room ---- */

/* Not only blocks can be used up. */
Test(file_systems, one_that_is_used_up_in_any_way_refuses_and_recovers_by_itself)
{
    static const struct {
        const char *what;
        atomic_int *call;
        int error;
    } cases[] = {
        {"no inode", &refusal.make, ENOSPC},
        {"no inode for this user", &refusal.make, EDQUOT},
        {"no block", &refusal.reserve, ENOSPC},
        {"no block for this user", &refusal.reserve, EDQUOT},
        {"no block when it is written (copy on write)", &refusal.write, ENOSPC},
        {"no block for this user when it is written", &refusal.write, EDQUOT},
        {"no room in the folder", &refusal.rename, ENOSPC},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sandbox b;
        int taken = 0;
        status st;
        start(&b);
        *cases[i].call = cases[i].error;
        while ((st = sandbox_append(&b, (uint64_t)taken, 'x', 4000, NULL)) == ST_OK && taken < 100)
            taken++;
        cr_expect_eq(st, ST_NO_SPACE, "%s: %s", cases[i].what, status_name(st));
        cr_expect_eq(sandbox_append(&b, 1, 'x', 4000, NULL), ST_NO_SPACE, "%s", cases[i].what);
        cr_expect(spool_count(b.spool).healthy, "%s: full, not broken", cases[i].what);
        cr_expect_eq(spool_count(b.spool).pending, taken, "%s", cases[i].what);
        *cases[i].call = 0;
        cr_expect(BECOMES_TRUE(sandbox_append(&b, 1, 'y', 4000, NULL) == ST_OK, PATIENCE_MS), "%s", cases[i].what);
        sandbox_restart(&b);
        cr_expect_eq(spool_count(b.spool).pending, taken + 1, "%s", cases[i].what);
        sandbox_end(&b);
    }
}

Test(file_systems, without_an_inode_for_the_quarantine_an_upload_stays_pending)
{
    struct sandbox b;
    struct upload_id id;
    start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    refusal.make = ENOSPC;
    spool_verdict(b.spool, id, LINK_REJECT, NULL);
    sandbox_restart(&b); /* the keeper has tried it once more before */
    cr_expect_eq(spool_count(b.spool).pending, 1);
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".upload"), 0);
    refusal.make = 0;
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    spool_verdict(b.spool, id, LINK_REJECT, NULL);
    cr_expect(BECOMES_TRUE(spool_count(b.spool).pending == 0, PATIENCE_MS));
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".upload"), 1);
    sandbox_end(&b);
}

/* Damaged bytes are what somebody may want to look at: their segment is not removed before they are set aside. */
Test(file_systems, without_an_inode_for_damaged_bytes_their_segment_stays)
{
    struct sandbox b;
    struct stat info;
    char path[128];
    start(&b);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(sandbox_append(&b, (uint64_t)i, (char)('a' + i), 100, NULL), ST_OK);
    sandbox_close(&b);
    sandbox_segment(&b, 0, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    cr_assert(fd >= 0 && pwrite(fd, "X", 1, SEGMENT_HEAD) == 1, "the magic of the first record");
    close(fd);
    refusal.make = ENOSPC;
    sandbox_open_with(&b, &calls);
    cr_expect_str_eq(sandbox_drain(&b), "bc");
    sandbox_close(&b);
    cr_assert_eq(stat(path, &info), 0, "nothing lives in it, and it is there");
    refusal.make = 0;
    sandbox_open_with(&b, &calls);
    cr_expect_str_eq(sandbox_drain(&b), "");
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".damaged"), 1);
    cr_expect(BECOMES_TRUE(stat(path, &info) != 0, PATIENCE_MS), "now it may go");
    sandbox_end(&b);
}

/* A gateway that is not ready gets no uploads, so it must not take one to find out that it could be ready again. */
Test(file_systems, what_kept_a_segment_from_being_made_is_tried_again_without_an_upload)
{
    struct sandbox b;
    start(&b);
    refusal.make = EMFILE;
    for (int i = 0; i < 3; i++) /* the keeper prepares the next segment when half of this one is used */
        cr_assert_eq(sandbox_append(&b, 1, 'x', 4000, NULL), ST_OK);
    cr_assert(BECOMES_TRUE(!spool_count(b.spool).healthy, PATIENCE_MS));
    cr_expect_eq(metric_get(&spool_metrics.healthy), 0);
    refusal.make = 0;
    cr_expect(BECOMES_TRUE(spool_count(b.spool).healthy, PATIENCE_MS));
    cr_expect_eq(metric_get(&spool_metrics.healthy), 1);
    cr_expect_eq(sandbox_append(&b, 1, 'x', 4000, NULL), ST_OK);
    sandbox_end(&b);
}

/* ---------------------------------------------------------------- read-only ---- */

static void make_read_only(int error)
{
    refusal.make = refusal.reserve = refusal.punch = refusal.write = refusal.rename = refusal.unlink = error;
}

Test(file_systems, one_that_becomes_read_only_closes_the_spool_which_still_gives_out)
{
    struct sandbox b;
    struct upload_id id;
    start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 2, 'b', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 3, 'c', 10, NULL), ST_OK);
    make_read_only(EROFS);
    cr_expect_eq(sandbox_append(&b, 4, 'd', 10, NULL), ST_IO);
    cr_expect_not(spool_count(b.spool).healthy);
    cr_expect_eq(sandbox_append(&b, 5, 'e', 10, NULL), ST_NO_SPACE);
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    sandbox_ack(&b, id);
    cr_assert_eq(sandbox_next(&b, &id), 'b');
    spool_verdict(b.spool, id, LINK_REJECT, NULL);
    cr_assert_eq(sandbox_next(&b, NULL), 'c');
    sandbox_close(&b);
    make_read_only(0);
    sandbox_open(&b);
    cr_expect_str_eq(sandbox_drain(&b), "abc",
                     "once more: neither could be written down; what was refused is not there");
    sandbox_end(&b);
}

Test(file_systems, one_that_is_read_only_at_the_start_is_refused)
{
    struct sandbox b;
    struct reason why = {0};
    start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    sandbox_close(&b);
    make_read_only(EROFS);
    cr_expect_eq(spool_open_with(&b.set, &calls, &b.spool, &why), ST_IO);
    cr_expect_not_null(strstr(why.text, "segment"), "%s", why.text);
    make_read_only(0);
    sandbox_open(&b);
    cr_expect_str_eq(sandbox_drain(&b), "a");
    sandbox_end(&b);
}

/* ---------------------------------------------------- calls that are not there ---- */

Test(file_systems, without_reservations_the_room_is_written)
{
    struct sandbox b;
    struct stat info;
    char path[128];
    refusal.reserve = EOPNOTSUPP;
    start(&b);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(sandbox_append(&b, (uint64_t)i, (char)('a' + i), 3000, NULL), ST_OK);
    sandbox_segment(&b, 1, path);
    cr_assert_eq(stat(path, &info), 0);
    cr_expect_eq(info.st_size, SANDBOX_SEGMENT);
    cr_expect_geq(info.st_blocks * 512, SANDBOX_SEGMENT);
    sandbox_restart(&b);
    cr_expect_str_eq(sandbox_drain(&b), "abcdefgh");
    sandbox_end(&b);
}

/* What a start finds is then counted in full: the cap holds, and all of it comes back when it is done. */
Test(file_systems, without_holes_a_segment_keeps_all_its_room)
{
    static const int errors[] = {EOPNOTSUPP, ENOSYS, EPERM};
    for (size_t i = 0; i < COUNT(errors); i++) {
        struct sandbox b;
        start(&b);
        cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
        sandbox_close(&b);
        refusal.punch = errors[i];
        sandbox_open_with(&b, &calls);
        cr_expect(spool_count(b.spool).healthy);
        cr_expect_geq(spool_count(b.spool).bytes, 2 * SANDBOX_SEGMENT, "with the one that is written now");
        cr_assert_eq(sandbox_append(&b, 1, 'b', 10, NULL), ST_OK);
        cr_expect_str_eq(sandbox_drain(&b), "ab");
        cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "segments", ".free") == 1, PATIENCE_MS),
                  "whole, so it is used again");
        refusal.punch = 0;
        sandbox_end(&b);
    }
}

/* ----------------------------------------------------------- room for indexes ---- */

/* A full spool has none: what is done makes room for those of the rest, so that its next start is quick, too. */
Test(file_systems, an_index_that_had_no_room_is_made_when_there_is_room)
{
    enum { SEGMENTS = 8, EACH = 3, ALL = SEGMENTS * EACH, EARLY = 3 };
    struct sandbox b;
    struct upload_id ids[ALL];
    start(&b);
    sandbox_close(&b);
    b.set.max = SEGMENTS * SANDBOX_SEGMENT;
    sandbox_open_with(&b, &calls);
    for (int i = 0; i < ALL; i++) {
        cr_assert_eq(sandbox_append(&b, (uint64_t)i, (char)('a' + i), 4000, NULL), ST_OK);
        int written = i / EACH < EARLY ? i / EACH : EARLY;
        cr_assert(i >= EARLY * EACH + 1 ||
                  BECOMES_TRUE(sandbox_count_files(&b, "segments", ".idx") == written, PATIENCE_MS));
    }
    cr_expect_eq(sandbox_append(&b, 1, 'x', 4000, NULL), ST_NO_SPACE);
    cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "segments", ".idx") == 0, PATIENCE_MS), "they gave way");
    for (int i = 0; i < ALL; i++)
        cr_assert_eq(sandbox_next(&b, &ids[i]), 'a' + i);
    for (int i = ALL / 2; i < ALL; i++)
        sandbox_ack(&b, ids[i]);
    cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "segments", ".idx") >= EARLY, PATIENCE_MS), "%d",
              sandbox_count_files(&b, "segments", ".idx"));
    cr_expect_leq(spool_count(b.spool).bytes, b.set.max);
    sandbox_restart(&b);
    cr_expect_str_eq(sandbox_drain(&b), "abcdefghijkl");
    sandbox_end(&b);
}
