#include "common/log/line.h"

#include <criterion/criterion.h>

static const struct {
    const char *about;
    struct view value;
    const char *logfmt, *json;
} values[] = {
    {"a word", VIEW_LITERAL("abc"), "k=abc", "{\"k\":\"abc\"}"},
    {"nothing", VIEW_LITERAL(""), "k=\"\"", "{\"k\":\"\"}"},
    {"absent", {NULL, 0}, "k=\"\"", "{\"k\":\"\"}"},
    {"blanks", VIEW_LITERAL("a b"), "k=\"a b\"", "{\"k\":\"a b\"}"},
    {"an equals sign", VIEW_LITERAL("a=b"), "k=\"a=b\"", "{\"k\":\"a=b\"}"},
    {"a quote", VIEW_LITERAL("a\"b"), "k=\"a\\\"b\"", "{\"k\":\"a\\\"b\"}"},
    {"a backslash", VIEW_LITERAL("a\\b"), "k=\"a\\\\b\"", "{\"k\":\"a\\\\b\"}"},
    {"a line of its own", VIEW_LITERAL("a\nlevel=error"), "k=\"a\\u000alevel=error\"",
     "{\"k\":\"a\\u000alevel=error\"}"},
    {"NUL", VIEW_LITERAL("a\0b"), "k=\"a\\u0000b\"", "{\"k\":\"a\\u0000b\"}"},
    {"a terminal's escape", VIEW_LITERAL("\x1b[2J"), "k=\"\\u001b[2J\"", "{\"k\":\"\\u001b[2J\"}"},
    {"the same in two bytes", VIEW_LITERAL("\xc2\x9b"), "k=\"\\u009b\"", "{\"k\":\"\\u009b\"}"},
    {"umlaut, euro, emoji", VIEW_LITERAL("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
     "k=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "{\"k\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}"},
    {"a lone Latin-1 byte", VIEW_LITERAL("G\xe9n"), "k=\"G?n\"", "{\"k\":\"G?n\"}"},
    {"an overlong form", VIEW_LITERAL("\xc0\xaf"), "k=\"??\"", "{\"k\":\"??\"}"},
    {"a surrogate", VIEW_LITERAL("\xed\xa0\x80"), "k=\"???\"", "{\"k\":\"???\"}"},
    {"a character cut short", VIEW_LITERAL("\xe2\x82"), "k=\"??\"", "{\"k\":\"??\"}"},
};

static const char *line_of(struct line *line, bool json, const struct log_field *field)
{
    line_begin(line, json);
    cr_assert(line_field(line, field));
    line_end(line, false);
    cr_expect_eq(line->bytes[line->len - 1], '\n');
    line->bytes[line->len - 1] = '\0';
    return line->bytes;
}

Test(line, a_value_cannot_break_out_of_its_quotes)
{
    struct line line;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct log_field field = LOG_VIEW("k", values[i].value);
        cr_expect_str_eq(line_of(&line, false, &field), values[i].logfmt, "%s", values[i].about);
        cr_expect_str_eq(line_of(&line, true, &field), values[i].json, "%s", values[i].about);
    }
}

Test(line, a_long_value_is_cut_and_says_so)
{
    char text[2000];
    memset(text, 'x', sizeof text);
    struct log_field field = LOG_VIEW("k", ((struct view){text, sizeof text}));
    struct line line;
    const char *got = line_of(&line, false, &field);
    cr_expect_eq(strlen(got), strlen("k=\"\"") + VALUE_MAX + strlen("..."));
    cr_expect_str_eq(got + strlen(got) - 5, "x...\"");
}

Test(line, a_character_on_the_cut_stays_whole)
{
    char text[600];
    memset(text, 'x', sizeof text);
    memcpy(text + VALUE_MAX - 1, "\xc3\xa4", 2);
    struct log_field field = LOG_VIEW("k", ((struct view){text, sizeof text}));
    struct line line;
    cr_expect_not_null(strstr(line_of(&line, true, &field), "x\xc3\xa4...\""));
}

Test(line, what_does_not_fit_is_left_out_whole)
{
    char control[VALUE_MAX];
    memset(control, 1, sizeof control);
    struct log_field large = LOG_VIEW("large", ((struct view){control, sizeof control}));
    struct log_field small = LOG_NUMBER("small", -42);
    for (int json = 0; json < 2; json++) {
        struct line line;
        line_begin(&line, json);
        cr_expect(line_field(&line, &large));
        cr_expect_not(line_field(&line, &large));
        cr_expect(line_field(&line, &small));
        line_end(&line, true);
        const char *end = json ? ",\"small\":-42,\"cut\":true}\n" : " small=-42 cut=true\n";
        size_t len = strlen(end);
        cr_expect_leq(line.len, LINE_MAX_BYTES);
        cr_expect_arr_eq(line.bytes + line.len - len, end, len);
    }
}
