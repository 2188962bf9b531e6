/* Indexes of segments: a start believes one that fits, and does without any other. */
#include "sandbox.h"

#include "services/gateway/spool/inspect.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EACH = 12, BODY = 1200, IN_FIRST = 12, INDEX_MOST = 1024, PATH = 128 };

/* A segment that is full, with its index, and one that is not. */
struct fixture {
    struct sandbox box;
    char segment[PATH], index[PATH];
    uint8_t bytes[INDEX_MOST];
    size_t len;
};

static size_t load(const char *path, uint8_t *bytes, size_t room)
{
    FILE *f = fopen(path, "rb");
    cr_assert_not_null(f, "%s", path);
    size_t len = fread(bytes, 1, room, f);
    fclose(f);
    return len;
}

static void store(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, len, f), len);
    fclose(f);
}

static void make(struct fixture *f)
{
    *f = (struct fixture){0};
    sandbox_start(&f->box);
    for (int i = 0; i < EACH + 1; i++)
        cr_assert_eq(sandbox_append(&f->box, (uint64_t)i, (char)('a' + i), BODY, NULL), ST_OK);
    cr_assert(BECOMES_TRUE(sandbox_count_files(&f->box, "segments", ".idx") == 1, PATIENCE_MS), "the keeper makes it");
    sandbox_close(&f->box);
    sandbox_segment(&f->box, 0, f->segment);
    snprintf(f->index, sizeof f->index, "%.*s.idx", (int)(strlen(f->segment) - strlen(".seg")), f->segment);
    f->len = load(f->index, f->bytes, sizeof f->bytes);
}

static void end(struct fixture *f)
{
    if (!f->box.spool)
        sandbox_open(&f->box);
    sandbox_end(&f->box);
}

/* A header of the segment that does not verify: who reads the segment sees it, who reads the index does not. */
static void spoil_header(const struct fixture *f, bool is_spoilt)
{
    int fd = open(f->segment, O_RDWR | O_CLOEXEC);
    char byte = is_spoilt ? 'X' : 'U';
    cr_assert(fd >= 0 && pwrite(fd, &byte, 1, SEGMENT_HEAD + record_size(UPLOAD_HEAD_SIZE + 5 + BODY)) == 1);
    close(fd);
}

static int64_t pending_after_start(struct fixture *f)
{
    sandbox_open(&f->box);
    int64_t pending = spool_count(f->box.spool).pending;
    sandbox_close(&f->box);
    return pending;
}

Test(segment_index, a_start_reads_it_instead_of_the_segment)
{
    struct fixture f;
    make(&f);
    spoil_header(&f, true);
    sandbox_open(&f.box);
    cr_expect_eq(spool_count(f.box.spool).pending, EACH + 1, "its header was not looked at");
    cr_expect_eq(sandbox_count_files(&f.box, "quarantine", ".damaged"), 0);
    cr_expect_str_eq(sandbox_drain(&f.box), "acdefghijklm", "but before it is given out");
    cr_expect(BECOMES_TRUE(sandbox_count_files(&f.box, "quarantine", ".upload") == 1, PATIENCE_MS));
    end(&f);
}

Test(segment_index, acknowledgements_are_those_of_the_segment)
{
    struct fixture f;
    struct upload_id id;
    make(&f);
    for (int round = 0; round < 3; round++) {
        sandbox_open(&f.box);
        cr_assert_eq(sandbox_next(&f.box, &id), 'a' + round);
        sandbox_ack(&f.box, id);
        sandbox_close(&f.box);
    }
    sandbox_open(&f.box);
    cr_expect_str_eq(sandbox_drain(&f.box), "defghijklm");
    cr_expect(BECOMES_TRUE(sandbox_count_files(&f.box, "segments", ".idx") == 0, PATIENCE_MS), "gone with its segment");
    end(&f);
}

/* With a spoilt header in the segment, one upload fewer is found when the index is not believed. */
Test(segment_index, one_that_is_damaged_anywhere_is_not_believed_and_made_anew)
{
    struct fixture f;
    make(&f);
    sandbox_open(&f.box);
    cr_assert(BECOMES_TRUE(sandbox_count_files(&f.box, "segments", ".idx") == 2, PATIENCE_MS),
              "the other's is made, too");
    sandbox_close(&f.box);
    for (size_t at = 0; at < f.len; at += 1 + at % 3) {
        uint8_t bytes[INDEX_MOST];
        memcpy(bytes, f.bytes, f.len);
        bytes[at] ^= (uint8_t)(1 << at % 8);
        store(f.index, bytes, f.len);
        spoil_header(&f, true);
        cr_expect_eq(pending_after_start(&f), EACH, "byte %zu", at);
        cr_expect_eq(sandbox_count_files(&f.box, "segments", ".idx"), 1, "none for one with damage; the other's");
    }
    spoil_header(&f, false);
    store(f.index, f.bytes, f.len - 1);
    sandbox_open(&f.box);
    cr_expect_eq(spool_count(f.box.spool).pending, EACH + 1);
    cr_expect(BECOMES_TRUE(sandbox_count_files(&f.box, "segments", ".idx") == 2, PATIENCE_MS), "made anew");
    sandbox_close(&f.box);
    uint8_t again[INDEX_MOST];
    cr_expect_eq(load(f.index, again, sizeof again), f.len);
    cr_expect_arr_eq(again, f.bytes, f.len);
    end(&f);
}

Test(segment_index, one_that_is_cut_or_too_long_is_not_believed)
{
    struct fixture f;
    uint8_t bytes[INDEX_MOST + 1] = {0};
    make(&f);
    spoil_header(&f, true);
    memcpy(bytes, f.bytes, f.len);
    for (size_t len = 0; len <= f.len + 1; len += len + 7 < f.len ? 7 : 1) {
        store(f.index, bytes, len);
        cr_expect_eq(pending_after_start(&f), len == f.len ? EACH + 1 : EACH, "%zu bytes", len);
    }
    end(&f);
}

Test(segment_index, one_of_another_use_or_of_no_segment_is_removed)
{
    struct fixture f;
    char stale[PATH + 64], half[PATH + 64];
    struct stat info;
    make(&f);
    uint8_t other[INDEX_MOST];
    memcpy(other, f.bytes, f.len);
    put_be64(other + 16, get_be64(other + 16) + 2); /* another nonce, checksums that fit */
    put_be32(other + 60, crc32c(0, other, 60));
    put_be32(other + f.len - 4, crc32c(0, other, f.len - 4));
    store(f.index, other, f.len);
    snprintf(stale, sizeof stale, "%s/segments/00000000000000aa.idx", f.box.folder);
    snprintf(half, sizeof half, "%s/segments/00000000000000ab.tmp", f.box.folder);
    store(stale, f.bytes, f.len);
    store(half, f.bytes, f.len / 2);
    spoil_header(&f, true);
    cr_expect_eq(pending_after_start(&f), EACH);
    cr_expect_neq(stat(f.index, &info), 0);
    cr_expect_neq(stat(stale, &info), 0);
    cr_expect_neq(stat(half, &info), 0);
    cr_expect_eq(metric_get(&spool_metrics.foreign), 0);
    end(&f);
}

/* Entries that lead outside the segment or overlap, with checksums that fit. */
Test(segment_index, places_that_cannot_be_are_not_believed)
{
    static const struct {
        const char *what;
        size_t at;
        uint32_t value;
    } cases[] = {
        {"in front of the records", 64, 1},
        {"on its neighbour", 64 + 40, (SEGMENT_HEAD + 8) / 8},
        {"behind the segment", 64 + 40, SANDBOX_SEGMENT},
        {"longer than the segment", 64 + 4, UINT32_MAX},
        {"no kind", 64 + 36, 0},
        {"more than there can be", 56, UINT32_MAX / 40},
        {"none", 56, 0},
    };
    struct fixture f;
    make(&f);
    spoil_header(&f, true);
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t bytes[INDEX_MOST];
        memcpy(bytes, f.bytes, f.len);
        put_be32(bytes + cases[i].at, cases[i].value);
        put_be32(bytes + 60, crc32c(0, bytes, 60));
        put_be32(bytes + f.len - 4, crc32c(0, bytes, f.len - 4));
        store(f.index, bytes, f.len);
        cr_expect_eq(pending_after_start(&f), EACH, "%s", cases[i].what);
    }
    end(&f);
}

Test(segment_index, an_operator_is_told_of_a_damaged_one)
{
    struct fixture f;
    struct spool_survey survey;
    struct reason why;
    make(&f);
    cr_assert_eq(spool_inspect(f.box.folder, true, NULL, NULL, &survey, &why), ST_OK);
    cr_expect(survey.count[SPOOL_BROKEN_INDEX] == 0 && survey.count[SPOOL_PENDING] == EACH + 1);
    f.bytes[70] ^= 1;
    store(f.index, f.bytes, f.len);
    cr_assert_eq(spool_inspect(f.box.folder, true, NULL, NULL, &survey, &why), ST_OK);
    cr_expect_eq(survey.count[SPOOL_BROKEN_INDEX], 1);
    cr_expect(survey.count[SPOOL_PENDING] == EACH + 1 && survey.count[SPOOL_FOREIGN] == 0);
    put_be32(f.bytes + f.len - 4, crc32c(0, f.bytes, f.len - 4)); /* fits its checksum, says what is not so */
    store(f.index, f.bytes, f.len);
    cr_assert_eq(spool_inspect(f.box.folder, true, NULL, NULL, &survey, &why), ST_OK);
    cr_expect_eq(survey.count[SPOOL_BROKEN_INDEX], 1);
    end(&f);
}
