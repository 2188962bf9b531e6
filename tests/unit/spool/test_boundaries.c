/*
 * The spool on a disk that fails at every one of its calls in turn (disk.h): the process ends before it or in the midst of it, the
 * power goes, it answers EIO or ENOSPC, it is short. Whatever happened, after the next start
 *
 *   every upload that was answered "stored" and not yet acknowledged is there, once and whole,
 *   or, if it was rejected, in quarantine;
 *   what was answered "not stored" is not there;
 *   what was not answered, or was acknowledged, is there at most once;
 *   nothing else is;
 *   and the spool takes uploads again.
 */
#include "disk.h"
#include "sandbox.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OLD = 7,     /* uploads that rest in the folder at the start: a segment that is full, with its index, and another */
    DAMAGED = 1, /* which of them is damaged */
    UPLOADS = 41,    /* of both lives, those included; so many that the first leaves a segment that is mostly unused */
    TOGETHER = 3,    /* appended at once, so that groups are written */
    BODY = 3000,     /* five fit a segment */
    SEGMENTS = 5,    /* so that it also gets full */
    CALLS_MAX = 600, /* of one life */
    NAME_ROOM = 64,
};

enum answer { NOT_ASKED, NOT_ANSWERED, STORED, REFUSED };
enum fate { PENDING, ACKED, REJECTED };

struct sent {
    enum answer answer;
    enum fate fate;
    struct upload_id id;
    int found; /* after the next start */
};

struct life {
    struct sandbox box;
    pthread_mutex_t lock;
    pthread_cond_t answered;
    int open_answers;
    struct sent sent[UPLOADS];
};

struct ask {
    struct life *life;
    int which;
    uint8_t body[BODY];
};

/* ------------------------------------------------------------------ life ---- */

/* Bodies differ in length and content, and say which upload they are. */
static size_t make_body(int which, uint8_t *body)
{
    size_t len = BODY - (size_t)which * 7;
    memset(body, 'a' + which % 26, len);
    put_be32(body, (uint32_t)which);
    return len;
}

static int which_body(struct view body)
{
    uint8_t want[BODY];
    int which = body.len >= 4 ? (int)get_be32(body.data) : -1;
    if (which < 0 || which >= UPLOADS || make_body(which, want) != body.len || memcmp(want, body.data, body.len) != 0)
        return -1;
    return which;
}

/* The answer counts only if the process still lives to give it. */
static void answer(void *ctx, status st, struct upload_id id)
{
    struct ask *ask = ctx;
    struct life *life = ask->life;
    pthread_mutex_lock(&life->lock);
    struct sent *s = &life->sent[ask->which];
    s->id = id;
    if (st == ST_OK)
        s->answer = STORED;
    else if (!disk_is_dead())
        s->answer = REFUSED;
    life->open_answers--;
    pthread_cond_signal(&life->answered);
    pthread_mutex_unlock(&life->lock);
    free(ask);
}

static void send_one(struct life *life, int which)
{
    struct ask *ask = malloc(sizeof *ask);
    *ask = (struct ask){.life = life, .which = which};
    size_t len = make_body(which, ask->body);
    const struct upload_head head = {.kind = UPLOAD_INVENTORY, .device_hash = (uint64_t)which % 7};
    pthread_mutex_lock(&life->lock);
    life->sent[which].answer = NOT_ANSWERED;
    life->open_answers++;
    pthread_mutex_unlock(&life->lock);
    status st = spool_append(life->box.spool, &head, (struct view){(char *)ask->body, len}, answer, ask);
    if (st != ST_OK)
        answer(ask, st, (struct upload_id){0});
}

static void wait_for_answers(struct life *life)
{
    pthread_mutex_lock(&life->lock);
    while (life->open_answers > 0)
        pthread_cond_wait(&life->answered, &life->lock);
    pthread_mutex_unlock(&life->lock);
}

/* Take one and say what became of it: of each four two are acknowledged, one is rejected, one stays. */
static void consume(struct life *life, int round)
{
    struct link_message m;
    struct upload_head head;
    struct view body;
    static const struct reason why = {"test", "it is rejected"};
    if (!spool_next(life->box.spool, ALL_KINDS, &m))
        return;
    cr_assert_eq(upload_head_decode(m.body, m.len, &head, &body), ST_OK);
    int which = which_body(body);
    cr_assert_geq(which, 0);
    m.release(m.body);
    if (disk_is_dead() || round % 4 == 3)
        return;
    life->sent[which].fate = round % 4 == 1 ? REJECTED : ACKED;
    spool_verdict(life->box.spool, m.id, round % 4 == 1 ? LINK_REJECT : LINK_ACK, &why);
}

/* An operator wants the first one of the quarantine to be offered again. */
static void ask_for_replay(struct life *life)
{
    char name[UPLOAD_ID_TEXT], from[NAME_ROOM], to[NAME_ROOM];
    int folder = disk_folder(life->box.folder, "quarantine");
    for (int i = 0; i < UPLOADS; i++) {
        if (life->sent[i].answer != STORED || life->sent[i].fate != REJECTED)
            continue;
        snprintf(from, sizeof from, "%s.upload", upload_id_text(life->sent[i].id, name));
        snprintf(to, sizeof to, "%s.replay", name);
        if (disk_calls.rename(folder, from, to) == 0)
            break;
    }
    (void)disk_calls.sync_folder(folder);
    close(folder);
}

static void live(struct life *life, int from, int until)
{
    struct reason why = {0};
    if (disk_is_dead() || spool_open_with(&life->box.set, &disk_calls, &life->box.spool, &why) != ST_OK)
        return;
    for (int i = from; i < until && !disk_is_dead(); i += TOGETHER) {
        for (int k = i; k < i + TOGETHER && k < until; k++)
            send_one(life, k);
        wait_for_answers(life);
        for (int k = 0; k < TOGETHER; k++)
            consume(life, i + k);
    }
    sandbox_close(&life->box);
}

/* ------------------------------------------------------- before the start ---- */

/* A bit of the body of the second record, in whichever segment has records. */
static void damage_one(const struct life *life)
{
    const off_t at = SEGMENT_HEAD + record_size(UPLOAD_HEAD_SIZE + BODY) + 1000;
    char path[128], magic[4] = "", byte;
    int fd = -1;
    for (int i = 0; memcmp(magic, "UPLD", 4) != 0; i++) {
        if (fd >= 0)
            close(fd);
        sandbox_segment(&life->box, i, path);
        fd = open(path, O_RDWR | O_CLOEXEC);
        cr_assert(fd >= 0 && pread(fd, magic, 4, SEGMENT_HEAD) == 4);
    }
    cr_assert_eq(pread(fd, &byte, 1, at), 1);
    byte ^= 1;
    cr_assert_eq(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void leave_file(const struct life *life, const char *name)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", life->box.folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    cr_assert(fd >= 0 && ftruncate(fd, SANDBOX_SEGMENT) == 0);
    close(fd);
}

/* A folder as a crash leaves it: a segment with a damaged record, a half-made one, one to be used again, half a quarantine. */
static void make_past(struct life *life)
{
    *life = (struct life){.lock = PTHREAD_MUTEX_INITIALIZER, .answered = PTHREAD_COND_INITIALIZER};
    sandbox_start(&life->box);
    sandbox_close(&life->box);
    life->box.set.folder = life->box.folder;
    life->box.set.max = SEGMENTS * SANDBOX_SEGMENT;
    disk_start(life->box.folder);
    sandbox_open_with(&life->box, &disk_calls);
    for (int i = 0; i < OLD; i++) {
        send_one(life, i);
        wait_for_answers(life);
    }
    cr_assert(BECOMES_TRUE(sandbox_count_files(&life->box, "segments", ".idx") == 1, PATIENCE_MS));
    sandbox_close(&life->box);
    damage_one(life);
    life->sent[DAMAGED].answer = NOT_ASKED;
    leave_file(life, "segments/0000000000000001.free");
    leave_file(life, "segments/00000000000000aa.new");
    leave_file(life, "quarantine/0000000000000001-0000000000000001.tmp");
    disk_start(life->box.folder);
}

/* ------------------------------------------------------------- afterwards ---- */

struct tally {
    int points, stored, lost, doubled, refused_but_there, foreign;
    int indexes; /* that the last start found */
};

static void note(struct life *life, struct view payload, struct upload_id id, struct tally *t)
{
    struct upload_head head;
    struct view body;
    int which = upload_head_decode(payload.data, payload.len, &head, &body) == ST_OK ? which_body(body) : -1;
    if (which < 0 || head.id.hi != id.hi || head.id.lo != id.lo || life->sent[which].answer == NOT_ASKED) {
        t->foreign++;
        return;
    }
    struct sent *s = &life->sent[which];
    if (s->answer == STORED && (s->id.hi != id.hi || s->id.lo != id.lo))
        t->foreign++;
    t->doubled += s->found++ > 0;
    t->refused_but_there += s->answer == REFUSED;
}

/* All that can be had now: acknowledged, or, where that is its fate, rejected once more. @return whether nothing is left */
static bool note_some(struct life *life, struct tally *t)
{
    struct link_message m;
    while (spool_next(life->box.spool, ALL_KINDS, &m)) {
        struct upload_head head;
        struct view body;
        note(life, (struct view){(char *)m.body, m.len}, m.id, t);
        int which = upload_head_decode(m.body, m.len, &head, &body) == ST_OK ? which_body(body) : -1;
        bool is_rejected = which >= 0 && life->sent[which].fate == REJECTED;
        m.release(m.body);
        spool_verdict(life->box.spool, m.id, is_rejected ? LINK_REJECT : LINK_ACK, NULL);
    }
    return spool_count(life->box.spool).pending == 0 && sandbox_count_files(&life->box, "quarantine", ".replay") == 0;
}

static bool is_in_quarantine(const struct life *life, struct upload_id id)
{
    char path[200], name[UPLOAD_ID_TEXT];
    uint8_t bytes[UPLOAD_HEAD_MAX + BODY];
    struct upload_head head;
    struct view body = VIEW_ABSENT;
    snprintf(path, sizeof path, "%s/quarantine/%s.upload", life->box.folder, upload_id_text(id, name));
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    size_t len = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    return upload_head_decode(bytes, len, &head, &body) == ST_OK && which_body(body) >= 0;
}

static void judge(struct life *life, struct tally *t, const char *what, int at)
{
    struct tally before = *t;
    disk_plan(DISK_NO_FAULT, 0, 0);
    life->box.set.max *= 4; /* so that what is replayed need not wait */
    t->indexes += sandbox_count_files(&life->box, "segments", ".idx");
    sandbox_open_with(&life->box, &disk_calls);
    cr_expect(BECOMES_TRUE(note_some(life, t), PATIENCE_MS), "%s %d: %lld pending, %d to be replayed: stuck", what, at,
              (long long)spool_count(life->box.spool).pending,
              sandbox_count_files(&life->box, "quarantine", ".replay"));
    for (int i = 0; i < UPLOADS; i++) {
        const struct sent *s = &life->sent[i];
        t->stored += s->answer == STORED;
        bool must_be = s->answer == STORED && s->fate != ACKED;
        bool is_there = s->fate == REJECTED ? is_in_quarantine(life, s->id) : s->found > 0;
        t->lost += must_be && !is_there;
    }
    cr_expect_gt(sandbox_count_files(&life->box, "quarantine", ".damaged") +
                     sandbox_count_files(&life->box, "quarantine", ".upload"),
                 0);
    struct upload_id id = {0};
    cr_expect(BECOMES_TRUE(sandbox_append(&life->box, 1, 'n', 100, &id) == ST_OK, PATIENCE_MS), "%s %d: takes no more",
              what, at);
    for (int i = 0; i < UPLOADS; i++)
        cr_expect_lt(life->sent[i].id.hi, id.hi, "%s %d: ids ascend", what, at);
    cr_expect(before.lost == t->lost && before.doubled == t->doubled && before.foreign == t->foreign &&
                  before.refused_but_there == t->refused_but_there,
              "%s at call %d: lost %d, doubled %d, refused but there %d, foreign %d", what, at, t->lost - before.lost,
              t->doubled - before.doubled, t->refused_but_there - before.refused_but_there,
              t->foreign - before.foreign);
}

/* ---------------------------------------------------------------- rounds ---- */

enum power { ON, NOTHING_MORE = 0, ALL_MORE = 1, SOME_MORE = 2 };

struct kind {
    const char *what;
    enum disk_fault fault;
    bool cuts_power; /* in the end */
    int step;        /* every call, every second, ... */
};

/* One life with the fault at its n-th call. @return whether it has so many calls */
static bool round_with(const struct kind *k, int at, unsigned more, struct tally *t)
{
    struct life life;
    make_past(&life);
    disk_plan(k->fault, at, (unsigned)at * 7919U + more);
    live(&life, OLD, (OLD + UPLOADS) / 2);
    ask_for_replay(&life);
    live(&life, (OLD + UPLOADS) / 2, UPLOADS);
    bool was_hit = disk_was_hit();
    if (k->cuts_power)
        disk_cut_power(more < SOME_MORE ? more : (unsigned)at * 31U + more);
    if (k->cuts_power)
        disk_start(life.box.folder);
    judge(&life, t, k->what, at);
    t->points += was_hit;
    sandbox_end(&life.box);
    disk_end();
    return was_hit;
}

static int all_rounds(const struct kind *k, unsigned more, int *indexes)
{
    struct tally t = {0};
    int at = 1;
    while (at < CALLS_MAX && round_with(k, at, more, &t))
        at += k->step;
    printf("%-28s %6d %8d %6d %8d %8d\n", k->what, t.points, t.stored, t.lost, t.doubled, t.refused_but_there);
    fflush(stdout);
    cr_expect_lt(at, CALLS_MAX, "the last life ends by itself");
    cr_expect(t.lost == 0 && t.doubled == 0 && t.refused_but_there == 0 && t.foreign == 0);
    *indexes += t.indexes;
    return t.points;
}

Test(boundaries, nothing_is_lost_doubled_or_invented_whatever_call_fails)
{
    static const struct {
        struct kind kind;
        unsigned more;
    } rounds[] = {
        {{"process ends before", DISK_KILL, false, 1}, 0},
        {{"process ends in the midst", DISK_TORN, false, 1}, 0},
        {{"power goes, nothing more", DISK_POWER, true, 1}, NOTHING_MORE},
        {{"power goes, all", DISK_POWER, true, 1}, ALL_MORE},
        {{"power goes, some", DISK_POWER, true, 1}, SOME_MORE},
        {{"power goes, some other", DISK_POWER, true, 1}, SOME_MORE + 1},
        {{"power goes in the midst", DISK_TORN, true, 1}, SOME_MORE},
        {{"EIO", DISK_EIO, false, 1}, 0},
        {{"EIO, later power goes", DISK_EIO, true, 1}, NOTHING_MORE},
        {{"EIO, later power goes, some", DISK_EIO, true, 1}, SOME_MORE},
        {{"ENOSPC", DISK_FULL, false, 1}, 0},
        {{"ENOSPC, later power goes", DISK_FULL, true, 1}, SOME_MORE},
        {{"short write", DISK_SHORT, false, 2}, 0},
        {{"interrupted", DISK_EINTR, false, 2}, 0},
    };
    int points = 0, indexes = 0;
    printf("%-28s %6s %8s %6s %8s %8s\n", "fault", "points", "stored", "lost", "doubled", "refused");
    for (size_t i = 0; i < COUNT(rounds); i++)
        points += all_rounds(&rounds[i].kind, rounds[i].more, &indexes);
    printf("%-28s %6d\n", "all", points);
    cr_expect_geq(points, 1000, "%d", points);
    printf("%-28s %6d\n%-28s %6d\n", "holes", disk_holes(), "indexes at the last start", indexes);
    cr_expect_gt(indexes, points / 20, "%d", indexes);
    cr_expect_gt(disk_holes(), points / 4, "room that was not used was given back: %d times", disk_holes());
}

/* A crash loop: each life, of one more upload, ends at another call, on what the one before has left: segments removed or not, their
 * acknowledgements on the disk or not, half a quarantine. */
Test(boundaries, lives_that_end_one_after_the_other_lose_nothing, .timeout = 120)
{
    enum { LIVES = 45, CALLS = 15, FIRST = 15 };
    static const struct {
        const char *what;
        enum disk_fault fault;
        unsigned more;
    } loops[] = {{"process ends", DISK_KILL, 0},
                 {"process ends in the midst", DISK_TORN, 0},
                 {"power goes, nothing more", DISK_POWER, NOTHING_MORE},
                 {"power goes, some", DISK_POWER, SOME_MORE}};
    for (size_t i = 0; i < COUNT(loops); i++) {
        struct life life;
        struct tally t = {0};
        make_past(&life);
        live(&life, OLD, FIRST);
        ask_for_replay(&life);
        for (int n = 0; n < LIVES; n++) {
            int next = FIRST + n < UPLOADS ? FIRST + n : UPLOADS;
            disk_plan(loops[i].fault, 1 + n % CALLS, (unsigned)n);
            live(&life, next, next < UPLOADS ? next + 1 : UPLOADS);
            t.points += disk_was_hit();
            if (disk_was_hit() && loops[i].fault == DISK_POWER) {
                disk_cut_power(loops[i].more < SOME_MORE ? loops[i].more : (unsigned)n * 31U + 2);
                disk_start(life.box.folder);
            }
        }
        printf("%-28s %6d of %d lives cut off\n", loops[i].what, t.points, LIVES);
        cr_expect_gt(t.points, LIVES / 3, "%s: %d", loops[i].what, t.points);
        judge(&life, &t, loops[i].what, t.points);
        sandbox_end(&life.box);
        disk_end();
    }
}
