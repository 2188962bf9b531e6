/* A disk that refuses, and a process that ends: at every call in turn. */
#include "sandbox.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* The real calls, but for one that fails: the `fault_at`th write, sync, ... of all, or every one of a kind. */
static struct {
    atomic_int count;
    int fault_at;        /* end the process before this call; 0: never */
    atomic_int no_space; /* fail whatever takes room */
    atomic_int no_sync;  /* fail fdatasync() */
} plan;

static void step(void)
{
    if (atomic_fetch_add(&plan.count, 1) + 1 == plan.fault_at)
        _exit(7);
}

static int fail(int error)
{
    errno = error;
    return -1;
}

static int do_open(int folder, const char *name, int flags, mode_t mode)
{
    step();
    return spool_calls_real.open(folder, name, flags, mode);
}

static int do_reserve(int fd, off_t len)
{
    step();
    return plan.no_space ? fail(ENOSPC) : spool_calls_real.reserve(fd, len);
}

static int do_punch(int fd, off_t at, off_t len)
{
    step();
    return spool_calls_real.punch(fd, at, len);
}

/* Half of a write happens: a process can end in the midst of it. */
static ssize_t do_write(int fd, const struct iovec *parts, int count, off_t at)
{
    if (atomic_load(&plan.count) + 1 == plan.fault_at && count > 1)
        (void)!spool_calls_real.write(fd, parts, count / 2, at);
    step();
    return plan.no_space ? fail(ENOSPC) : spool_calls_real.write(fd, parts, count, at);
}

static int do_sync(int fd)
{
    step();
    return plan.no_sync ? fail(EIO) : spool_calls_real.sync(fd);
}

static int do_sync_folder(int fd)
{
    step();
    return spool_calls_real.sync_folder(fd);
}

static int do_rename(int folder, const char *from, const char *to)
{
    step();
    return spool_calls_real.rename(folder, from, to);
}

static int do_unlink(int folder, const char *name)
{
    step();
    return spool_calls_real.unlink(folder, name);
}

static struct spool_calls faulty(void)
{
    struct spool_calls c = spool_calls_real;
    c.open = do_open;
    c.reserve = do_reserve;
    c.punch = do_punch;
    c.write = do_write;
    c.sync = do_sync;
    c.sync_folder = do_sync_folder;
    c.rename = do_rename;
    c.unlink = do_unlink;
    return c;
}

Test(faults, a_failed_sync_closes_the_spool_and_answers_io)
{
    struct sandbox b;
    struct spool_calls calls = faulty();
    sandbox_start(&b);
    sandbox_close(&b);
    sandbox_open_with(&b, &calls);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    plan.no_sync = 1;
    cr_expect_eq(sandbox_append(&b, 2, 'b', 10, NULL), ST_IO);
    plan.no_sync = 0;
    cr_expect_eq(sandbox_append(&b, 3, 'c', 10, NULL), ST_NO_SPACE, "not believed again");
    struct spool_counts c = spool_count(b.spool);
    cr_expect(!c.healthy && c.pending == 1);
    cr_expect_str_eq(sandbox_drain(&b), "a", "what rests in it is still delivered");
    sandbox_end(&b);
}

Test(faults, a_full_disk_refuses_and_recovers_by_itself)
{
    struct sandbox b;
    struct spool_calls calls = faulty();
    sandbox_start(&b);
    sandbox_close(&b);
    sandbox_open_with(&b, &calls);
    plan.no_space = 1;
    int taken = 0;
    status st;
    while ((st = sandbox_append(&b, (uint64_t)taken, 'x', 4000, NULL)) == ST_OK && taken < 100)
        taken++;
    cr_expect_eq(st, ST_NO_SPACE);
    cr_expect_eq(sandbox_append(&b, 1, 'x', 4000, NULL), ST_NO_SPACE);
    plan.no_space = 0;
    cr_expect(BECOMES_TRUE(sandbox_append(&b, 1, 'y', 4000, NULL) == ST_OK, PATIENCE_MS));
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, taken + 1);
    sandbox_end(&b);
}

Test(faults, a_full_quarantine_disk_keeps_the_upload_pending)
{
    struct sandbox b;
    struct spool_calls calls = faulty();
    struct upload_id id;
    sandbox_start(&b);
    sandbox_close(&b);
    sandbox_open_with(&b, &calls);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_next(&b, &id), 'a');
    plan.no_space = 1;
    int before = atomic_load(&plan.count);
    spool_verdict(b.spool, id, LINK_REJECT, NULL);
    cr_assert(BECOMES_TRUE(atomic_load(&plan.count) > before + 2, PATIENCE_MS), "it was tried");
    cr_expect_eq(spool_count(b.spool).pending, 1);
    plan.no_space = 0;
    cr_expect(BECOMES_TRUE(spool_count(b.spool).pending == 0, PATIENCE_MS));
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".upload"), 1);
    sandbox_end(&b);
}

static int reject_until_full(struct sandbox *b)
{
    int rejected = 0;
    struct upload_id id;
    while (rejected < 100 && sandbox_append(b, 1, 'q', 4000, NULL) == ST_OK) {
        cr_assert_eq(sandbox_next(b, &id), 'q');
        spool_verdict(b->spool, id, LINK_REJECT, NULL);
        cr_assert(BECOMES_TRUE(spool_count(b->spool).pending == 0, PATIENCE_MS));
        rejected++;
    }
    return rejected;
}

/* Whatever is in quarantine stays until an operator has looked, and counts into the size of the spool. */
Test(faults, a_quarantine_that_has_grown_too_far_stops_the_intake_and_loses_nothing)
{
    struct sandbox b;
    sandbox_start(&b);
    int rejected = reject_until_full(&b);
    cr_expect(rejected > 50 && rejected < 16 * SANDBOX_SEGMENT / 4000, "%d", rejected);
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".upload"), rejected);
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".reason"), rejected);
    cr_expect_eq(spool_count(b.spool).quarantined, rejected);
    sandbox_restart(&b);
    rejected += reject_until_full(&b);
    cr_expect_eq(spool_count(b.spool).quarantined, rejected);
    cr_expect_leq(spool_count(b.spool).quarantine_bytes, b.set.max);
    sandbox_empty(&b, "quarantine");
    cr_expect(BECOMES_TRUE(sandbox_append(&b, 1, 'y', 4000, NULL) == ST_OK, PATIENCE_MS), "by itself");
    cr_expect(BECOMES_TRUE(spool_count(b.spool).quarantined == 0, PATIENCE_MS));
    sandbox_end(&b);
}

/* Into quarantine; its name there is put into `path`, without the suffix. */
static struct upload_id reject_one(struct sandbox *b, uint64_t device, char fill, char path[128])
{
    struct upload_id id;
    char name[UPLOAD_ID_TEXT];
    cr_assert_eq(sandbox_append(b, device, fill, 100, NULL), ST_OK);
    cr_assert_eq(sandbox_next(b, &id), fill);
    spool_verdict(b->spool, id, LINK_REJECT, NULL);
    cr_assert(BECOMES_TRUE(spool_count(b->spool).pending == 0, PATIENCE_MS));
    snprintf(path, 128, "%s/quarantine/%s", b->folder, upload_id_text(id, name));
    return id;
}

static void ask_for_replay(const char *path)
{
    char from[160], to[160];
    snprintf(from, sizeof from, "%s.upload", path);
    snprintf(to, sizeof to, "%s.replay", path);
    cr_assert_eq(rename(from, to), 0);
}

Test(faults, what_is_replayed_is_offered_with_its_own_id_also_after_a_restart)
{
    struct sandbox b;
    struct upload_id old, again;
    char path[128];
    sandbox_start(&b);
    old = reject_one(&b, 1, 'o', path);
    cr_assert_eq(sandbox_append(&b, 2, 'n', 100, NULL), ST_OK);
    ask_for_replay(path);
    cr_assert(BECOMES_TRUE(spool_count(b.spool).pending == 2, PATIENCE_MS), "while it runs");
    cr_expect(BECOMES_TRUE(spool_count(b.spool).quarantined == 0, PATIENCE_MS));
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".reason"), 0);
    cr_assert_eq(sandbox_append(&b, 3, 'm', 100, NULL), ST_OK);
    sandbox_restart(&b);
    cr_expect_eq(spool_count(b.spool).pending, 3, "an id that is older than those before it is no damage");
    cr_assert_eq(sandbox_next(&b, NULL), 'n');
    cr_assert_eq(sandbox_next(&b, &again), 'o');
    cr_expect(again.hi == old.hi && again.lo == old.lo);
    spool_verdict(b.spool, again, LINK_REJECT, NULL);
    cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "quarantine", ".upload") == 1, PATIENCE_MS), "and may come back");
    sandbox_close(&b);
    ask_for_replay(path);
    sandbox_open(&b);
    cr_expect(BECOMES_TRUE(spool_count(b.spool).pending == 3, PATIENCE_MS), "at the start, too");
    sandbox_end(&b);
}

Test(faults, what_is_no_upload_is_not_replayed_but_kept)
{
    struct sandbox b;
    char path[128], file[160];
    sandbox_start(&b);
    reject_one(&b, 1, 'x', path);
    snprintf(file, sizeof file, "%s.upload", path);
    cr_assert_eq(truncate(file, 20), 0);
    ask_for_replay(path);
    cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "quarantine", ".upload") == 1, PATIENCE_MS));
    cr_expect_eq(spool_count(b.spool).pending, 0);
    sandbox_end(&b);
}

Test(faults, a_replay_into_a_full_spool_waits)
{
    struct sandbox b;
    struct upload_id id;
    char path[128];
    sandbox_start(&b);
    reject_one(&b, 1, 'r', path);
    while (sandbox_append(&b, 2, 'f', 4000, NULL) == ST_OK)
        ;
    int64_t full = spool_count(b.spool).pending;
    int64_t refused = metric_get(&spool_metrics.refused_full);
    ask_for_replay(path);
    cr_assert(BECOMES_TRUE(metric_get(&spool_metrics.refused_full) > refused, PATIENCE_MS), "it was tried");
    cr_expect_eq(spool_count(b.spool).pending, full);
    cr_expect_eq(sandbox_count_files(&b, "quarantine", ".replay"), 1);
    for (int i = 0; i < 8; i++) {
        cr_assert_eq(sandbox_next(&b, &id), 'f');
        sandbox_ack(&b, id);
    }
    cr_expect(BECOMES_TRUE(sandbox_count_files(&b, "quarantine", ".replay") == 0, PATIENCE_MS));
    cr_expect_eq(spool_count(b.spool).pending, full - 8 + 1);
    sandbox_end(&b);
}

/* ------------------------------------------------------ the process ends ---- */

/* What the child was told is durable, and what it has acknowledged, survive it in a pipe: two letters each. */
static void live(struct sandbox *b, int pipe_end)
{
    struct spool_calls calls = faulty();
    struct upload_id id;
    sandbox_open_with(b, &calls);
    for (int i = 0; i < 12; i++) {
        char said[2] = {'+', (char)('a' + i)};
        if (sandbox_append(b, (uint64_t)i % 3, said[1], 3000, NULL) == ST_OK)
            (void)!write(pipe_end, said, 2);
        int first = i % 2 ? sandbox_next(b, &id) : -1;
        if (first < 0)
            continue;
        said[0] = '-';
        said[1] = (char)first;
        (void)!write(pipe_end, said, 2);
        spool_verdict(b->spool, id, first % 5 ? LINK_ACK : LINK_REJECT, NULL);
    }
    sandbox_close(b);
    _exit(0);
}

/* @return false when the child lived to its end */
static bool live_until(struct sandbox *b, int fault_at, bool stored[128], bool answered[128])
{
    int ends[2], state;
    cr_assert_eq(pipe(ends), 0);
    plan.fault_at = fault_at;
    pid_t child = fork();
    if (child == 0)
        live(b, ends[1]);
    close(ends[1]);
    for (char said[2]; read(ends[0], said, 2) == 2;)
        (said[0] == '+' ? stored : answered)[(int)said[1]] = true;
    close(ends[0]);
    waitpid(child, &state, 0);
    cr_assert(WIFEXITED(state) && (WEXITSTATUS(state) == 7 || WEXITSTATUS(state) == 0), "state %x", (unsigned)state);
    return WEXITSTATUS(state) == 7;
}

/* 12 uploads are accepted, half of them answered; the process ends before the n-th call, for every n. */
Test(faults, a_process_that_ends_at_any_call_loses_nothing)
{
    bool goes_on = true;
    int points = 0;
    for (int n = 1; goes_on && n < 400; n++) {
        struct sandbox b;
        bool stored[128] = {false}, answered[128] = {false}, is_found[128] = {false};
        sandbox_start(&b);
        sandbox_close(&b);
        goes_on = live_until(&b, n, stored, answered);
        points += goes_on;
        sandbox_open(&b);
        for (const char *p = sandbox_drain(&b); *p; p++) {
            cr_expect_not(is_found[(int)*p], "call %d: %c twice", n, *p);
            is_found[(int)*p] = true;
        }
        for (int c = 'a'; c <= 'l'; c++)
            cr_expect(!stored[c] || is_found[c] || answered[c], "call %d: %c is lost", n, c);
        int rejected = (answered['d'] && !is_found['d']) + (answered['i'] && !is_found['i']);
        cr_expect_geq(sandbox_count_files(&b, "quarantine", ".upload"), rejected, "call %d", n);
        sandbox_end(&b);
    }
    cr_expect_not(goes_on, "the last round ends by itself");
    cr_expect_gt(points, 60, "%d", points);
}
