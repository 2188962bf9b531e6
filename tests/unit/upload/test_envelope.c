#include "common/base/buffer.h"
#include "common/upload/upload.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { SCRATCH = 64 << 10 };
static char scratch[SCRATCH];

/* From memory of exactly that size, so that a sanitizer sees every byte that is read behind it. */
static status read_exactly(const char *text, size_t len, struct upload_envelope *out, struct reason *why)
{
    AUTO(mem_free) char *copy = malloc(len ? len : 1);
    cr_assert(copy);
    memcpy(copy, text, len);
    return upload_envelope_read(copy, len, scratch, SCRATCH, out, why);
}

static bool is_text(struct view v, const char *wanted)
{
    return wanted ? view_is(v, wanted) : v.data == NULL;
}

#define ID "host-2025-01-02-03-04-05"

static const struct {
    const char *what, *text, *query, *deviceid; /* NULL: absent */
} identities[] = {
    {"elements", "<REQUEST><DEVICEID>" ID "</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>", "PROLOG", ID},
    {"attributes", "<REQUEST QUERY=\"PROLOG\" DEVICEID='" ID "'/>", "PROLOG", ID},
    {"attributes, spaced", "<R\n QUERY = \"PROLOG\"\tDEVICEID\n=\n'" ID "' ></R >", "PROLOG", ID},
    {"'>' and '/' in attributes", "<R a='>' b=\"/>\" QUERY='<P>'><DEVICEID>" ID "</DEVICEID></R>", "<P>", ID},
    {"half of each", "<R QUERY='PROLOG'><DEVICEID>" ID "</DEVICEID></R>", "PROLOG", ID},
    {"any root", "<x:any><QUERY>Q</QUERY></x:any>", "Q", NULL},
    {"declaration, mark, blanks", "\xef\xbb\xbf \r\n<?xml version='1.0'?>\n<R><QUERY>Q</QUERY></R>\n\n", "Q", NULL},
    {"comments around", "<!-- <R> --><R><QUERY>Q</QUERY></R><!-- - -- ><x> --><?end ?>", "Q", NULL},
    {"inside CONTENT", "<R><CONTENT><DEVICEID>" ID "</DEVICEID></CONTENT><QUERY>Q</QUERY></R>", "Q", ID},
    {"attribute of CONTENT", "<R><CONTENT DEVICEID='" ID "'/></R>", NULL, ID},
    {"the root's goes first", "<R><CONTENT><DEVICEID>in</DEVICEID></CONTENT><DEVICEID>out</DEVICEID></R>", NULL, "out"},
    {"a blank one does not count", "<R><DEVICEID> \n</DEVICEID><CONTENT DEVICEID='in'/></R>", NULL, "in"},
    {"elsewhere", "<R><X><DEVICEID>a</DEVICEID><QUERY>b</QUERY></X></R>", NULL, NULL},
    {"deeper in CONTENT", "<R><CONTENT><SIM><DEVICEID>a</DEVICEID></SIM></CONTENT></R>", NULL, NULL},
    {"case counts", "<R><query>Q</query><DeviceId>a</DeviceId></R>", NULL, NULL},
    {"longer names", "<R><QUERYX>Q</QUERYX><QUER>Q</QUER></R>", NULL, NULL},
    {"not trimmed", "<R><QUERY> Q\t</QUERY></R>", " Q\t", NULL},
    {"ends of lines", "<R><QUERY>a\r\nb\rc\n</QUERY></R>", "a\nb\nc\n", NULL},
    {"blank", "<R><QUERY> \t\r\n</QUERY></R>", NULL, NULL},
    {"blank once decoded", "<R><QUERY>&#32;<![CDATA[ ]]><!-- x --></QUERY></R>", NULL, NULL},
    {"empty", "<R><QUERY/><DEVICEID></DEVICEID></R>", NULL, NULL},
    {"entities", "<R><QUERY>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#x6a;&#x6A;</QUERY></R>", "<&>\"'ABjj", NULL},
    {"decoded once", "<R><QUERY>&amp;lt;</QUERY></R>", "&lt;", NULL},
    {"wide references", "<R><QUERY>&#233;&#x20ac;&#x1F600;</QUERY></R>", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", NULL},
    {"forbidden references", "<R><QUERY>a&#0;&#1;&#xD800;&#xFFFF;&#x110000;&#99999999999999999999;b</QUERY></R>", "ab",
     NULL},
    {"forbidden bytes",
     "<R><QUERY>a\x01\x08\x1f\x0b"
     "b</QUERY></R>",
     "ab", NULL},
    {"carriage return by reference", "<R><QUERY>a&#13;&#10;</QUERY></R>", "a\r\n", NULL},
    {"CDATA", "<R><QUERY>a<![CDATA[<P&amp;>]]]>b<![CDATA[]]></QUERY></R>", "a<P&amp;>]b", NULL},
    {"CDATA with tags", "<R><QUERY><![CDATA[</QUERY></R><!--]]></QUERY></R>", "</QUERY></R><!--", NULL},
    {"comment splits nothing", "<R><QUERY>PRO<!-- </QUERY> ]]> -->LOG<?x </R>?></QUERY></R>", "PROLOG", NULL},
    {"entity in an attribute", "<R QUERY='a&#x26;&apos;\n\tb'/>", "a&'  b", NULL},
    {"bytes above ASCII stay", "<R><QUERY>\xe9\xff</QUERY></R>", "\xe9\xff", NULL},
    {"with an attribute: no text", "<R><QUERY x='1'>Q</QUERY></R>", "", NULL},
    {"with an element: no text", "<R><QUERY>Q<b>x</b></QUERY><DEVICEID><QUERY>x</QUERY></DEVICEID></R>", "", ""},
    {"DEVICEID twice", "<R DEVICEID='a'><DEVICEID>a</DEVICEID></R>", NULL, ""},
    {"empty document but for the root", "<REQUEST></REQUEST>", NULL, NULL},
};

Test(envelope, query_and_deviceid_are_found_wherever_xml_may_put_them)
{
    for (size_t i = 0; i < COUNT(identities); i++) {
        struct upload_envelope e;
        struct reason why = {0};
        const char *text = identities[i].text;
        status st = upload_envelope_read(text, strlen(text), scratch, SCRATCH, &e, &why);
        cr_expect_eq(st, ST_OK, "%s: %s", identities[i].what, why.text);
        cr_expect(is_text(e.query, identities[i].query), "%s: QUERY \"%.*s\"", identities[i].what, (int)e.query.len,
                  e.query.data);
        cr_expect(is_text(e.deviceid, identities[i].deviceid), "%s: DEVICEID \"%.*s\"", identities[i].what,
                  (int)e.deviceid.len, e.deviceid.data);
        cr_expect_not(e.query_repeated, "%s", identities[i].what);
    }
}

static const struct {
    const char *text;
    bool repeated;
} repeated_queries[] = {
    {"<R><QUERY>PROLOG</QUERY><QUERY>PROLOG</QUERY></R>", true},
    {"<R QUERY='PROLOG'><QUERY>PROLOG</QUERY></R>", true},
    {"<R><QUERY/><QUERY>PROLOG</QUERY><QUERY> </QUERY></R>", false},
    {"<R><QUERY>PROLOG</QUERY><X><QUERY>PROLOG</QUERY></X></R>", false},
};

Test(envelope, a_repeated_query_is_told_and_is_no_query)
{
    for (size_t i = 0; i < COUNT(repeated_queries); i++) {
        struct upload_envelope e;
        const char *text = repeated_queries[i].text;
        cr_assert_eq(upload_envelope_read(text, strlen(text), scratch, SCRATCH, &e, NULL), ST_OK);
        cr_expect_eq(e.query_repeated, repeated_queries[i].repeated, "%s", text);
        cr_expect_eq(view_is(e.query, "PROLOG"), !repeated_queries[i].repeated, "%s", text);
    }
}

#define PAIR(name, value) "<ACCOUNTINFO><KEYNAME>" name "</KEYNAME><KEYVALUE>" value "</KEYVALUE></ACCOUNTINFO>"

static const struct {
    const char *content, *pairs; /* "name=value;", '-' for absent */
} account_cases[] = {
    {PAIR("TAG", "lab"), "TAG=lab;"},
    {PAIR("TAG", "lab") PAIR("fields_3", "a &amp; b"), "TAG=lab;fields_3=a & b;"},
    {"<ACCOUNTINFO KEYNAME='TAG' KEYVALUE=\"l'ab\"/>", "TAG=l'ab;"},
    {"<ACCOUNTINFO KEYNAME='TAG'><KEYVALUE>lab</KEYVALUE></ACCOUNTINFO>", "TAG=lab;"},
    {PAIR("TAG", ""), "TAG=-;"},
    {PAIR(" ", "x"), "-=x;"},
    {"<ACCOUNTINFO/><ACCOUNTINFO>TAG</ACCOUNTINFO>" PAIR("", "") PAIR("A", "1"), "A=1;"},
    {"<ACCOUNTINFO><KEYVALUE>v</KEYVALUE><KEYNAME>n</KEYNAME></ACCOUNTINFO>", "n=v;"},
    {"<ACCOUNTINFO><KEYNAME>a</KEYNAME><KEYNAME>b</KEYNAME></ACCOUNTINFO>", "=-;"},
    {"<X>" PAIR("TAG", "lab") "</X>", ""},
    {"<ACCOUNTINFO><X>" PAIR("TAG", "lab") "</X></ACCOUNTINFO>", ""},
    {"<ACCOUNTINFO><ENTRY><KEYNAME>a</KEYNAME></ENTRY></ACCOUNTINFO>", ""},
};

static void print_pairs(const struct upload_envelope *e, char *out, size_t room)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < e->account_count && at < room; i++) {
        struct view name = e->accounts[i].name, value = e->accounts[i].value;
        at += (size_t)snprintf(out + at, room - at, "%.*s=%.*s;", name.data ? (int)name.len : 1,
                               name.data ? name.data : "-", value.data ? (int)value.len : 1,
                               value.data ? value.data : "-");
    }
}

Test(envelope, administrative_values_come_in_pairs)
{
    for (size_t i = 0; i < COUNT(account_cases); i++) {
        char text[1000], pairs[1000];
        snprintf(text, sizeof text, "<R><CONTENT>%s</CONTENT></R>", account_cases[i].content);
        struct upload_envelope e;
        cr_assert_eq(upload_envelope_read(text, strlen(text), scratch, SCRATCH, &e, NULL), ST_OK, "%s", text);
        print_pairs(&e, pairs, sizeof pairs);
        cr_expect_str_eq(pairs, account_cases[i].pairs, "%s", text);
    }
}

Test(envelope, only_the_first_administrative_values_are_kept)
{
    char text[20000] = "<R><CONTENT>";
    size_t len = strlen(text);
    for (int i = 0; i < UPLOAD_ACCOUNTS_MAX + 5; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, PAIR("%d", "&#%d;"), i, 'A' + i);
    snprintf(text + len, sizeof text - len, "</CONTENT></R>");
    struct upload_envelope e;
    cr_assert_eq(upload_envelope_read(text, strlen(text), scratch, SCRATCH, &e, NULL), ST_OK);
    cr_assert_eq(e.account_count, UPLOAD_ACCOUNTS_MAX);
    cr_expect(view_is(e.accounts[0].value, "A"));
    cr_expect(view_is(e.accounts[UPLOAD_ACCOUNTS_MAX - 1].name, "63"));
}

Test(envelope, what_an_update_asks_for_is_read_for_an_update_only)
{
    static const char update[] =
        "<R><PLATFORM>LINUX</PLATFORM><AGENT>2.0</AGENT><DMI>&lt;1</DMI><QUERY>UPDATE</QUERY></R>",
                      prolog[] = "<R><QUERY>PROLOG</QUERY><PLATFORM>LINUX</PLATFORM><AGENT>2.0</AGENT></R>";
    struct upload_envelope e;
    cr_assert_eq(upload_envelope_read(update, sizeof update - 1, scratch, SCRATCH, &e, NULL), ST_OK);
    cr_expect(view_is(e.platform, "LINUX"));
    cr_expect(view_is(e.agent, "2.0"));
    cr_expect(view_is(e.dmi, "<1"));
    cr_expect_not(e.ipdiscover.data);
    cr_assert_eq(upload_envelope_read(prolog, sizeof prolog - 1, scratch, SCRATCH, &e, NULL), ST_OK);
    cr_expect_not(e.platform.data);
    cr_expect_not(e.agent.data);
}

static const struct {
    struct view text;
    const char *code;
} refused[] = {
    {VIEW_LITERAL(""), "xml_empty"},
    {VIEW_LITERAL(" \r\n\t"), "xml_empty"},
    {VIEW_LITERAL("\xef\xbb\xbf"), "xml_empty"},
    {VIEW_LITERAL("\xff\xfe<\0R\0/\0>\0"), "xml_encoding"},
    {VIEW_LITERAL("\xfe\xff\0<\0R\0/\0>"), "xml_encoding"},
    {VIEW_LITERAL("<\0R\0/\0>\0"), "xml_encoding"},
    {VIEW_LITERAL("\0<\0R\0/\0>"), "xml_encoding"},
    {VIEW_LITERAL("hello world"), "xml_no_root"},
    {VIEW_LITERAL("<?xml version='1.0'?><!-- only -->"), "xml_no_root"},
    {VIEW_LITERAL("x<R/>"), "xml_no_root"},
    {VIEW_LITERAL("</R>"), "xml_no_root"},
    {VIEW_LITERAL("<![CDATA[x]]><R/>"), "xml_no_root"},
    {VIEW_LITERAL("<R/><R/>"), "xml_after_root"},
    {VIEW_LITERAL("<R></R></R>"), "xml_after_root"},
    {VIEW_LITERAL("<R/>x"), "xml_after_root"},
    {VIEW_LITERAL("<R/><![CDATA[x]]>"), "xml_after_root"},
    {VIEW_LITERAL("<!DOCTYPE R><R/>"), "xml_doctype"},
    {VIEW_LITERAL("<!doctype R [<!ENTITY x 'y'>]><R/>"), "xml_doctype"},
    {VIEW_LITERAL("<R><!DocType x></R>"), "xml_doctype"},
    {VIEW_LITERAL("<!ENTITY x 'y'><R/>"), "xml_doctype"},
    {VIEW_LITERAL("<R/><!DOCTYPE R>"), "xml_doctype"},
    {VIEW_LITERAL("<R><![cdata[x]]></R>"), "xml_doctype"},
    {VIEW_LITERAL("<R>"), "xml_not_closed"},
    {VIEW_LITERAL("<R"), "xml_not_closed"},
    {VIEW_LITERAL("<"), "xml_not_closed"},
    {VIEW_LITERAL("<>"), "xml_not_closed"},
    {VIEW_LITERAL("<R><a></R></a>"), "xml_not_closed"},
    {VIEW_LITERAL("<R><a></ab></R>"), "xml_not_closed"},
    {VIEW_LITERAL("<R><ab></a></R>"), "xml_not_closed"},
    {VIEW_LITERAL("<R></r>"), "xml_not_closed"},
    {VIEW_LITERAL("<R></R"), "xml_not_closed"},
    {VIEW_LITERAL("<R></"), "xml_not_closed"},
    {VIEW_LITERAL("<R a='>"), "xml_not_closed"},
    {VIEW_LITERAL("<R>1 < 2</R>"), "xml_not_closed"},
    {VIEW_LITERAL("<R><!-- </R>"), "xml_not_closed"},
    {VIEW_LITERAL("<!-->"), "xml_not_closed"},
    {VIEW_LITERAL("<R><![CDATA[ </R>"), "xml_not_closed"},
    {VIEW_LITERAL("<?xml <R/>"), "xml_not_closed"},
    {VIEW_LITERAL("<R QUERY=PROLOG/>"), "xml_not_closed"},
    {VIEW_LITERAL("<R QUERY/>"), "xml_not_closed"},
    {VIEW_LITERAL("<R ='x'/>"), "xml_not_closed"},
    {VIEW_LITERAL("<R><QUERY>a & b</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>a &b</QUERY>;</R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>&nbsp;</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>&#;</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>&#x;</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>&#12a;</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>&#-1;</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R><QUERY>&;</QUERY></R>"), "xml_entity"},
    {VIEW_LITERAL("<R DEVICEID='&bad;'/>"), "xml_entity"},
};

Test(envelope, what_is_no_document_is_refused_with_its_reason)
{
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct upload_envelope e;
        struct reason why = {0};
        cr_expect_eq(read_exactly(refused[i].text.data, refused[i].text.len, &e, &why), ST_MALFORMED, "%s",
                     refused[i].text.data);
        cr_expect_str_eq(why.code, refused[i].code, "\"%s\": %s", refused[i].text.data, why.text);
        cr_expect_neq(why.text[0], '\0');
    }
}

Test(envelope, a_document_that_was_cut_anywhere_is_refused)
{
    static const char text[] = "\xef\xbb\xbf<?xml version='1.0'?><R a='b>'><!-- c --><CONTENT>" PAIR(
        "TAG", "&lt;") "<X y=\"z\"/></CONTENT><QUERY><![CDATA[Q]]></QUERY></R>";
    struct upload_envelope e;
    cr_assert_eq(read_exactly(text, sizeof text - 1, &e, NULL), ST_OK);
    for (size_t len = 0; len < sizeof text - 1; len++)
        cr_expect_eq(read_exactly(text, len, &e, NULL), ST_MALFORMED, "%zu bytes", len);
}

/* ---------------------------------------------------------------- limits ---- */

static status read_nested(size_t depth, struct reason *why)
{
    char text[1000];
    size_t len = 0;
    for (size_t i = 0; i < depth; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "<a>");
    for (size_t i = 0; i < depth; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "</a>");
    struct upload_envelope e;
    return upload_envelope_read(text, len, scratch, SCRATCH, &e, why);
}

Test(envelope, elements_nest_64_deep_and_no_deeper)
{
    struct reason why = {0};
    cr_expect_eq(read_nested(64, &why), ST_OK, "%s", why.text);
    cr_expect_eq(read_nested(65, &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "xml_depth");
}

/* A document that begins with `before` and ends with a tag of `size` bytes: `name`, blanks, `close`. */
static status read_tag_of(size_t size, const char *before, const char *name, const char *close, struct reason *why)
{
    char text[10000];
    int len = snprintf(text, sizeof text, "%s%s%*s", before, name, (int)(size - strlen(name)), close);
    struct upload_envelope e;
    return upload_envelope_read(text, (size_t)len, scratch, SCRATCH, &e, why);
}

Test(envelope, a_tag_has_at_most_4096_bytes)
{
    static const struct {
        const char *before, *name, *close;
    } tags[] = {{"", "<R", "/>"}, {"<R>", "</R", ">"}, {"<R>", "<x", "/></R>"}};
    for (size_t i = 0; i < COUNT(tags); i++) {
        size_t behind = strlen(tags[i].close) > 2 ? strlen("</R>") : 0;
        struct reason why = {0};
        cr_expect_eq(read_tag_of(4096 + behind, tags[i].before, tags[i].name, tags[i].close, &why), ST_OK, "%s",
                     why.text);
        cr_expect_eq(read_tag_of(4097 + behind, tags[i].before, tags[i].name, tags[i].close, &why), ST_TOO_BIG);
        cr_expect_str_eq(why.code, "xml_tag_too_long");
    }
}

/* What may stand among rows that nothing is wanted of, and where it is wrong; -1: it is not. */
static const struct {
    const char *text;
    int wrong_at;
} among_rows[] = {
    {"<S><A>1</A></S>", -1},
    {"<ACCOUNT><A>1</A></ACCOUNT>", -1}, /* ACCOUNTINFO may come next, and begins like it */
    {"<OTHER><A>1</A><L2CACHE/><x-y>2</x-y></OTHER>", -1},
    {"<S><A>1<B>2</B><B/></A></S>", -1},
    {"<S>1<A><A><A></A></A></A>2</S>", -1},
    {"<S><A><!-- </S> --></A><!-- < --></S>", -1},
    {"<S><A><![CDATA[</S>]]></A><?x </S>?></S>", -1},
    {"<S><?A?><A>1</A\n></S >", -1},
    {"<S a='</S>'/><S b='>'><A b='</A>'>1</A></S>", -1},
    {"<S><ABCDEFGHIJKLMNO>1</ABCDEFGHIJKLMNO><ABCDEFGHIJKLMNOP>1</ABCDEFGHIJKLMNOP></S>", -1},
    {"<ABCDEFGHIJKLMNOPQ><A>1</A></ABCDEFGHIJKLMNOPQ>", -1},
    {"<S><A>1</B></S>", 7},
    {"<S><A>1</AA></S>", 7},
    {"<S><AA>1</A></S>", 8},
    {"<S><A>1</S>", 7},
    {"<S><A>1<A></S>", 10},
    {"<S>1</A></S>", 4},
    {"<S><A>1</A></T>", 11},
    {"<S></S></S>", 7},
    {"<S><ABCDEFGHIJKLMNOP>1</ABCDEFGHIJKLMNOQ></S>", 22},
    {"<ABCDEFGHIJKLMNOPQ><A>1</A></ABCDEFGHIJKLMNOPR>", 27},
    {"<S><>1</></S>", 3},
    {"<S><A>1</A/></S>", 7},
    {"<S><A=1>1</A=1></S>", 9},
    {"<S><!A>1</!A></S>", 3},
};

static void add_rows(struct buffer *text, size_t len)
{
    for (size_t end = text->len + len; text->len < end;)
        buffer_text(text, "<S>\n<A>1</A><B></B>\n</S>");
}

/* Rows are looked at in pieces, of which nobody outside knows where they end: each case at many places. */
static void read_among_rows(size_t i, int shift)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
    char where[40] = "";
    buffer_text(&text, "<R><CONTENT>");
    add_rows(&text, 3900);
    buffer_format(&text, "%*s", shift, "");
    snprintf(where, sizeof where, "at byte %zu", text.len + (size_t)among_rows[i].wrong_at);
    buffer_text(&text, among_rows[i].text);
    add_rows(&text,
             shift % 3 ? 5000 : 0); /* now and then it is the last one, where too little is left for looking ahead */
    buffer_text(
        &text, "<ACCOUNTINFO><KEYNAME>TAG</KEYNAME></ACCOUNTINFO><DEVICEID>d</DEVICEID></CONTENT><QUERY>Q</QUERY></R>");
    AUTO(mem_free) char *exactly = malloc(text.len); /* a sanitizer sees every byte that is read behind it */
    cr_assert(exactly && buffer_status(&text) == ST_OK);
    memcpy(exactly, text.data, text.len);
    struct upload_envelope e;
    struct reason why = {0};
    status st = upload_envelope_read(exactly, text.len, scratch, SCRATCH, &e, &why);
    if (among_rows[i].wrong_at < 0) {
        cr_expect(st == ST_OK && view_is(e.query, "Q") && view_is(e.deviceid, "d") && e.account_count == 1,
                  "%s, %d: %s", among_rows[i].text, shift, why.text);
        return;
    }
    cr_expect(st == ST_MALFORMED && strstr(why.text, where) && strlen(strstr(why.text, where)) == strlen(where),
              "%s, %d: %s", among_rows[i].text, shift, why.text);
}

Test(envelope, what_is_wrong_among_many_rows_is_found_where_it_stands)
{
    for (size_t i = 0; i < COUNT(among_rows); i++)
        for (int shift = 0; shift < 130; shift++)
            read_among_rows(i, shift);
}

static status read_nested_plain(size_t depth, struct reason *why)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
    buffer_text(&text, "<R><CONTENT><S>");
    for (size_t i = 3; i < depth; i++)
        buffer_text(&text, "<A>");
    for (size_t i = 3; i < depth; i++)
        buffer_text(&text, "</A>");
    buffer_format(&text, "</S></CONTENT></R>%*s", 200, "");
    struct upload_envelope e;
    return upload_envelope_read(text.data, text.len, scratch, SCRATCH, &e, why);
}

Test(envelope, plain_elements_count_for_the_depth_as_well)
{
    struct reason why = {0};
    cr_expect_eq(read_nested_plain(64, &why), ST_OK, "%s", why.text);
    cr_expect_eq(read_nested_plain(65, &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "xml_depth");
}

static status read_elements(const char *begin, const char *each, const char *end, size_t count, struct reason *why)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(count * strlen(each) + 100);
    buffer_text(&text, begin);
    for (size_t i = 0; i < count; i++)
        buffer_text(&text, each);
    buffer_text(&text, end);
    cr_assert_eq(buffer_status(&text), ST_OK);
    struct upload_envelope e;
    return upload_envelope_read(text.data, text.len, scratch, SCRATCH, &e, why);
}

Test(envelope, a_document_has_at_most_five_million_elements)
{
    struct reason why = {0};
    cr_expect_eq(read_elements("<a>", "<a/>", "</a>", 4999999, &why), ST_OK, "%s", why.text);
    cr_expect_eq(read_elements("<a>", "<a/>", "</a>", 5000000, &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "xml_elements");
}

Test(envelope, plain_elements_count_for_the_five_million_as_well)
{
    struct reason why = {0};
    cr_expect_eq(read_elements("<R><CONTENT><S>", "<a></a>", "</S></CONTENT></R>", 4999997, &why), ST_OK, "%s",
                 why.text);
    cr_expect_eq(read_elements("<R><CONTENT><S>", "<a></a>", "</S></CONTENT></R>", 4999998, &why), ST_TOO_BIG);
    cr_expect_str_eq(why.code, "xml_elements");
}

Test(envelope, decoded_values_never_leave_the_scratch)
{
    static const char text[] = "<R><QUERY>&amp;1234</QUERY><DEVICEID>&amp;1234</DEVICEID></R>";
    enum { RAW = 9, DECODED = 5 }; /* the room is checked for the raw text, and only the decoded one stays */
    struct upload_envelope e;
    struct reason why = {0};
    for (size_t room = 0; room < DECODED + RAW; room++) {
        AUTO(mem_free) char *small = malloc(room + 1);
        cr_assert_eq(upload_envelope_read(text, sizeof text - 1, small, room, &e, &why), ST_TOO_BIG, "%zu", room);
        cr_assert_str_eq(why.code, "xml_value_too_long");
    }
    AUTO(mem_free) char *enough = malloc(DECODED + RAW);
    cr_assert_eq(upload_envelope_read(text, sizeof text - 1, enough, DECODED + RAW, &e, NULL), ST_OK);
    cr_expect(view_is(e.query, "&1234"));
    cr_expect(view_is(e.deviceid, "&1234"));
}
