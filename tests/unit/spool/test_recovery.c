/* What a spool finds at its start: cut, flipped, foreign, used before. */
#include "sandbox.h"

#include "services/gateway/spool/inspect.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* One segment with the uploads a to e of 100 bytes, its bytes kept so that each case begins anew. */
struct fixture {
    struct sandbox box;
    char path[128];
    uint8_t bytes[SANDBOX_SEGMENT];
    int64_t ends[5]; /* of the records */
};

static void load(struct fixture *f)
{
    FILE *file = fopen(f->path, "rb");
    cr_assert_not_null(file);
    cr_assert_eq(fread(f->bytes, 1, sizeof f->bytes, file), sizeof f->bytes);
    fclose(file);
}

/* Replace the folder's segments by `len` bytes of the kept one. */
static void put(struct fixture *f, const uint8_t *bytes, size_t len)
{
    char path[128];
    while (sandbox_count_files(&f->box, "segments", ".seg") > 0) {
        sandbox_segment(&f->box, 0, path);
        unlink(path);
    }
    FILE *file = fopen(f->path, "wb");
    cr_assert_not_null(file);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    fclose(file);
}

static void make(struct fixture *f)
{
    sandbox_start(&f->box);
    int64_t end = SEGMENT_HEAD;
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(sandbox_append(&f->box, (uint64_t)i, (char)('a' + i), 100, NULL), ST_OK);
        end += record_size(UPLOAD_HEAD_SIZE + 5 + 100);
        f->ends[i] = end;
    }
    sandbox_close(&f->box);
    sandbox_segment(&f->box, 0, f->path);
    load(f);
}

static void end(struct fixture *f)
{
    if (!f->box.spool)
        sandbox_open(&f->box);
    sandbox_end(&f->box);
}

/* What is offered after a start with these bytes. */
static const char *found(struct fixture *f, const uint8_t *bytes, size_t len)
{
    put(f, bytes, len);
    sandbox_open(&f->box);
    const char *order = sandbox_drain(&f->box);
    sandbox_close(&f->box);
    return order;
}

Test(recovery, a_segment_cut_anywhere_gives_every_whole_record)
{
    struct fixture f;
    make(&f);
    for (int64_t len = 0; len <= f.ends[4]; len += len < f.ends[1] ? 1 : 13) {
        char want[6] = "";
        for (int i = 0; i < 5 && f.ends[i] <= len; i++)
            want[i] = (char)('a' + i), want[i + 1] = '\0';
        cr_expect_str_eq(found(&f, f.bytes, (size_t)len), want, "cut at %lld", (long long)len);
    }
    end(&f);
}

/* The code of the only reason in quarantine; "": there is none. Then the quarantine is emptied. */
static const char *reason_kept(struct fixture *f)
{
    static char code[32];
    char path[200];
    struct spool_survey survey;
    struct reason why;
    code[0] = '\0';
    snprintf(path, sizeof path, "%s/quarantine", f->box.folder);
    DIR *dir = opendir(path);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(path, sizeof path, "%.60s/quarantine/%.60s", f->box.folder, e->d_name);
        FILE *file = strstr(e->d_name, ".reason") ? fopen(path, "r") : NULL;
        if (file) {
            cr_assert_str_empty(code, "only one");
            cr_assert_eq(fscanf(file, "%31s", code), 1);
            fclose(file);
        }
    }
    closedir(dir);
    cr_assert_eq(spool_inspect(f->box.folder, true, NULL, NULL, &survey, &why), ST_OK);
    cr_expect_eq(survey.count[SPOOL_CUT_OUT], code[0] != '\0');
    sandbox_empty(&f->box, "quarantine");
    return code;
}

/* Files have their full size from the start, so a torn end is one behind which zeros stand: at every byte of the last record. What is
 * left of a record is kept, with a reason that tells it from damage. */
Test(recovery, a_record_torn_anywhere_is_no_record_and_stops_nothing)
{
    struct fixture f;
    make(&f);
    for (int64_t at = f.ends[3]; at < f.ends[4]; at += at < f.ends[3] + RECORD_HEAD + 8 ? 1 : 7) {
        uint8_t bytes[SANDBOX_SEGMENT];
        memcpy(bytes, f.bytes, sizeof bytes);
        memset(bytes + at, 0, (size_t)(f.ends[4] - at));
        bool is_whole = memcmp(bytes, f.bytes, sizeof bytes) == 0; /* only pad was torn */
        cr_expect_str_eq(found(&f, bytes, sizeof bytes), is_whole ? "abcde" : "abcd", "byte %lld", (long long)at);
        const char *code = reason_kept(&f);
        cr_expect(strcmp(code, "") == 0 || strcmp(code, "torn") == 0, "byte %lld: %s", (long long)at, code);
        cr_expect(is_whole || at < f.ends[3] + 40 || strcmp(code, "torn") == 0, "byte %lld", (long long)at);
    }
    end(&f);
}

Test(recovery, damage_in_front_of_synced_records_is_no_torn_end)
{
    struct fixture f;
    uint8_t bytes[SANDBOX_SEGMENT];
    make(&f);
    memcpy(bytes, f.bytes, sizeof bytes);
    memset(bytes + f.ends[1] + 40, 0, (size_t)(f.ends[2] - f.ends[1] - 40));
    cr_expect_str_eq(found(&f, bytes, sizeof bytes), "abde");
    cr_expect_str_eq(reason_kept(&f), "damaged");
    end(&f);
}

/* Any flipped bit costs the record that it is in, is counted and kept; all others are delivered. */
Test(recovery, a_flipped_bit_costs_one_record_and_is_kept)
{
    struct fixture f;
    make(&f);
    int64_t step = 0;
    for (int64_t at = SEGMENT_HEAD; at < f.ends[4]; at += 3 + step++ % 5) {
        uint8_t bytes[SANDBOX_SEGMENT];
        int hit = 0;
        char want[6] = "";
        memcpy(bytes, f.bytes, sizeof bytes);
        bytes[at] ^= (uint8_t)(1 << at % 8);
        while (at >= f.ends[hit])
            hit++;
        int64_t pad = f.ends[hit] - (f.ends[hit] - (hit ? f.ends[hit - 1] : SEGMENT_HEAD)) + RECORD_HEAD +
                      UPLOAD_HEAD_SIZE + 5 + 100;
        bool is_pad = at >= pad;
        for (int i = 0, n = 0; i < 5; i++)
            if (i != hit || is_pad)
                want[n++] = (char)('a' + i), want[n] = '\0';
        metric *counter = hit == 4 ? &spool_metrics.torn : &spool_metrics.damaged; /* nobody can tell at the end */
        int64_t before = metric_get(counter);
        cr_expect_str_eq(found(&f, bytes, sizeof bytes), want, "byte %lld", (long long)at);
        cr_expect_eq(metric_get(counter) - before, !is_pad, "byte %lld", (long long)at);
    }
    cr_expect_gt(sandbox_count_files(&f.box, "quarantine", ".damaged"), 0);
    end(&f);
}

Test(recovery, a_damaged_head_costs_nothing)
{
    struct fixture f;
    make(&f);
    for (size_t at = 0; at < SEGMENT_HEAD; at += 5) {
        uint8_t bytes[SANDBOX_SEGMENT];
        memcpy(bytes, f.bytes, sizeof bytes);
        bytes[at] ^= 0x10;
        cr_expect_str_eq(found(&f, bytes, sizeof bytes), "abcde", "byte %zu", at);
    }
    end(&f);
}

/* Records that were written with one write, of which the front is missing, are torn, not damaged: nobody was told. */
Test(recovery, a_torn_group_is_no_damage)
{
    struct fixture f;
    make(&f);
    uint8_t bytes[SANDBOX_SEGMENT];
    memcpy(bytes, f.bytes, sizeof bytes);
    memset(bytes + f.ends[2], 0, (size_t)(f.ends[3] - f.ends[2]));
    uint8_t *last = bytes + f.ends[3];
    put_be32(last + 48, (uint32_t)(f.ends[2] / 8)); /* the last two are of one group */
    put_be32(last + 60, crc32c(0, last, 60));
    int64_t damaged = metric_get(&spool_metrics.damaged);
    cr_expect_str_eq(found(&f, bytes, sizeof bytes), "abce");
    cr_expect_eq(metric_get(&spool_metrics.damaged), damaged);
    end(&f);
}

Test(recovery, zeros_in_front_of_a_synced_record_are_damage)
{
    struct fixture f;
    make(&f);
    uint8_t bytes[SANDBOX_SEGMENT];
    memcpy(bytes, f.bytes, sizeof bytes);
    memset(bytes + f.ends[2], 0, (size_t)(f.ends[3] - f.ends[2]));
    int64_t damaged = metric_get(&spool_metrics.damaged);
    cr_expect_str_eq(found(&f, bytes, sizeof bytes), "abce");
    cr_expect_eq(metric_get(&spool_metrics.damaged), damaged + 1);
    end(&f);
}

/* Behind the last record stand those of an earlier use, in front of which nothing is missing. */
Test(recovery, records_of_an_earlier_use_are_not_offered)
{
    struct sandbox b;
    sandbox_start(&b);
    b.set.max = 3 * SANDBOX_SEGMENT;
    sandbox_restart(&b);
    for (int i = 0; i < 60; i++) {
        cr_assert(BECOMES_TRUE(sandbox_append(&b, 1, 'o', 1000, NULL) == ST_OK, PATIENCE_MS));
        cr_assert_str_eq(sandbox_drain(&b), "o");
    }
    cr_assert(BECOMES_TRUE(sandbox_append(&b, 1, 'n', 1000, NULL) == ST_OK, PATIENCE_MS));
    int64_t damaged = metric_get(&spool_metrics.damaged);
    sandbox_restart(&b);
    cr_expect_str_eq(sandbox_drain(&b), "n");
    cr_expect_eq(metric_get(&spool_metrics.damaged), damaged);
    sandbox_end(&b);
}

/* An agent sends what looks like a record of this very segment; the record around it is then damaged. */
Test(recovery, bytes_of_an_agent_never_become_a_record)
{
    struct fixture f;
    make(&f);
    uint8_t bytes[SANDBOX_SEGMENT], *first = bytes + SEGMENT_HEAD;
    memcpy(bytes, f.bytes, sizeof bytes);
    uint64_t number = get_be64(bytes + 8);
    const struct record forged = {.id = {UINT64_MAX - 1, 1}, .kind = UPLOAD_INVENTORY, .payload_len = 0};
    record_encode(&forged, number, 0x4711, first + RECORD_HEAD + 56); /* who sends it does not know the nonce */
    cr_expect_str_eq(found(&f, bytes, sizeof bytes), "bcde");
    end(&f);
}

Test(recovery, foreign_files_are_reported_and_left_alone)
{
    static const struct {
        const char *name, *content;
    } files[] = {
        {"notes.txt", "do not touch"},
        {"00000000000000ff.seg", ""},
        {"00000000000000fe.seg", "short"},
        {"00000000000000fd.seg.bak", "MSPL"},
        {"ffffffffffffffff.seg", "the greatest number"}, /* those after it would be 0, 1, 2: names that are in use */
    };
    struct sandbox b;
    char path[200];
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    sandbox_close(&b);
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/segments/%s", b.folder, files[i].name);
        FILE *f = fopen(path, "w");
        fputs(files[i].content, f);
        fclose(f);
    }
    for (int round = 0; round < 3; round++) {
        sandbox_open(&b);
        cr_assert_eq(sandbox_append(&b, 1, (char)('b' + round), 10, NULL), ST_OK);
        sandbox_close(&b);
    }
    cr_expect_eq(metric_get(&spool_metrics.foreign), 3 * COUNT(files));
    sandbox_open(&b);
    cr_expect_str_eq(sandbox_drain(&b), "abcd", "nothing was written over");
    for (size_t i = 0; i < COUNT(files); i++) {
        struct stat info;
        snprintf(path, sizeof path, "%s/segments/%s", b.folder, files[i].name);
        cr_assert_eq(stat(path, &info), 0, "%s", files[i].name);
        cr_expect_eq(info.st_size, (off_t)strlen(files[i].content), "%s", files[i].name);
    }
    sandbox_end(&b);
}

/* Names of segments that are no files: opening one of them must neither hang nor follow it out of the folder. */
Test(recovery, what_is_no_file_is_reported_and_left_alone, .timeout = 20)
{
    struct sandbox b;
    struct stat info;
    char folder[200], pipe[200], link[200];
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'a', 10, NULL), ST_OK);
    sandbox_close(&b);
    snprintf(folder, sizeof folder, "%s/segments/00000000000000ff.seg", b.folder);
    snprintf(pipe, sizeof pipe, "%s/segments/00000000000000fe.seg", b.folder);
    snprintf(link, sizeof link, "%s/segments/00000000000000fd.seg", b.folder);
    cr_assert(mkdir(folder, 0700) == 0 && mkfifo(pipe, 0600) == 0 && symlink("/etc/passwd", link) == 0);
    struct spool_survey survey;
    struct reason why;
    cr_assert_eq(spool_inspect(b.folder, true, NULL, NULL, &survey, &why), ST_OK);
    cr_expect_eq(survey.count[SPOOL_FOREIGN], 3);
    sandbox_open(&b);
    cr_expect_eq(metric_get(&spool_metrics.foreign), 3);
    cr_expect_str_eq(sandbox_drain(&b), "a");
    cr_expect(lstat(pipe, &info) == 0 && lstat(link, &info) == 0);
    cr_expect_eq(rmdir(folder), 0, "still there, still empty");
    sandbox_end(&b);
}

Test(recovery, a_newer_format_is_left_alone)
{
    struct fixture f;
    make(&f);
    uint8_t bytes[SANDBOX_SEGMENT];
    memcpy(bytes, f.bytes, sizeof bytes);
    put_be32(bytes + 4, SEGMENT_FORMAT + 1);
    put_be32(bytes + 60, crc32c(0, bytes, 60));
    cr_expect_str_eq(found(&f, bytes, sizeof bytes), "");
    struct stat info;
    cr_expect_eq(stat(f.path, &info), 0);
    end(&f);
}

Test(recovery, lost_acknowledgements_mean_once_more_not_less)
{
    struct fixture f;
    make(&f);
    struct upload_id id;
    put(&f, f.bytes, sizeof f.bytes);
    sandbox_open(&f.box);
    for (int i = 0; i < 3; i++) {
        sandbox_next(&f.box, &id);
        sandbox_ack(&f.box, id);
    }
    sandbox_close(&f.box);
    load(&f);
    cr_expect_str_eq(found(&f, f.bytes, sizeof f.bytes), "de");
    memset(f.bytes + SANDBOX_SEGMENT - 2 * ACK_SIZE, 0, ACK_SIZE); /* that of b */
    cr_expect_str_eq(found(&f, f.bytes, sizeof f.bytes), "bde");
    end(&f);
}

Test(recovery, a_cut_segment_never_loses_records_to_acknowledgements)
{
    struct fixture f;
    make(&f);
    put(&f, f.bytes, (size_t)f.ends[3] + 3);
    sandbox_open(&f.box);
    struct upload_id id;
    cr_assert_eq(sandbox_next(&f.box, &id), 'a');
    sandbox_ack(&f.box, id);
    sandbox_restart(&f.box);
    cr_expect_str_eq(sandbox_drain(&f.box), "bcd");
    end(&f);
}

Test(recovery, a_missing_segment_costs_only_what_was_in_it)
{
    struct sandbox b;
    char path[128];
    sandbox_start(&b);
    for (int i = 0; i < 9; i++)
        cr_assert_eq(sandbox_append(&b, (uint64_t)i, (char)('a' + i), 4000, NULL), ST_OK);
    sandbox_close(&b);
    sandbox_segment(&b, 1, path);
    unlink(path);
    sandbox_open(&b);
    cr_expect_str_eq(sandbox_drain(&b), "abcghi");
    sandbox_end(&b);
}
