/* Bodies in, replies out: inflating, coding, writing. */
#include "common/reply/reply.h"
#include "tests/unit/inflate/bodies.h"
#include "tests/unit/no_memory/trial.h"

#include <criterion/criterion.h>

enum { CAP = 8 << 20, RATIO = 1000 };

/* ---- inflating ---- */

struct body {
    enum inflate_coding coding;
    enum body_end end;
    size_t cut;      /* bytes that are missing at the end */
    bool is_doubled; /* gzip: two members */
};

static struct inflater *inflater;
static struct buffer coded = BUFFER_INIT(CAP);

/* Text that does not fit in the first room, nor in the one that its length makes likely. */
static void add_text(struct buffer *out)
{
    buffer_text(out, "<REQUEST>");
    for (int i = 0; i < 200; i++)
        buffer_format(out, "<A>%0*d</A>", 4000, i % 7);
    buffer_text(out, "</REQUEST>");
}

static status begin_inflating(const void *what)
{
    const struct body *b = what;
    if (!coded.len) {
        AUTO(buffer_clear) struct buffer text = BUFFER_INIT(CAP);
        add_text(&text);
        for (int i = 0; i <= b->is_doubled; i++)
            body_add(&coded, buffer_view(&text), b->coding, 6, b->end);
        coded.len -= b->cut;
    }
    inflater = inflater_new(CAP, RATIO);
    return inflater ? ST_OK : ST_NO_MEMORY;
}

static status run_inflating(const void *what, struct digest *out)
{
    (void)what;
    struct view text;
    enum inflate_coding coding;
    struct reason why = {0};
    status st = inflater_run(inflater, buffer_view(&coded), &text, &coding, &why);
    if (st == ST_OK) {
        digest_add(out, text);
        digest_number(out, coding);
        inflater_trim(inflater, 1 << 16);
    } else if (strcmp(why.code, "no_memory") != 0) {
        out->fault = "another reason";
    }
    return st;
}

static void end_inflating(void)
{
    inflater_destroy(STEAL(inflater));
}

Test(no_memory, inflating)
{
    static const struct {
        const char *name;
        struct body body;
    } bodies[] = {
        {"zlib", {CODING_ZLIB, BODY_FINISHED, 0, false}},
        {"zlib that was flushed", {CODING_ZLIB, BODY_FLUSHED, 0, false}},
        {"zlib without its checksum", {CODING_ZLIB, BODY_FINISHED, 4, false}},
        {"gzip", {CODING_GZIP, BODY_FINISHED, 0, false}},
        {"gzip in members", {CODING_GZIP, BODY_FINISHED, 0, true}},
        {"deflate", {CODING_DEFLATE, BODY_FINISHED, 0, false}},
    };
    for (size_t i = 0; i < COUNT(bodies); i++) {
        const struct trial t = {.name = bodies[i].name,
                                .what = &bodies[i].body,
                                .begin = begin_inflating,
                                .run = run_inflating,
                                .end = end_inflating,
                                .at_least = 5};
        buffer_clear(&coded);
        buffer_char(&coded, 0); /* what the calm run would allocate is no allocation of the inflater's */
        buffer_reset(&coded);
        cr_assert_eq(begin_inflating(t.what), ST_OK);
        end_inflating();
        trials_run(&t, 1);
    }
    buffer_clear(&coded);
}

/* ---- replies ---- */

static struct reply_coders *coders;

static status begin_replying(const void *what)
{
    (void)what;
    coders = reply_coders_new();
    return coders ? ST_OK : ST_NO_MEMORY;
}

static status run_replying(const void *what, struct digest *out)
{
    const enum inflate_coding *coding = what;
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(CAP), sent = BUFFER_INIT(CAP);
    const struct reply_attribute attributes[] = {{"ID", VIEW_LITERAL("a<b")}, {"TYPE", VIEW_ABSENT}};
    reply_begin(&text);
    for (int i = 0; i < 100; i++) {
        reply_element(&text, 1, "RESPONSE", VIEW_LITERAL("SEND & \x01 \"more\""));
        reply_open(&text, 1, "OPTION");
        reply_param(&text, 2, attributes, COUNT(attributes), VIEW_LITERAL("text"));
        reply_close(&text, 1, "OPTION");
    }
    reply_end(&text);
    status st = buffer_status(&text);
    if (st == ST_OK)
        st = inflate_code_reply(coders, buffer_view(&text), *coding, &sent);
    if (st == ST_OK)
        digest_add(out, buffer_view(&sent));
    return st;
}

static void end_replying(void)
{
    reply_coders_destroy(STEAL(coders));
}

Test(no_memory, replying)
{
    static const enum inflate_coding zlib = CODING_ZLIB, gzip = CODING_GZIP, clear = CODING_CLEAR;
    static const struct trial trials[] = {
        {"a zlib reply", &zlib, begin_replying, run_replying, end_replying, 8, FAILING_HERE},
        {"a gzip reply", &gzip, begin_replying, run_replying, end_replying, 8, FAILING_HERE},
        {"a clear reply", &clear, begin_replying, run_replying, end_replying, 3, FAILING_HERE},
    };
    trials_run(trials, COUNT(trials));
}
