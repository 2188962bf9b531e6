#include "tests/unit/xml/listener.h"

#include <criterion/criterion.h>

static const struct {
    const char *what, *text;
    status st;
    const char *want; /* what was heard, or the reason's code */
} cases[] = {
    {"elements, attributes, text", "<a b='1'>x<c/>y</a>", ST_OK, "(a b=1:x(c:)y)"},
    {"predefined and numeric references", "<a b='&amp;&lt;&#65;&quot;'>&amp;&gt;&#x263a;</a>", ST_OK,
     "(a b=&<A\":&>\xe2\x98\xba)"},
    {"an ampersand that looks like our mark", "<a b='&amp;#38;'/>", ST_OK, "(a b=&#38;:)"},
    {"comments vanish without splitting", "<a>x<!-- c -->y</a>", ST_OK, "(a:xy)"},
    {"CDATA is text", "<a><![CDATA[<&>]]></a>", ST_OK, "(a:<&>)"},
    {"a prefix is part of the name", "<p:a xmlns:p='u' p:b='1'/>", ST_OK, "(p:a p:b=1:)"},
    {"a prefix that was not declared, too", "<a><p:b/></a>", ST_OK, "(a:(p:b:))"},
    {"control characters are repaired", "<a>x\x01y&#2;</a>", ST_OK, "(a:xy)"},
    {"Latin-1 without a word about it", "<a>caf\xe9</a>", ST_OK, "(a:caf\xc3\xa9)"},
    {"bare ampersand", "<a>x & y</a>", ST_MALFORMED, "xml_not_well_formed"},
    {"undefined entity", "<a>&nbsp;</a>", ST_MALFORMED, "xml_not_well_formed"},
    {"cut", "<a><b>x</b>", ST_MALFORMED, "xml_not_well_formed"},
    {"cut, with something to repair in it", "<a><b>x\x01</b>", ST_MALFORMED, "xml_not_well_formed"},
    {"mismatched", "<a></b>", ST_MALFORMED, "xml_not_well_formed"},
    {"two roots", "<a/><b/>", ST_MALFORMED, "xml_not_well_formed"},
    {"empty", "", ST_MALFORMED, "xml_not_well_formed"},
    {"a path", "/etc/passwd", ST_MALFORMED, "xml_not_well_formed"},
    {"document type", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", ST_MALFORMED, "xml_doctype"},
    {"too deep", "<a><a><a><a><a><a/></a></a></a></a></a>", ST_TOO_BIG, "xml_depth"},
    {"too many elements", "<a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/></a>", ST_TOO_BIG, "xml_elements"},
};

Test(xml_read, gives_events_or_a_reason)
{
    xml_library_init();
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer heard = BUFFER_INIT(10000), memory = BUFFER_INIT(10000);
        const struct xml_handler handler = listener(&heard);
        const struct xml_limits limits = {.depth = 5, .elements = 10};
        struct xml_repairs repairs = {0};
        struct reason why = {0};
        status st = xml_read(view_of(cases[i].text), &limits, &handler, &memory, &repairs, &why);
        cr_expect_eq(st, cases[i].st, "%s: got %s", cases[i].what, status_name(st));
        const char *got = st == ST_OK ? heard.data : why.code;
        cr_expect_str_eq(got, cases[i].want, "%s: got \"%s\" (%s)", cases[i].what, got, why.text);
    }
}

Test(xml_read, stops_at_too_many_different_names)
{
    xml_library_init();
    AUTO(buffer_clear)
    struct buffer heard = BUFFER_INIT(1 << 20), memory = BUFFER_INIT(1000), text = BUFFER_INIT(1 << 20);
    buffer_text(&text, "<a>");
    for (int i = 0; i < 3000; i++)
        buffer_format(&text, "<n%d/>", i);
    buffer_text(&text, "</a>");
    const struct xml_handler handler = listener(&heard);
    const struct xml_limits limits = {.names = 2000};
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    cr_expect_eq(xml_read(buffer_view(&text), &limits, &handler, &memory, &repairs, &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "xml_names");
}
