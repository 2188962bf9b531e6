#include "common/xml/inner.h"

#include "common/base/cleanup.h"
#include "tests/unit/xml/listener.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* What is not plain may be right or wrong: libxml2 knows. */
static const struct {
    const char *what, *text, *want; /* NULL: not plain */
} cases[] = {
    {"elements and text", "<a><b>x</b> <c>y</c></a>", "(a:(b:x) (c:y))"},
    {"the same names again", "<a><b>1</b><c>2</c><b>3</b><c>4</c><c/><b>5</b></a>",
     "(a:(b:1)(c:2)(b:3)(c:4)(c:)(b:5))"},
    {"a name that begins like the likely one", "<a><b>1</b><c/><b>2</b><cd/></a>", "(a:(b:1)(c:)(b:2)(cd:))"},
    {"empty ones", "<a><b/><c /><d></d></a>", "(a:(b:)(c:)(d:))"},
    {"blanks around", " \r\n\t<a/>\r\n ", "(a:)"},
    {"references", "<a>&amp;&lt;&gt;&quot;&apos;&#65;&#x263A;&#x1f600;</a>", "(a:&<>\"'A\xe2\x98\xba\xf0\x9f\x98\x80)"},
    {"line ends", "<a>1\r\n2\r3\n4\r</a>", "(a:1\n2\n3\n4\n)"},
    {"UTF-8", "<a>\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80</a>", "(a:\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80)"},
    {"brackets that end nothing", "<a>]]] ]> ]</a>", "(a:]]] ]> ])"},
    {"CDATA", "<a>x<![CDATA[<&>]]]>y</a>", "(a:x<&>]y)"},
    {"comments", "<!-- 1 --><a>x<!-- <b> & - -->y</a><!----> ", "(a:xy)"},
    {"attributes", "<a b='c'/>", NULL},
    {"a prefix", "<p:a/>", NULL},
    {"a name of other letters", "<\xc3\xa9/>", NULL},
    {"a processing instruction", "<a><?x y?></a>", NULL},
    {"a document type", "<!DOCTYPE a><a/>", NULL},
    {"two blanks in a tag", "<a  />", NULL},
    {"an entity", "<a>&nbsp;</a>", NULL},
    {"a reference to a control character", "<a>&#1;</a>", NULL},
    {"a reference to a surrogate", "<a>&#xd800;</a>", NULL},
    {"a reference without digits", "<a>&#;</a>", NULL},
    {"a reference with a sign", "<a>&#-65;</a>", NULL},
    {"a reference in C's hexadecimal", "<a>&#x0x41;</a>", NULL},
    {"a reference that does not end", "<a>&#65</a>", NULL},
    {"a bare ampersand", "<a>x & y</a>", NULL},
    {"a control character", "<a>\x01</a>", NULL},
    {"no UTF-8", "<a>\xe9</a>", NULL},
    {"overlong UTF-8", "<a>\xc0\xaf</a>", NULL},
    {"U+FFFF", "<a>\xef\xbf\xbf</a>", NULL},
    {"the end of CDATA in text", "<a>]]></a>", NULL},
    {"the end of CDATA in a long text", "<a>x]]> and so much behind it that it is seen in a block</a>", NULL},
    {"CDATA around the root", "<![CDATA[x]]><a/>", NULL},
    {"CDATA that does not end", "<a><![CDATA[x]]</a>", NULL},
    {"CDATA with line ends to change", "<a><![CDATA[\r\n]]></a>", NULL},
    {"two hyphens in a comment", "<a><!-- -- --></a>", NULL},
    {"a control character in a comment", "<a><!-- \x02 --></a>", NULL},
    {"mismatched", "<a></b>", NULL},
    {"the end's name is longer", "<a></ab>", NULL},
    {"an end too many", "<a></a></a>", NULL},
    {"an end first", "</a>", NULL},
    {"two roots", "<a/><b/>", NULL},
    {"text behind", "<a/>x", NULL},
    {"cut", "<a><b>x</b>", NULL},
    {"cut in a tag", "<a", NULL},
    {"nothing", "", NULL},
    {"blanks only", "  ", NULL},
    {"too deep", "<a><a><a><a><a><a/></a></a></a></a></a>", NULL},
    {"too many elements", "<a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/></a>", NULL},
    {"too many names", "<a><b/><c/><d/><e/><f/><g/><h/><i/></a>", NULL},
};

Test(xml_plain, tells_what_libxml2_would_or_nothing)
{
    static const struct xml_limits limits = {.depth = 5, .elements = 10, .names = 8};
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer heard = BUFFER_INIT(10000);
        const struct xml_handler handler = listener(&heard);
        status st = ST_IO;
        bool plain = xml_plain(view_of(cases[i].text), &limits, &handler, &st);
        cr_expect_eq(plain, cases[i].want != NULL, "%s: plain %d", cases[i].what, plain);
        if (!cases[i].want)
            continue;
        cr_expect_eq(st, ST_OK, "%s: %s", cases[i].what, status_name(st));
        cr_expect_str_eq(buffer_view(&heard).data, cases[i].want, "%s: heard \"%s\"", cases[i].what,
                         buffer_view(&heard).data);
    }
}

Test(xml_plain, hands_on_what_the_handler_says)
{
    static const struct xml_limits limits = {.depth = 5, .elements = 10, .names = 8};
    AUTO(buffer_clear) struct buffer heard = BUFFER_INIT(5);
    const struct xml_handler handler = listener(&heard);
    status st = ST_OK;
    cr_expect(xml_plain(VIEW_LITERAL("<a>123456</a>"), &limits, &handler, &st));
    cr_expect_eq(st, ST_TOO_BIG);
}

/* From memory of exactly that size, so that a sanitizer sees every byte that is read behind it. */
static bool hear_exactly(const char *text, size_t len, struct buffer *heard)
{
    static const struct xml_limits limits = {.depth = 5, .elements = 10, .names = 8};
    const struct xml_handler handler = listener(heard);
    AUTO(mem_free) char *copy = malloc(len);
    cr_assert(copy);
    memcpy(copy, text, len);
    status st = ST_IO;
    return xml_plain((struct view){copy, len}, &limits, &handler, &st) && st == ST_OK;
}

/* Text is looked at in blocks: a byte means the same at every place of one, and in what is left behind the last. */
Test(xml_plain, every_byte_means_the_same_at_every_place_of_a_text)
{
    enum { LEN = 40 };
    for (unsigned c = 0; c < 256; c++)
        for (size_t at = 0; at < LEN; at++) {
            char text[100], want[100];
            size_t size = (size_t)snprintf(text, sizeof text, "<a>%*s</a>", LEN, "");
            snprintf(want, sizeof want, "(a:%*s)", LEN, "");
            text[3 + at] = (char)c;
            want[3 + at] = c == '\r' ? '\n' : (char)c;
            AUTO(buffer_clear) struct buffer heard = BUFFER_INIT(1000);
            bool is_text = (c >= ' ' && c < 0x80 && c != '<' && c != '&') || c == '\t' || c == '\n' || c == '\r';
            cr_expect_eq(hear_exactly(text, size, &heard), is_text, "%02x at %zu", c, at);
            if (is_text)
                cr_expect_eq(memcmp(buffer_view(&heard).data, want, size - 3), 0, "%02x at %zu", c, at);
        }
}

/* Names are compared in blocks as well, up to their length. */
Test(xml_plain, every_byte_of_a_name_counts)
{
    static const char longest[] = "abcdefghijklmnopqrstuvwxyz";
    for (int len = 1; len < (int)sizeof longest - 1; len++)
        for (int wrong = -1; wrong <= len; wrong++) {
            char text[200], end[40];
            snprintf(end, sizeof end, "%.*s", len + (wrong == len), longest);
            if (wrong >= 0)
                end[wrong] = '_';
            AUTO(buffer_clear) struct buffer heard = BUFFER_INIT(1000);
            size_t size = (size_t)snprintf(text, sizeof text, "<r><%.*s>1</%s></r>", len, longest, end);
            cr_expect_eq(hear_exactly(text, size, &heard), wrong < 0, "%s", text);
            size =
                (size_t)snprintf(text, sizeof text, "<r><%.*s/><x/><%.*s/><%s/></r>", len, longest, len, longest, end);
            cr_expect(hear_exactly(text, size, &heard), "%s", text);
            char want[200];
            snprintf(want, sizeof want, "(r:(%.*s:)(x:)(%.*s:)(%s:))", len, longest, len, longest, end);
            cr_expect_str_eq(buffer_view(&heard).data, want);
        }
}

/* Once names are at home in the reader's table, their views are the same for the same name: callers compare pointers. */
static status same_pointer(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    (void)attributes, (void)count;
    const char **first = ctx;
    if (view_is(name, "b")) {
        cr_expect(!*first || *first == name.data);
        *first = name.data;
    }
    return ST_OK;
}

static void forget(void *ctx)
{
    (void)ctx;
}

static status no_text(void *ctx, struct view piece, bool stays)
{
    (void)ctx, (void)piece, (void)stays;
    return ST_OK;
}

static status no_close(void *ctx)
{
    (void)ctx;
    return ST_OK;
}

Test(xml_plain, a_name_has_one_pointer)
{
    static const struct xml_limits limits = {.depth = 5, .elements = 100, .names = 8};
    const char *first = NULL;
    const struct xml_handler handler = {&first, forget, same_pointer, no_text, no_close};
    status st = ST_OK;
    cr_expect(xml_plain(VIEW_LITERAL("<a><b/><c/><b/><d/><b/><b/><c/><b/></a>"), &limits, &handler, &st));
    cr_expect_not_null(first);
}
