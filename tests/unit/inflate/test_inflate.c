#include "tests/unit/inflate/bodies.h"

#include <criterion/criterion.h>

enum { CAP = 4 * 1024 * 1024, RATIO = 200 };

#define XML "<?xml version=\"1.0\"?>\n<REQUEST><DEVICEID>pc-2026-01-02-03-04-05</DEVICEID></REQUEST>\n"
static const struct view xml = {XML, sizeof XML - 1};

/* Recipes: each makes one body. */
static void zlib(struct buffer *b)
{
    body_add(b, xml, CODING_ZLIB, 6, BODY_FINISHED);
}
static void zlib_stored(struct buffer *b)
{
    body_add(b, xml, CODING_ZLIB, 0, BODY_FINISHED);
}
static void zlib_flushed(struct buffer *b)
{
    body_add(b, xml, CODING_ZLIB, 6, BODY_FLUSHED);
}
static void zlib_without_checksum(struct buffer *b)
{
    zlib(b);
    b->len -= 4;
}
static void zlib_with_half_a_checksum(struct buffer *b)
{
    zlib(b);
    b->len -= 2;
}
static void zlib_and_noise(struct buffer *b)
{
    zlib(b);
    buffer_text(b, "noise");
}
static void zlib_twice_in_a_row(struct buffer *b)
{
    zlib(b);
    body_add(b, VIEW_LITERAL("<OTHER/>"), CODING_ZLIB, 6, BODY_FINISHED);
}
static void zlib_wrong_checksum(struct buffer *b)
{
    zlib(b);
    b->data[b->len - 1] ^= 1;
}
static void zlib_wrong_data(struct buffer *b)
{
    zlib(b);
    b->data[2] = (char)0xff; /* block type 3 does not exist */
}
static void zlib_dictionary(struct buffer *b)
{
    zlib(b);
    b->data[1] = (char)0xbb; /* 78 BB: FDICT set, header check right */
}
static void zlib_large_window(struct buffer *b)
{
    zlib(b);
    b->data[0] = (char)0x88;
    b->data[1] = 0x1c;
}
static void zlib_head_only(struct buffer *b)
{
    buffer_add(b, "\x78\x9c", 2);
}
static void zlib_of_nothing(struct buffer *b)
{
    body_add(b, VIEW_LITERAL(""), CODING_ZLIB, 6, BODY_FINISHED);
}
static void gzip(struct buffer *b)
{
    body_add(b, xml, CODING_GZIP, 6, BODY_FINISHED);
}
static void gzip_in_members(struct buffer *b)
{
    body_add(b, (struct view){xml.data, 10}, CODING_GZIP, 6, BODY_FINISHED);
    body_add(b, (struct view){xml.data + 10, xml.len - 10}, CODING_GZIP, 6, BODY_FINISHED);
}
static void gzip_and_noise(struct buffer *b)
{
    gzip(b);
    buffer_text(b, "noise");
}
static void gzip_cut(struct buffer *b)
{
    gzip(b);
    b->len -= 1;
}
static void gzip_second_member_cut(struct buffer *b)
{
    gzip_in_members(b);
    b->len -= 9;
}
static void gzip_wrong_checksum(struct buffer *b)
{
    gzip(b);
    b->data[b->len - 8] ^= 1;
}
static void gzip_wrong_length(struct buffer *b)
{
    gzip(b);
    b->data[b->len - 4] ^= 1;
}
static void deflate_raw(struct buffer *b)
{
    body_add(b, xml, CODING_DEFLATE, 6, BODY_FINISHED);
}
static void deflate_flushed(struct buffer *b)
{
    body_add(b, xml, CODING_DEFLATE, 6, BODY_FLUSHED);
}
static void deflate_and_noise(struct buffer *b)
{
    deflate_raw(b);
    buffer_text(b, "noise");
}
static void deflate_of_a_word(struct buffer *b)
{
    body_add(b, VIEW_LITERAL("word"), CODING_DEFLATE, 6, BODY_FINISHED);
}
static void clear(struct buffer *b)
{
    buffer_text(b, XML);
}
static void clear_behind_blanks(struct buffer *b)
{
    buffer_text(b, "\xef\xbb\xbf \r\n\t" XML);
}
static void clear_utf16(struct buffer *b)
{
    buffer_add(b, "\xff\xfe<\0R\0", 6);
}
static void json(struct buffer *b)
{
    buffer_text(b, "{\"action\": \"inventory\", \"deviceid\": \"x\"}");
}
static void form(struct buffer *b)
{
    buffer_text(b, "user=admin&password=hunter2&go=1");
}
static void nothing(struct buffer *b)
{
    (void)b;
}
static void blanks(struct buffer *b)
{
    buffer_text(b, "\n");
}
static void mark_only(struct buffer *b)
{
    buffer_text(b, "\xef\xbb\xbf");
}
static void one_byte(struct buffer *b)
{
    buffer_text(b, "x");
}
static void noise(struct buffer *b)
{
    uint32_t state = 7;
    for (int i = 0; i < 1024; i++)
        buffer_be32(b, state = state * 1664525 + 1013904223);
}

static const struct {
    const char *about;
    void (*make)(struct buffer *b);
    enum inflate_coding coding; /* when it is accepted */
    const char *refused;        /* the reason's code, or NULL: accepted */
} bodies[] = {
    {"zlib", zlib, CODING_ZLIB, NULL},
    {"zlib, not compressed", zlib_stored, CODING_ZLIB, NULL},
    {"zlib of Windows agents", zlib_flushed, CODING_ZLIB, NULL},
    {"zlib without checksum", zlib_without_checksum, CODING_ZLIB, NULL},
    {"zlib with half a checksum", zlib_with_half_a_checksum, CODING_ZLIB, NULL},
    {"zlib and noise", zlib_and_noise, CODING_ZLIB, NULL},
    {"two zlib streams: the first", zlib_twice_in_a_row, CODING_ZLIB, NULL},
    {"zlib, wrong checksum", zlib_wrong_checksum, 0, "inflate_checksum"},
    {"zlib, wrong data", zlib_wrong_data, 0, "inflate_broken"},
    {"zlib with a dictionary", zlib_dictionary, 0, "inflate_broken"},
    {"zlib, window too large", zlib_large_window, 0, "body_coding"},
    {"zlib, head only", zlib_head_only, 0, "body_empty"},
    {"zlib of nothing", zlib_of_nothing, 0, "body_empty"},
    {"gzip", gzip, CODING_GZIP, NULL},
    {"gzip in two members", gzip_in_members, CODING_GZIP, NULL},
    {"gzip and noise", gzip_and_noise, CODING_GZIP, NULL},
    {"gzip, cut", gzip_cut, 0, "inflate_broken"},
    {"gzip, second member cut", gzip_second_member_cut, 0, "inflate_broken"},
    {"gzip, wrong checksum", gzip_wrong_checksum, 0, "inflate_checksum"},
    {"gzip, wrong length", gzip_wrong_length, 0, "inflate_checksum"},
    {"raw deflate", deflate_raw, CODING_DEFLATE, NULL},
    {"raw deflate, not ended", deflate_flushed, 0, "body_coding"},
    {"raw deflate and noise", deflate_and_noise, 0, "body_coding"},
    {"raw deflate of no XML", deflate_of_a_word, 0, "body_coding"},
    {"clear", clear, CODING_CLEAR, NULL},
    {"clear behind a mark and blanks", clear_behind_blanks, CODING_CLEAR, NULL},
    {"clear UTF-16", clear_utf16, 0, "body_coding"},
    {"JSON", json, 0, "body_coding"},
    {"a form", form, 0, "body_coding"},
    {"nothing", nothing, 0, "body_empty"},
    {"a newline", blanks, 0, "body_empty"},
    {"a byte order mark", mark_only, 0, "body_empty"},
    {"one byte", one_byte, 0, "body_coding"},
    {"noise", noise, 0, "body_coding"},
};

static bool ends_with(struct view text, struct view end)
{
    return text.len >= end.len && memcmp(text.data + text.len - end.len, end.data, end.len) == 0;
}

Test(inflate, accepts_what_agents_send_and_names_why_it_refuses_the_rest)
{
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(CAP, RATIO);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        AUTO(buffer_clear) struct buffer body = BUFFER_INIT(1 << 20);
        bodies[i].make(&body);
        struct view text = VIEW_ABSENT;
        enum inflate_coding coding;
        struct reason why = {0};
        status st = inflater_run(inf, buffer_view(&body), &text, &coding, &why);
        if (bodies[i].refused) {
            cr_expect_eq(st, ST_MALFORMED, "%s: %s", bodies[i].about, status_name(st));
            cr_expect_str_eq(why.code, bodies[i].refused, "%s: %s", bodies[i].about, why.text);
            cr_expect_null(text.data, "%s", bodies[i].about);
            continue;
        }
        cr_assert_eq(st, ST_OK, "%s: %s", bodies[i].about, why.text);
        cr_expect_eq(coding, bodies[i].coding, "%s", bodies[i].about);
        cr_expect(ends_with(text, xml), "%s", bodies[i].about);
    }
}

static const struct {
    const char *about;
    void (*make)(struct buffer *b);
    bool has_rest;
} ends[] = {
    {"zlib and noise", zlib_and_noise, true},
    {"zlib", zlib, false},
    {"two zlib streams", zlib_twice_in_a_row, true},
    {"zlib of Windows agents", zlib_flushed, false},
    {"gzip and noise", gzip_and_noise, true},
    {"zlib with half a checksum", zlib_with_half_a_checksum, false},
    {"gzip in two members", gzip_in_members, false},
    {"zlib and noise, again", zlib_and_noise, true},
    {"clear", clear, false},
};

Test(inflate, what_follows_the_end_is_known)
{
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(CAP, RATIO);
    for (size_t i = 0; i < COUNT(ends); i++) {
        AUTO(buffer_clear) struct buffer body = BUFFER_INIT(1 << 20);
        ends[i].make(&body);
        struct view text;
        enum inflate_coding coding;
        cr_assert_eq(inflater_run(inf, buffer_view(&body), &text, &coding, NULL), ST_OK, "%s", ends[i].about);
        cr_expect_eq(inflater_rest(inf) > 0, ends[i].has_rest, "%s", ends[i].about);
    }
}

Test(inflate, a_stream_cut_anywhere_gives_a_beginning_of_the_text_or_nothing)
{
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(CAP, RATIO);
    AUTO(buffer_clear) struct buffer body = BUFFER_INIT(1 << 20);
    zlib(&body);
    for (size_t len = 0; len <= body.len; len++) {
        struct view text;
        enum inflate_coding coding;
        if (inflater_run(inf, (struct view){body.data, len}, &text, &coding, NULL) != ST_OK)
            continue;
        cr_assert_leq(text.len, xml.len);
        cr_expect_arr_eq(text.data, xml.data, text.len, "cut at %zu", len);
    }
}

static const struct {
    const char *about;
    enum inflate_coding coding;
    size_t count, cap; /* bytes in the bomb; cap of the inflater */
    unsigned ratio;
    const char *refused; /* NULL: accepted */
} bombs[] = {
    {"64 MiB over the cap", CODING_ZLIB, 64 << 20, CAP, 1000000, "inflate_too_big"},
    {"gzip over the cap", CODING_GZIP, 64 << 20, CAP, 1000000, "inflate_too_big"},
    {"raw deflate over the cap", CODING_DEFLATE, 64 << 20, CAP, 1000000, "inflate_too_big"},
    {"over the ratio", CODING_ZLIB, 3 << 20, CAP, 100, "inflate_ratio"},
    {"small texts may have any ratio", CODING_ZLIB, 1000000, CAP, 2, NULL},
    {"the cap itself", CODING_ZLIB, CAP - 7, CAP, 1000000, NULL},
    {"one byte above it", CODING_ZLIB, CAP - 6, CAP, 1000000, "inflate_too_big"},
    {"a cap below the first piece", CODING_ZLIB, 1000, 1006, 1000000, "inflate_too_big"},
    {"the same, met", CODING_ZLIB, 999, 1006, 1000000, NULL},
};

Test(inflate, output_is_bounded_whatever_the_input_claims)
{
    for (size_t i = 0; i < COUNT(bombs); i++) {
        AUTO(inflater_destroy) struct inflater *inf = inflater_new(bombs[i].cap, bombs[i].ratio);
        AUTO(buffer_clear) struct buffer body = BUFFER_INIT(1 << 20);
        body_add_bomb(&body, "<A>", ' ', bombs[i].count, "</A>", bombs[i].coding);
        struct view text;
        enum inflate_coding coding;
        struct reason why = {0};
        status st = inflater_run(inf, buffer_view(&body), &text, &coding, &why);
        if (bombs[i].refused) {
            cr_expect_eq(st, ST_TOO_BIG, "%s", bombs[i].about);
            cr_expect_str_eq(why.code, bombs[i].refused, "%s", bombs[i].about);
        } else {
            cr_assert_eq(st, ST_OK, "%s: %s", bombs[i].about, why.text);
            cr_expect_eq(text.len, bombs[i].count + 7, "%s", bombs[i].about);
        }
    }
}

Test(inflate, clear_text_has_the_same_cap)
{
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(4, RATIO);
    struct view text;
    enum inflate_coding coding;
    cr_expect_eq(inflater_run(inf, VIEW_LITERAL("<a/>"), &text, &coding, NULL), ST_OK);
    cr_expect_eq(inflater_run(inf, VIEW_LITERAL("<ab/>"), &text, &coding, NULL), ST_TOO_BIG);
}

Test(inflate, an_inflater_is_as_good_after_a_refusal_and_a_trim)
{
    AUTO(inflater_destroy) struct inflater *inf = inflater_new(CAP, RATIO);
    void (*const makes[])(struct buffer *) = {zlib_wrong_data, zlib, gzip_cut, gzip, noise, deflate_raw, zlib_flushed};
    for (size_t i = 0; i < COUNT(makes); i++) {
        AUTO(buffer_clear) struct buffer body = BUFFER_INIT(1 << 20);
        makes[i](&body);
        struct view text;
        enum inflate_coding coding;
        if (inflater_run(inf, buffer_view(&body), &text, &coding, NULL) == ST_OK)
            cr_expect(ends_with(text, xml), "body %zu", i);
        inflater_trim(inf, i % 2 ? 0 : 16);
    }
}
