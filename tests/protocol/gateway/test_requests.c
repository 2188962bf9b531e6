#include "site.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <zlib.h>

static const char *const rows[] = {
    "INSERT INTO deploy(NAME,CONTENT) VALUES('label','content of the label')",
    "INSERT INTO files(NAME,VERSION,OS,CONTENT) "
    "VALUES('agent',20,'LINUX',''),('Agent',7,'LINUX',''),('dmi',7,'LINUX','')",
    "UPDATE config SET IVALUE=1 WHERE NAME='UPDATE'",
    NULL,
};

#define REQUEST(inside) "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<REQUEST>" inside "</REQUEST>"
#define ID              "<DEVICEID>pc-2025-01-02-03-04-05</DEVICEID>"

/* protocol.md 1.1, 1.7, 1.9, 8, 9. body NULL: none. */
static const struct {
    const char *what, *method, *path, *body;
    int status;
    const char *reply; /* inside the body, NULL: anything; "": no body at all */
} cases[] = {
    {"label", "GET", "/deploy/label", NULL, 200, "content of the label"},
    {"label with a slash", "GET", "/deploy/label/", NULL, 200, "content of the label"},
    {"label in capitals", "GET", "/deploy/LABEL", NULL, 200, "content of the label"},
    {"label percent-coded", "GET", "/deploy/la%62el", NULL, 200, "content of the label"},
    {"label below anything", "GET", "/any/deploy/label", NULL, 200, "content of the label"},
    {"label that is not there", "GET", "/deploy/none", NULL, 400, NULL},
    {"label with two segments", "GET", "/deploy/a/b", NULL, 400, NULL},
    {"label that is no UTF-8", "GET", "/deploy/%ff%fe", NULL, 400, NULL},
    {"update", "GET", "/update/LINUX/agent/20", NULL, 200, ""},
    {"update, more behind the digit", "GET", "/update/a/b/c/2x/y", NULL, 200, ""},
    {"update without a number", "GET", "/update/LINUX/agent/x", NULL, 400, NULL},
    {"update with one part", "GET", "/update/LINUX/20", NULL, 400, NULL},
    {"GET of nothing", "GET", "", NULL, 400, NULL},
    {"GET of a probe", "GET", "/?action=getConfig&machineid=x", NULL, 400, NULL},
    {"HEAD", "HEAD", "", NULL, 403, NULL},
    {"PUT", "PUT", "", NULL, 403, NULL},
    {"DELETE", "DELETE", "", NULL, 403, NULL},
    {"OPTIONS", "OPTIONS", "", NULL, 403, NULL},
    {"no body", "POST", "", "", 400, NULL},
    {"neither compressed nor XML", "POST", "", "hello world", 400, NULL},
    {"JSON", "POST", "", "{\"action\": \"contact\"}", 400, NULL},
    {"DOCTYPE", "POST", "", "<!DOCTYPE a><REQUEST/>", 400, NULL},
    {"cut", "POST", "", "<REQUEST><QUERY>PROLOG</QUERY>" ID, 400, NULL},
    {"unknown encoding", "POST", "",
     "<?xml version=\"1.0\" encoding=\"nosuch\"?><REQUEST>" ID "<QUERY>PROLOG</QUERY></REQUEST>", 400, NULL},
    {"no QUERY", "POST", "", REQUEST(ID), 400, NULL},
    {"no DEVICEID", "POST", "", REQUEST("<QUERY>PROLOG</QUERY>"), 400, NULL},
    {"bad DEVICEID", "POST", "", REQUEST("<DEVICEID>pc</DEVICEID><QUERY>PROLOG</QUERY>"), 400, NULL},
    {"unknown QUERY", "POST", "", REQUEST(ID "<QUERY>HELLO</QUERY>"), 400, NULL},
    {"lower case QUERY", "POST", "", REQUEST(ID "<QUERY>prolog</QUERY>"), 400, NULL},
    {"QUERY twice", "POST", "", REQUEST(ID "<QUERY>PROLOG</QUERY><QUERY>PROLOG</QUERY>"), 400, NULL},
    {"SYSTEM", "POST", "", REQUEST(ID "<QUERY>SYSTEM</QUERY>"), 400, NULL},
    {"NETDISCOVERY", "POST", "", REQUEST(ID "<QUERY>NETDISCOVERY</QUERY>"), 200, ""},
    {"SNMPQUERY", "POST", "", REQUEST(ID "<QUERY>SNMPQUERY</QUERY>"), 200, ""},
    {"SNMP while it is off", "POST", "", REQUEST(ID "<QUERY>SNMP</QUERY>"), 200, ""},
    {"PROLOG", "POST", "", REQUEST(ID "<QUERY>PROLOG</QUERY>"), 200,
     "  <RESPONSE>SEND</RESPONSE>\n  <PROLOG_FREQ>24</PROLOG_FREQ>\n"},
    {"PROLOG by attributes", "POST", "", "<REQUEST QUERY=\"PROLOG\" DEVICEID=\"pc-2025-01-02-03-04-05\"/>", 200,
     "<RESPONSE>SEND</RESPONSE>"},
    {"PROLOG with a slash", "POST", "/", REQUEST(ID "<QUERY>PROLOG</QUERY>"), 200, "<RESPONSE>SEND</RESPONSE>"},
    {"PROLOG below anything", "POST", "/any/where?a=b", REQUEST(ID "<QUERY>PROLOG</QUERY>"), 200,
     "<RESPONSE>SEND</RESPONSE>"},
    {"PROLOG of a name outside the database's characters", "POST", "",
     REQUEST("<DEVICEID>\xF0\x9F\x98\x80-2025-01-02-03-04-05</DEVICEID><QUERY>PROLOG</QUERY>"), 200,
     "<RESPONSE>SEND</RESPONSE>"},
    {"UPDATE of an old agent", "POST", "", REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>LINUX</PLATFORM><AGENT>10</AGENT>"),
     200, "  <RESPONSE>UPDATE</RESPONSE>\n  <AGENT>20</AGENT>\n</REPLY>"},
    {"UPDATE of a current agent", "POST", "",
     REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>LINUX</PLATFORM><AGENT>20</AGENT>"), 200, "NO_UPDATE"},
    {"UPDATE with dmi", "POST", "",
     REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>LINUX</PLATFORM><AGENT>20</AGENT><DMI>1</DMI>"), 200,
     "  <RESPONSE>UPDATE</RESPONSE>\n  <DMI>7</DMI>\n</REPLY>"},
    {"UPDATE without files", "POST", "", REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>MAC</PLATFORM><AGENT>1</AGENT>"), 200,
     "NO_UPDATE"},
    {"UPDATE of an unknown platform", "POST", "",
     REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>linux</PLATFORM><AGENT>1</AGENT>"), 400, NULL},
    {"UPDATE without agent", "POST", "", REQUEST("<QUERY>UPDATE</QUERY><PLATFORM>LINUX</PLATFORM>"), 400, NULL},
};

static void ask(const struct site *s, size_t i, struct site_reply *reply)
{
    AUTO(buffer_clear) struct buffer request = BUFFER_INIT(65536);
    buffer_format(&request, "%s /ocsinventory%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", cases[i].method,
                  cases[i].path);
    if (cases[i].body)
        buffer_format(&request, "Content-Length: %zu\r\n", strlen(cases[i].body));
    buffer_format(&request, "\r\n%s", cases[i].body ? cases[i].body : "");
    site_send(s, buffer_view(&request), reply);
}

Test(requests, are_answered_as_ocs_does)
{
    struct site s;
    site_start(&s, "requests", rows, NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct site_reply reply;
        ask(&s, i, &reply);
        cr_expect_eq(reply.status, cases[i].status, "%s: %d", cases[i].what, reply.status);
        if (cases[i].reply && *cases[i].reply)
            cr_expect(reply.body.len && strstr(reply.body.data, cases[i].reply), "%s: %s", cases[i].what,
                      reply.body.data);
        else if (cases[i].reply)
            cr_expect_eq(reply.body.len, 0, "%s: %s", cases[i].what, reply.body.data);
        site_reply_clear(&reply);
    }
    cr_expect_eq(spool_count(s.spool).pending, 0, "none of these leaves an upload");
    site_stop(&s);
}

/* ------------------------------------------------------------------ codings ---- */

enum { RAW = -MAX_WBITS, ZLIB = MAX_WBITS, GZIP = MAX_WBITS + 16 };

static size_t deflate_text(char *text, int bits, int finish, unsigned char *out, size_t room)
{
    z_stream z = {0};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (unsigned char *)text;
    z.avail_in = (unsigned)strlen(text);
    z.next_out = out;
    z.avail_out = (unsigned)room;
    deflate(&z, finish);
    size_t len = z.total_out;
    deflateEnd(&z);
    return len;
}

static const struct {
    const char *what;
    int bits, finish; /* bits 0: clear */
    const char *headers, *want_type, *begins;
} codings[] = {
    {"zlib", ZLIB, Z_FINISH, "Content-Type: application/x-compress\r\n", "application/x-compressed", "\x78\x9c"},
    {"unfinished zlib", ZLIB, Z_SYNC_FLUSH, "Content-Type: application/x-compressed\r\n", "application/x-compressed",
     "\x78\x9c"},
    {"gzip", GZIP, Z_FINISH, "Content-Type: text/plain; charset=\"UTF-8\"\r\nContent-Encoding: gzip\r\n",
     "application/x-compressed", "\x1f\x8b"},
    {"clear", 0, 0, "Content-Type: application/x-compress\r\n", "application/x-compressed", "<?xml"},
    {"raw deflate", RAW, Z_FINISH, "", "application/x-compressed", "\x78\x9c"},
    {"zlib by its name", ZLIB, Z_FINISH, "Content-Type: application/x-compress-zlib\r\n", "application/x-compress-zlib",
     "\x78\x9c"},
    {"gzip by its name", GZIP, Z_FINISH, "Content-Type: application/x-compress-gzip\r\n", "application/x-compress-gzip",
     "\x1f\x8b"},
    {"XML by its name", 0, 0, "Content-Type: application/xml\r\n", "application/xml", "<?xml"},
};

Test(requests, replies_are_coded_and_named_like_the_request)
{
    struct site s;
    site_start(&s, NULL, NULL, NULL);
    char text[] = REQUEST(ID "<QUERY>PROLOG</QUERY>");
    for (size_t i = 0; i < COUNT(codings); i++) {
        unsigned char coded[1024];
        struct view body = view_of(text);
        if (codings[i].bits)
            body = (struct view){(char *)coded,
                                 deflate_text(text, codings[i].bits, codings[i].finish, coded, sizeof coded)};
        struct site_reply reply;
        site_post(&s, codings[i].headers, body, &reply);
        char type[96];
        snprintf(type, sizeof type, "Content-Type: %s\r\n", codings[i].want_type);
        cr_expect_eq(reply.status, 200, "%s", codings[i].what);
        cr_expect(strstr(reply.head, type), "%s: %s", codings[i].what, reply.head);
        cr_expect(strstr(reply.head, "Cache-Control: no-cache\r\n"), "%s: %s", codings[i].what, reply.head);
        cr_expect(reply.body.len > 20 && memcmp(reply.body.data, codings[i].begins, strlen(codings[i].begins)) == 0,
                  "%s", codings[i].what);
        site_reply_clear(&reply);
    }
    site_stop(&s);
}

Test(requests, a_chunked_body_is_read)
{
    struct site s;
    site_start(&s, NULL, NULL, NULL);
    static const char request[] =
        "POST /ocsinventory HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        "9\r\n<REQUEST>\r\n"
        "4a\r\n<DEVICEID>pc-2025-01-02-03-04-05</DEVICEID><QUERY>PROLOG</QUERY></REQUEST>\r\n0\r\n\r\n";
    struct site_reply reply;
    site_send(&s, view_of(request), &reply);
    cr_expect_eq(reply.status, 200);
    cr_expect(reply.body.len && strstr(reply.body.data, "<RESPONSE>STOP</RESPONSE>"), "the database is away");
    site_reply_clear(&reply);
    site_stop(&s);
}

static const char *const zlib_only[] = {"INSERT INTO config(NAME,IVALUE) VALUES('COMPRESS_TRY_OTHERS',0)", NULL};

Test(requests, other_codings_can_be_switched_off)
{
    struct site s;
    site_start(&s, "zlib_only", zlib_only, NULL);
    char text[] = REQUEST(ID "<QUERY>PROLOG</QUERY>");
    unsigned char coded[1024];
    struct view body = {(char *)coded, deflate_text(text, ZLIB, Z_FINISH, coded, sizeof coded)};
    struct site_reply reply;
    site_post(&s, "", body, &reply);
    cr_expect_eq(reply.status, 200);
    site_reply_clear(&reply);
    site_post(&s, "", view_of(text), &reply);
    cr_expect_eq(reply.status, 400);
    site_reply_clear(&reply);
    site_stop(&s);
}
