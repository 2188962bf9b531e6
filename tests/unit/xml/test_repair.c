#include "common/xml/inner.h"

#include <criterion/criterion.h>

#define FFFD "\xef\xbf\xbd"

static const struct {
    const char *what, *text;
    bool as_utf8;
    const char *want;
    unsigned forbidden, bytes;
} cases[] = {
    {"nothing to do", "<a>\xc3\xa9 \xf0\x9f\x98\x80</a>", true, "<a>\xc3\xa9 \xf0\x9f\x98\x80</a>", 0, 0},
    {"control characters",
     "a\x01"
     "b\x1f"
     "c\td\n",
     true, "abc\td\n", 2, 0},
    {"references to them", "a&#0;b&#x1F;c&#xFFFF;d&#65;&#x9;", true, "abcd&#65;&#x9;", 3, 0},
    {"reference that is none", "a&#;&#x;&#12", true, "a&#;&#x;&#12", 0, 0},
    {"non-characters", "a\xef\xbf\xbe\xef\xbf\xbf", true, "a", 2, 0},
    {"lone byte, said to be UTF-8", "caf\xe9!", true, "caf" FFFD "!", 0, 1},
    {"lone byte, nothing said", "caf\xe9! \xc3\xa9", false, "caf\xc3\xa9! \xc3\xa9", 0, 1},
    {"C1 byte, nothing said", "\x85", false, "\xc2\x85", 0, 1},
    {"encoded surrogate", "a\xed\xa0\x80z", true, "a" FFFD "z", 0, 1},
    {"overlong", "a\xc0\xafz", true, "a" FFFD "z", 0, 1},
    {"cut at the end", "a\xe2\x82", true, "a" FFFD, 0, 1},
};

Test(xml_repair, leaves_what_is_right_and_counts_what_is_not)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1000);
        struct xml_repairs done = {0};
        cr_assert_eq(xml_repair(view_of(cases[i].text), cases[i].as_utf8, &out, &done), ST_OK);
        cr_expect(view_is(buffer_view(&out), cases[i].want), "%s: got \"%s\"", cases[i].what, out.data ? out.data : "");
        cr_expect_eq(done.forbidden, cases[i].forbidden, "%s: %u forbidden", cases[i].what, done.forbidden);
        cr_expect_eq(done.bytes, cases[i].bytes, "%s: %u bytes", cases[i].what, done.bytes);
    }
}
