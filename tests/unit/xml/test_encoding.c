#include "common/xml/xml.h"

#include <criterion/criterion.h>

#define BYTES(text)                                                                                                    \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

static const struct {
    const char *what;
    struct view text;
    status st;
    const char *want;
    bool is_utf8;
} cases[] = {
    {"no declaration", BYTES("<a/>"), ST_OK, "<a/>", false},
    {"UTF-8 declared", BYTES("<?xml version=\"1.0\" encoding=\"utf-8\"?><a/>"), ST_OK, "<a/>", true},
    {"byte order mark and blanks", BYTES("\xef\xbb\xbf\n <?xml version='1.0'?>\n<a/>"), ST_OK, "\n<a/>", true},
    {"UTF-8 in single quotes is not taken at its word", BYTES("<?xml version='1.0' encoding='UTF-8'?><a/>"), ST_OK,
     "<a/>", false},
    {"ISO-8859-1", BYTES("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>"), ST_OK, "<a>\xc3\xa9</a>", true},
    {"single quotes", BYTES("<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>"), ST_OK, "<a>\xe2\x82\xac</a>",
     true},
    {"windows-1251", BYTES("<?xml version='1.0' encoding='windows-1251'?><a>\xc0</a>"), ST_OK, "<a>\xd0\x90</a>", true},
    {"invalid bytes of the declared encoding", BYTES("<?xml version='1.0' encoding='Shift_JIS'?><a>\xff</a>"), ST_OK,
     "<a>\xef\xbf\xbd</a>", true},
    {"unknown encoding", BYTES("<?xml version='1.0' encoding='klingon'?><a/>"), ST_MALFORMED, "", false},
    {"options of iconv are no name", BYTES("<?xml version='1.0' encoding='ASCII//IGNORE'?><a>\xe9</a>"), ST_OK,
     "<a>\xe9</a>", false},
    {"UTF-16, little end first", BYTES("\xff\xfe<\0a\0/\0>\0"), ST_OK, "<a/>", true},
    {"UTF-16, big end first, declared", BYTES("\xfe\xff\0<\0a\0/\0>"), ST_OK, "<a/>", true},
};

Test(xml_encoding, becomes_utf8)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer memory = BUFFER_INIT(10000);
        struct view out = VIEW_LITERAL("");
        struct reason why = {0};
        bool is_utf8 = false;
        status st = xml_to_utf8(cases[i].text, &memory, &out, &is_utf8, &why);
        cr_expect_eq(st, cases[i].st, "%s: got %s", cases[i].what, status_name(st));
        cr_expect(view_is(out, cases[i].want), "%s: got \"%.*s\"", cases[i].what, (int)out.len, out.data);
        cr_expect_eq(is_utf8, cases[i].is_utf8, "%s", cases[i].what);
        if (st != ST_OK)
            cr_expect_str_eq(why.code, "xml_encoding", "%s", cases[i].what);
    }
}
