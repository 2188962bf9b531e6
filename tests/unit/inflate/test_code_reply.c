#include "tests/unit/inflate/bodies.h"

#include <criterion/criterion.h>

static const struct {
    enum inflate_coding asked, sent;
    const char *begins;
} codings[] = {
    {CODING_ZLIB, CODING_ZLIB, "\x78\x9c"},
    {CODING_DEFLATE, CODING_ZLIB, "\x78\x9c"},
    {CODING_GZIP, CODING_GZIP, "\x1f\x8b"},
    {CODING_CLEAR, CODING_CLEAR, "<R"},
};

static struct view large_reply(struct buffer *text)
{
    buffer_text(text, "<REPLY>");
    for (uint32_t i = 0, state = 1; i < 20000; i++, state = state * 1664525 + 1013904223)
        buffer_format(text, "<A>%08x</A>", state);
    buffer_text(text, "</REPLY>");
    return buffer_view(text);
}

Test(code_reply, what_is_coded_is_read_again)
{
    AUTO(buffer_clear) struct buffer made = BUFFER_INIT(1 << 20);
    const struct view texts[] = {VIEW_LITERAL("<REPLY/>"), large_reply(&made)};
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(1 << 20, 100);
    for (size_t i = 0; i < COUNT(codings) * COUNT(texts); i++) {
        struct view text = texts[i % COUNT(texts)], back;
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
        enum inflate_coding coding;
        size_t row = i / COUNT(texts);
        cr_assert_eq(inflate_code_reply(NULL, text, codings[row].asked, &out), ST_OK);
        cr_expect_arr_eq(out.data, codings[row].begins, 2);
        cr_assert_eq(inflater_run(inf, buffer_view(&out), &back, &coding, NULL), ST_OK);
        cr_expect_eq(coding, codings[row].sent);
        cr_expect(view_equal(text, back));
    }
}

/* One compressor for all of them: what it was used for before, or was stopped in the middle of, leaves nothing behind. */
Test(code_reply, a_compressor_that_is_used_again_codes_the_same)
{
    AUTO(buffer_clear) struct buffer made = BUFFER_INIT(1 << 20);
    AUTO(reply_coders_destroy) struct reply_coders *coders = reply_coders_new();
    struct view large = large_reply(&made);
    AUTO(buffer_clear) struct buffer want = BUFFER_INIT(1 << 20);
    cr_assert_eq(inflate_code_reply(NULL, large, CODING_ZLIB, &want), ST_OK);
    for (int i = 0; i < 5; i++) {
        AUTO(buffer_clear) struct buffer small = BUFFER_INIT(1000);
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1 << 20);
        cr_expect_eq(inflate_code_reply(coders, large, CODING_ZLIB, &small), ST_TOO_BIG);
        cr_assert_eq(inflate_code_reply(coders, large, CODING_ZLIB, &out), ST_OK);
        cr_expect(view_equal(buffer_view(&out), buffer_view(&want)));
    }
}

Test(code_reply, is_appended)
{
    AUTO(buffer_clear) struct buffer out = BUFFER_INIT(100);
    buffer_text(&out, "head ");
    cr_assert_eq(inflate_code_reply(NULL, VIEW_LITERAL("<R/>"), CODING_CLEAR, &out), ST_OK);
    cr_expect_str_eq(out.data, "head <R/>");
}

Test(code_reply, the_cap_of_the_buffer_is_a_status)
{
    AUTO(buffer_clear) struct buffer made = BUFFER_INIT(1 << 20);
    for (size_t i = 0; i < COUNT(codings); i++) {
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1000);
        cr_expect_eq(inflate_code_reply(NULL, large_reply(&made), codings[i].asked, &out), ST_TOO_BIG);
        buffer_reset(&made);
    }
}
