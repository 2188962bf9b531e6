#include "services/parser/document.h"

#include <criterion/criterion.h>

/* Rows as text: "PRINTERS[NAME=x,DRIVER=-] ..."; '-' is absent, a text-only row is "text". */
static void show_row(struct buffer *out, const struct document_section *s, const struct document_row *row)
{
    if (row->text_only) {
        buffer_text(out, "[text]");
        return;
    }
    buffer_char(out, '[');
    const char *comma = "";
    for (size_t f = 0; f < s->field_count; f++) {
        struct view v = row->values[f];
        if (v.data) {
            buffer_format(out, "%s%.*s=%.*s", comma, (int)s->fields[f].len, s->fields[f].data, (int)v.len, v.data);
            comma = ",";
        }
    }
    buffer_char(out, ']');
}

static void show(struct buffer *out, const struct document *d)
{
    for (size_t i = 0; i < document_section_count(d); i++) {
        const struct document_section *s = document_section_at(d, i);
        if (!s->row_count)
            continue;
        buffer_format(out, "%.*s", (int)s->name.len, s->name.data);
        for (const struct document_row *row = s->first; row; row = row->next)
            show_row(out, s, row);
        buffer_char(out, ' ');
    }
}

#define INVENTORY(content) "<REQUEST><DEVICEID>d</DEVICEID><CONTENT>" content "</CONTENT></REQUEST>"

static const struct {
    const char *what;
    enum upload_kind kind;
    const char *text, *want;
} cases[] = {
    {"rows in document order", UPLOAD_INVENTORY,
     INVENTORY("<SOUNDS><NAME>a</NAME></SOUNDS><SOUNDS><NAME>b</NAME><MANUFACTURER>m</MANUFACTURER></SOUNDS>"),
     "SOUNDS[NAME=a][MANUFACTURER=m,NAME=b] "},
    {"sections may interleave", UPLOAD_INVENTORY,
     INVENTORY("<SOUNDS><NAME>a</NAME></SOUNDS><MODEMS><NAME>m</NAME></MODEMS><SOUNDS><NAME>b</NAME></SOUNDS>"),
     "SOUNDS[NAME=a][NAME=b] MODEMS[NAME=m] "},
    {"text is kept as it is", UPLOAD_INVENTORY, INVENTORY("<SOUNDS><NAME> a  b\n</NAME></SOUNDS>"),
     "SOUNDS[NAME= a  b\n] "},
    {"blank elements do not exist", UPLOAD_INVENTORY,
     INVENTORY("<SOUNDS><NAME> </NAME></SOUNDS><MODEMS/><MODEMS> </MODEMS><PORTS><NAME/><TYPE>t</TYPE></PORTS>"),
     "PORTS[TYPE=t] "},
    {"attributes are children", UPLOAD_INVENTORY, INVENTORY("<SOUNDS NAME='a'><DESCRIPTION>b</DESCRIPTION></SOUNDS>"),
     "SOUNDS[NAME=a,DESCRIPTION=b] "},
    {"a section as text", UPLOAD_INVENTORY, INVENTORY("<SOUNDS>hello</SOUNDS>"), "SOUNDS[text] "},
    {"a single section as text is no row", UPLOAD_INVENTORY,
     INVENTORY("<BIOS>hello</BIOS><HARDWARE>you</HARDWARE><BIOS><SSN>1</SSN></BIOS>"), "BIOS[SSN=1] "},
    {"an element with a prefix is another one", UPLOAD_INVENTORY,
     INVENTORY("<x:SOUNDS><NAME>a</NAME></x:SOUNDS><SOUNDS><x:NAME>b</x:NAME><NAME>c</NAME></SOUNDS>"),
     "SOUNDS[NAME=c] "},
    {"repeated leaves that alternate", UPLOAD_INVENTORY,
     INVENTORY("<SOUNDS><NAME>a</NAME><DESCRIPTION>1</DESCRIPTION><NAME>b</NAME><DESCRIPTION>2</DESCRIPTION>"
               "<NAME>c</NAME></SOUNDS>"),
     "SOUNDS[NAME=a,b,c,DESCRIPTION=1,2] "},
    {"repeated leaf", UPLOAD_INVENTORY,
     INVENTORY("<LOCAL_GROUPS><MEMBER>a</MEMBER><NAME>g</NAME><MEMBER>b</MEMBER></LOCAL_GROUPS>"),
     "LOCAL_GROUPS[NAME=g,MEMBER=a,b] "},
    {"structured leaf", UPLOAD_INVENTORY, INVENTORY("<SOUNDS><NAME>a<x>b</x>c</NAME></SOUNDS>"), "SOUNDS[NAME=abc] "},
    {"an unknown field alone makes a row", UPLOAD_INVENTORY, INVENTORY("<SOUNDS><COLOUR>red</COLOUR></SOUNDS>"),
     "SOUNDS[] "},
    {"names count with their case", UPLOAD_INVENTORY,
     INVENTORY("<sounds><NAME>a</NAME></sounds><SOUNDS><name>b</name><NAME>c</NAME></SOUNDS>"), "SOUNDS[NAME=c] "},
    {"of several single sections the first counts", UPLOAD_INVENTORY,
     INVENTORY("<BIOS><SSN>1</SSN></BIOS><BIOS><SSN>2</SSN></BIOS>"), "BIOS[SSN=1] "},
    {"unknown sections are passed over", UPLOAD_INVENTORY,
     INVENTORY("<ENVS><SOUNDS><NAME>no</NAME></SOUNDS></ENVS><SOUNDS><NAME>a</NAME></SOUNDS>"), "SOUNDS[NAME=a] "},
    {"sections below sections", UPLOAD_INVENTORY,
     INVENTORY(
         "<IPDISCOVER><H><I>10.0.0.1</I><M>m</M></H><H><I>10.0.0.2</I></H></IPDISCOVER>"
         "<DOWNLOAD><HISTORY><PACKAGE ID='7'/><PACKAGE ID='8'/></HISTORY></DOWNLOAD><SOUNDS><NAME>a</NAME></SOUNDS>"),
     "IPDISCOVER/H[I=10.0.0.1,M=m][I=10.0.0.2] DOWNLOAD/HISTORY/PACKAGE[ID=7][ID=8] SOUNDS[NAME=a] "},
    {"sections stand below CONTENT only", UPLOAD_INVENTORY,
     "<REQUEST><SOUNDS><NAME>a</NAME></SOUNDS><CONTENT/></REQUEST>", ""},
    {"SNMP: any section, any field", UPLOAD_SNMP,
     INVENTORY("<snmp_a><x>1</x></snmp_a><snmp_a><y>2</y></snmp_a><snmp_b><x>3</x></snmp_b>"),
     "snmp_a[x=1][y=2] snmp_b[x=3] "},
    {"NOTIFY", UPLOAD_NOTIFY,
     "<REQUEST><TYPE>IP</TYPE><HARDWARE><IPADDR>1</IPADDR></HARDWARE><IFACE><MAC>m</MAC><IP>1</IP></IFACE></REQUEST>",
     "HARDWARE[IPADDR=1] IFACE[MAC=m,IP=1] "},
};

Test(document, reads_as_xml_simple_would)
{
    xml_library_init();
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){0});
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct xml_repairs repairs = {0};
        struct reason why = {0};
        AUTO(buffer_clear) struct buffer got = BUFFER_INIT(10000);
        status st = document_read(d, cases[i].kind, view_of(cases[i].text), &repairs, &why);
        cr_expect_eq(st, ST_OK, "%s: %s %s", cases[i].what, why.code, why.text);
        show(&got, d);
        cr_expect(view_is(buffer_view(&got), cases[i].want), "%s: got \"%s\"", cases[i].what, got.data ? got.data : "");
    }
}

Test(document, the_second_try_forgets_the_first)
{
    xml_library_init();
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){0});
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    cr_assert_eq(document_read(d, UPLOAD_INVENTORY,
                               view_of(INVENTORY("<SOUNDS><NAME>a</NAME></SOUNDS><PORTS><NAME>x\x01</NAME></PORTS>")),
                               &repairs, &why),
                 ST_OK);
    AUTO(buffer_clear) struct buffer got = BUFFER_INIT(1000);
    show(&got, d);
    cr_expect_str_eq(got.data, "SOUNDS[NAME=a] PORTS[NAME=x] ");
    cr_expect_eq(repairs.forbidden, 1);
}

static const struct {
    const char *what;
    struct document_limits limits;
    const char *text, *code;
} limit_cases[] = {
    {"rows of a section",
     {.rows = 2},
     INVENTORY("<SOUNDS><NAME>a</NAME></SOUNDS><SOUNDS><NAME>a</NAME></SOUNDS><SOUNDS><NAME>a</NAME></SOUNDS>"),
     "rows"},
    {"one value", {.value_max = 10}, INVENTORY("<SOUNDS><NAME>0123456789a</NAME></SOUNDS>"), "value_too_big"},
    {"a value joined from many",
     {.value_max = 10},
     INVENTORY("<SOUNDS><NAME>01234</NAME><NAME>56789</NAME></SOUNDS>"),
     "value_too_big"},
    {"memory",
     {.memory_max = 200},
     INVENTORY("<SOUNDS><NAME>aaaaaaaaaaaaaaaaaaaaaaaaaaaaa</NAME></SOUNDS><PORTS><NAME>a</NAME></"
               "PORTS><MODEMS><NAME>a</NAME></MODEMS><SLOTS><NAME>a</NAME></SLOTS>"),
     "memory"},
};

Test(document, stops_at_its_limits)
{
    xml_library_init();
    for (size_t i = 0; i < COUNT(limit_cases); i++) {
        AUTO(document_destroy) struct document *d = document_new(&limit_cases[i].limits);
        struct xml_repairs repairs = {0};
        struct reason why = {0};
        status st = document_read(d, UPLOAD_INVENTORY, view_of(limit_cases[i].text), &repairs, &why);
        cr_expect_eq(st, ST_TOO_BIG, "%s: got %s", limit_cases[i].what, status_name(st));
        cr_expect_str_eq(why.code, limit_cases[i].code, "%s: got %s", limit_cases[i].what, why.code);
    }
}

Test(document, a_group_with_many_members_costs_what_their_names_cost)
{
    enum { MEMBERS = 50000, ROOM = 4 << 20 };
    xml_library_init();
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(16 << 20);
    buffer_text(&text, "<REQUEST><DEVICEID>d</DEVICEID><CONTENT><LOCAL_GROUPS>");
    for (int i = 0; i < MEMBERS; i++)
        buffer_format(&text, "<MEMBER>user%05d</MEMBER>", i);
    buffer_text(&text, "</LOCAL_GROUPS></CONTENT></REQUEST>");
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){.memory_max = ROOM});
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    cr_assert_eq(document_read(d, UPLOAD_INVENTORY, buffer_view(&text), &repairs, &why), ST_OK, "%s", why.text);
    struct view members = document_section_at(d, 0)->first->values[2];
    cr_expect_eq(members.len, MEMBERS * 10 - 1);
    cr_expect_eq(memcmp(members.data + members.len - 20, ",user49998,user49999", 20), 0);
}

/* More names than are remembered, in rows that turn their order: some push each other out, and each is found all the same. */
Test(document, every_field_is_found_among_many_other_names)
{
    static const char *const fields[] = {"MANUFACTURER", "NAME", "DESCRIPTION"};
    enum { OTHERS = 100, ROWS = 30 };
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(1 << 20);
    AUTO(buffer_clear) struct buffer want = BUFFER_INIT(1 << 16);
    AUTO(buffer_clear) struct buffer shown = BUFFER_INIT(1 << 16);
    buffer_text(&text, "<REQUEST><DEVICEID>d</DEVICEID><CONTENT>");
    buffer_text(&want, "SOUNDS");
    for (int row = 0; row < ROWS; row++) {
        buffer_text(&text, "<SOUNDS>");
        for (int i = 0; i < OTHERS + (int)COUNT(fields); i++) {
            int which = (i + 7 * row) % (OTHERS + (int)COUNT(fields));
            if (which < OTHERS)
                buffer_format(&text, "<OTHER%d>no</OTHER%d>", which, which);
            else
                buffer_format(&text, "<%s>%d</%s>", fields[which - OTHERS], row + which, fields[which - OTHERS]);
        }
        buffer_text(&text, "</SOUNDS>");
        buffer_format(&want, "[MANUFACTURER=%d,NAME=%d,DESCRIPTION=%d]", row + OTHERS, row + OTHERS + 1,
                      row + OTHERS + 2);
    }
    buffer_text(&text, "</CONTENT></REQUEST>");
    buffer_char(&want, ' ');
    AUTO(document_destroy) struct document *d = document_new(&(struct document_limits){0});
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    cr_assert_eq(document_read(d, UPLOAD_INVENTORY, buffer_view(&text), &repairs, &why), ST_OK, "%s", why.text);
    show(&shown, d);
    cr_expect_str_eq(buffer_view(&shown).data, buffer_view(&want).data);
}
