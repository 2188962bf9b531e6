#include "common/xml/inner.h"

#include <criterion/criterion.h>

static const struct {
    const char *what, *text;
    status want;
    const char *code;
} cases[] = {
    {"plain", "<a><b/>x &lt; y</a>", ST_OK, ""},
    {"quotes may hold a bracket", "<a b='>' c=\"'>\"/>", ST_OK, ""},
    {"comment with a document type in it", "<a><!-- <!DOCTYPE x> --></a>", ST_OK, ""},
    {"CDATA with anything in it", "<a><![CDATA[<!DOCTYPE ]]></a>", ST_OK, ""},
    {"processing instruction", "<?x <y ?><a/>", ST_OK, ""},
    {"document type", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", ST_MALFORMED, "xml_doctype"},
    {"document type in small letters", "<!doctype a><a/>", ST_MALFORMED, "xml_doctype"},
    {"entity declaration inside", "<a><!ENTITY b 'c'></a>", ST_MALFORMED, "xml_doctype"},
    {"tag that never closes", "<a><b", ST_MALFORMED, "xml_not_well_formed"},
    {"comment that never closes", "<a><!-- b</a>", ST_MALFORMED, "xml_not_well_formed"},
    {"CDATA that never closes", "<a><![CDATA[ b</a>", ST_MALFORMED, "xml_not_well_formed"},
};

Test(xml_guard, lets_through_what_the_parser_may_see)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct reason why = {0};
        status st = xml_guard(view_of(cases[i].text), &why);
        cr_expect_eq(st, cases[i].want, "%s: got %s", cases[i].what, status_name(st));
        cr_expect_str_eq(why.code, cases[i].code, "%s: got %s", cases[i].what, why.code);
    }
}

Test(xml_guard, refuses_a_tag_that_could_hold_too_many_attributes)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
    buffer_text(&text, "<a");
    for (int i = 0; i < 2000; i++)
        buffer_format(&text, " a%d=''", i);
    buffer_text(&text, "/>");
    struct reason why = {0};
    cr_expect_eq(xml_guard(buffer_view(&text), &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "xml_tag_too_long");
}
