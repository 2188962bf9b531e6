/* Losses are counted over restarts: what kills consumers is given out attempts_max times (3 here), however often the gateway starts. */
#include "services/gateway/spool/suspects.h"
#include "tests/unit/spool/sandbox.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

static void lose(struct sandbox *b, int expected)
{
    struct upload_id id;
    cr_assert(BECOMES_TRUE(sandbox_next(b, &id) == expected, PATIENCE_MS), "'%c' is not given", expected);
    spool_verdict(b->spool, id, LINK_LOST, NULL);
}

static const char *path_of(const struct sandbox *b, const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    return path;
}

static int size_of(const struct sandbox *b)
{
    struct stat info;
    return stat(path_of(b, "suspects"), &info) == 0 ? (int)info.st_size : -1;
}

Test(suspects, are_remembered_over_restarts)
{
    struct sandbox b;
    struct upload_id id;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'p', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 2, 'q', 10, NULL), ST_OK);
    for (int life = 0; life < 3; life++) {
        lose(&b, 'p');
        sandbox_restart(&b);
    }
    cr_expect(BECOMES_TRUE(spool_count(b.spool).quarantined == 1, PATIENCE_MS));
    cr_expect_eq(sandbox_next(&b, &id), 'q');
    sandbox_ack(&b, id);
    cr_expect_eq(sandbox_next(&b, &id), -1);
    cr_expect(BECOMES_TRUE(size_of(&b) == -1, PATIENCE_MS), "nobody is suspected any more");
    sandbox_end(&b);
}

Test(suspects, are_given_alone_after_a_restart_and_cleared_by_an_answer)
{
    struct sandbox b;
    struct link_message m;
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'p', 10, NULL), ST_OK);
    lose(&b, 'p');
    cr_assert(BECOMES_TRUE(size_of(&b) > 0, PATIENCE_MS), "written while it runs");
    sandbox_restart(&b);
    cr_assert(spool_next(b.spool, ALL_KINDS, &m));
    cr_expect(m.is_suspect);
    cr_expect_eq(m.attempt, 1);
    m.release(m.body);
    spool_verdict(b.spool, m.id, LINK_ACK, NULL);
    cr_expect(BECOMES_TRUE(size_of(&b) == -1, PATIENCE_MS));
    sandbox_end(&b);
}

/* What nobody knows counts as not lost; a limit that was lowered counts at once. */
Test(suspects, a_file_of_nonsense_is_no_harm)
{
    struct sandbox b;
    struct link_message m;
    struct upload_id id;
    char text[UPLOAD_ID_TEXT];
    sandbox_start(&b);
    cr_assert_eq(sandbox_append(&b, 1, 'p', 10, NULL), ST_OK);
    cr_assert_eq(sandbox_append(&b, 2, 'q', 10, &id), ST_OK);
    sandbox_close(&b);
    FILE *f = fopen(path_of(&b, "suspects"), "we");
    cr_assert_not_null(f);
    fprintf(f, "\n%%s%%n 1 2\n%016x %s 77\nxx", 2, upload_id_text(id, text)); /* the device's hash is 2 */
    for (int i = 0; i < 200000; i++)
        fputc('9', f);
    fclose(f);
    sandbox_open(&b);
    cr_assert(spool_next(b.spool, ALL_KINDS, &m));
    cr_expect_not(m.is_suspect);
    m.release(m.body);
    cr_expect_not(spool_next(b.spool, ALL_KINDS, &m), "the other one was lost 77 times");
    cr_expect(BECOMES_TRUE(spool_count(b.spool).quarantined == 1, PATIENCE_MS));
    sandbox_end(&b);
}

Test(suspects, more_than_there_is_room_for_are_no_harm)
{
    enum { MANY = SUSPECTS_MAX + 50 };
    struct sandbox b;
    static struct link_message out[MANY];
    sandbox_start(&b);
    for (uint64_t i = 0; i < MANY; i++)
        cr_assert_eq(sandbox_append(&b, 100 + i, 'm', 8, NULL), ST_OK);
    for (int i = 0; i < MANY; i++)
        cr_assert(spool_next(b.spool, ALL_KINDS, &out[i]));
    for (int i = 0; i < MANY; i++) {
        out[i].release(out[i].body);
        spool_verdict(b.spool, out[i].id, LINK_LOST, NULL);
    }
    lose(&b, 'm'); /* one for the second time: it is remembered in the place of another */
    sandbox_restart(&b);
    struct link_message m;
    int suspects = 0, twice = 0;
    while (spool_next(b.spool, ALL_KINDS, &m)) {
        suspects += m.is_suspect;
        twice += m.attempt == 2;
        m.release(m.body);
        spool_verdict(b.spool, m.id, LINK_ACK, NULL);
    }
    cr_expect_eq(suspects, SUSPECTS_MAX);
    cr_expect_eq(twice, 1);
    sandbox_end(&b);
}
