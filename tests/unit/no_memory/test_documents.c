/* From an upload's text to a record and back: what gateway, parser and writer do with it. */
#include "common/sections/sections.h"
#include "services/parser/pack.h"
#include "tests/unit/no_memory/trial.h"
#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>

enum { CAP = 8 << 20 };

/* ---- documents ---- */

struct upload {
    enum upload_kind kind;
    struct view text;
};

static struct document *document;
static struct record_builder *builder;

static status begin_parsing(const void *what)
{
    (void)what;
    document = document_new(&(struct document_limits){.memory_max = CAP});
    builder = record_builder_new(CAP);
    return document && builder ? ST_OK : ST_NO_MEMORY;
}

/* As the parser does it. What is ST_TOO_BIG or ST_MALFORMED goes to quarantine: lack of memory must be neither. */
static status run_parsing(const void *what, struct digest *out)
{
    const struct upload *u = what;
    const struct upload_head head = {.id = {1, 2}, .kind = u->kind, .agent = VIEW_LITERAL("agent")};
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    struct view record;
    status st = document_read(document, u->kind, u->text, &repairs, &why);
    if (st == ST_OK)
        st = pack_document(builder, &head, document, false, &record, &why);
    if (st == ST_OK) {
        digest_add(out, record);
        digest_number(out, repairs.forbidden);
        digest_number(out, repairs.bytes);
        digest_number(out, document_unknown(document));
    }
    return st;
}

static void end_parsing(void)
{
    record_builder_destroy(STEAL(builder));
    document_destroy(STEAL(document));
}

#define DEVICE             "<DEVICEID>pc-2026-01-02-03-04-05</DEVICEID>"
#define INVENTORY(content) "<REQUEST>" DEVICE "<CONTENT>" content "</CONTENT></REQUEST>"
#define ROW                "<SOUNDS><NAME>a</NAME><DESCRIPTION>b</DESCRIPTION></SOUNDS>"
#define TEXT(kind, literal)                                                                                            \
    {                                                                                                                  \
        kind, VIEW_LITERAL(literal)                                                                                    \
    }

static const struct {
    const char *name;
    struct upload upload;
    size_t at_least;
} documents[] = {
    {"plain", TEXT(UPLOAD_INVENTORY, INVENTORY(ROW ROW "<BIOS><SSN>1 &amp; 2</SSN></BIOS><UNKNOWN/>")), 6},
    {"joined leaves",
     TEXT(UPLOAD_INVENTORY, INVENTORY("<LOCAL_GROUPS><MEMBER>a</MEMBER><MEMBER>b</MEMBER></LOCAL_GROUPS>")), 5},
    {"attributes and prefixes",
     TEXT(UPLOAD_INVENTORY,
          INVENTORY("<SOUNDS NAME='a &amp; b'><x:DESCRIPTION xmlns:x='urn:x'>no</x:DESCRIPTION></SOUNDS>" ROW)),
     20},
    {"a prefix that nobody declared", TEXT(UPLOAD_INVENTORY, INVENTORY("<q:SOUNDS><NAME>no</NAME></q:SOUNDS>" ROW)),
     20},
    {"repaired", TEXT(UPLOAD_INVENTORY, INVENTORY("<SOUNDS><NAME>a\x01\xff&#2;b</NAME></SOUNDS>" ROW)), 40},
    {"Latin-1",
     TEXT(UPLOAD_INVENTORY,
          "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" INVENTORY("<SOUNDS><NAME>\xe9</NAME></SOUNDS>")),
     7},
    {"UTF-16",
     TEXT(UPLOAD_DOWNLOAD, "\xff\xfe<\0R\0 \0D\0E\0V\0I\0C\0E\0I\0D\0=\0'\0d\0'\0 \0I\0D\0=\0'\0001\0'\0/\0>\0"), 20},
    {"SNMP, whose fields grow",
     TEXT(UPLOAD_SNMP,
          "<REQUEST>" DEVICE "<CONTENT><DEVICE><SWITCH><COLOUR>red</COLOUR><SIZE>1</SIZE></SWITCH></DEVICE>"
          "<SNMP_DEVICES><A>1</A><B>2</B></SNMP_DEVICES></CONTENT></REQUEST>"),
     5},
    {"NOTIFY", TEXT(UPLOAD_NOTIFY, "<REQUEST>" DEVICE "<TYPE>IP</TYPE><IFACE><IP>192.0.2.1</IP></IFACE></REQUEST>"), 5},
};

Test(no_memory, parsing)
{
    xml_library_init();
    for (size_t i = 0; i < COUNT(documents); i++) {
        const struct trial t = {.name = documents[i].name,
                                .what = &documents[i].upload,
                                .begin = begin_parsing,
                                .run = run_parsing,
                                .end = end_parsing,
                                .at_least = documents[i].at_least};
        trials_run(&t, 1);
    }
}

/* Many rows of long values: more than one piece of memory for rows, more than one room for the record. */
Test(no_memory, parsing_much)
{
    xml_library_init();
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(CAP);
    buffer_text(&text, "<REQUEST>" DEVICE "<CONTENT>");
    for (int i = 0; i < 2000; i++)
        buffer_format(&text, "<SOFTWARES><NAME>%0*d</NAME><VERSION>%d</VERSION></SOFTWARES>", 60 + i % 40, i, i);
    for (int i = 0; i < 100; i++)
        buffer_format(&text, "<LOCAL_GROUPS><NAME>%d</NAME><MEMBER>a</MEMBER><MEMBER>%0*d</MEMBER></LOCAL_GROUPS>", i,
                      900, i);
    buffer_text(&text, "</CONTENT></REQUEST>");
    const struct upload u = {UPLOAD_INVENTORY, buffer_view(&text)};
    const struct trial t = {"2100 rows", &u, begin_parsing, run_parsing, end_parsing, 15, FAILING_HERE};
    trials_run(&t, 1);
}

/* ---- records ---- */

static status begin_record(const void *what)
{
    (void)what;
    builder = record_builder_new(SAMPLE_MAX);
    return builder ? ST_OK : ST_NO_MEMORY;
}

static void end_record(void)
{
    record_builder_destroy(STEAL(builder));
}

static status run_record(const void *what, struct digest *out)
{
    const bool *lz4 = what;
    static const struct view fields[] = {VIEW_LITERAL("NAME"), VIEW_LITERAL("VERSION")};
    const struct record_head head = sample_head();
    struct view message;
    struct reason why = {0};
    AUTO(record_close) struct record *r = NULL;
    record_begin(builder, &head);
    record_section(builder, VIEW_LITERAL("SOFTWARES"), fields, COUNT(fields));
    for (int i = 0; i < 300; i++)
        record_row(builder, (const struct view[]){VIEW_LITERAL("a program"), i % 3 ? VIEW_ABSENT : VIEW_LITERAL("1")});
    status st = record_finish(builder, *lz4, &message);
    if (st == ST_OK)
        st = record_open(message.data, message.len, SAMPLE_MAX, &r, &why);
    if (st == ST_OK)
        digest_number(out, sample_walk(r));
    else if (why.code[0])
        out->fault = "memory that is out is no damage";
    return st;
}

Test(no_memory, packing_and_opening_records)
{
    static const bool yes = true, no = false;
    static const struct trial trials[] = {
        {"a packed record", &yes, begin_record, run_record, end_record, 8, FAILING_HERE},
        {"a record as it is", &no, begin_record, run_record, end_record, 7, FAILING_HERE},
    };
    trials_run(trials, COUNT(trials));
}

/* ---- without memory of their own ---- */

static status run_envelope(const void *what, struct digest *out)
{
    (void)what;
    static char scratch[64 << 10];
    struct upload_envelope e;
    struct reason why = {0};
    struct view text =
        VIEW_LITERAL("<REQUEST>" DEVICE "<QUERY>INVEN&#84;ORY</QUERY><CONTENT><ACCOUNTINFO><KEYNAME>TAG</KEYNAME>"
                     "<KEYVALUE>a &amp; b</KEYVALUE></ACCOUNTINFO></CONTENT></REQUEST>");
    status st = upload_envelope_read(text.data, text.len, scratch, sizeof scratch, &e, &why);
    digest_add(out, e.deviceid);
    digest_add(out, e.query);
    digest_add(out, e.accounts[0].value);
    return st;
}

Test(no_memory, envelopes_need_none)
{
    static const struct trial t = {.name = "an envelope", .run = run_envelope};
    trials_run(&t, 1);
}

/* ---- the operator's sections ---- */

static status run_sections(const void *what, struct digest *out)
{
    (void)what;
    AUTO(section_map_free) struct section_map *map = NULL;
    struct reason why = {0};
    status st = section_map_parse("plugins.sections",
                                  VIEW_LITERAL("section UPTIME\n table uptime\n columns TIME DAYS\n"), &map, &why);
    if (st == ST_OK)
        for (size_t i = 0; i < map->count; i++)
            digest_add(out, view_of(map->items[i].path));
    return st;
}

Test(no_memory, sections_of_the_operator)
{
    static const struct trial t = {.name = "declared sections", .run = run_sections, .at_least = 4};
    trials_run(&t, 1);
}
