#include "common/http/proxy.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2(bytes) SIGNATURE bytes, sizeof(SIGNATURE bytes) - 1
#define V1(text)  text, sizeof(text) - 1
#define TCP4_LINE "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"
#define TCP6_BODY "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x06\x10\x20\x01\xbb"

static const struct {
    const char *what;
    const char *bytes;
    size_t len;
    status want;
    size_t length;    /* where complete */
    const char *from; /* where the source is read; "" for the connection's own */
} cases[] = {
    {"v1, TCP4", V1(TCP4_LINE), ST_OK, 45, "192.0.2.1"},
    {"v1, request behind it", V1(TCP4_LINE "GET / HTTP/1.1\r\n"), ST_OK, 45, "192.0.2.1"},
    {"v1, TCP6", V1("PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"), ST_OK, 44, "2001:db8::1"},
    {"v1, IPv4 in IPv6", V1("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), ST_OK, 37, "192.0.2.1"},
    {"v1, unknown", V1("PROXY UNKNOWN\r\n"), ST_OK, 15, ""},
    {"v1, unknown with more", V1("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), ST_OK, 35, ""},
    {"v1, one byte", V1("P"), ST_AGAIN, 0, NULL},
    {"v1, no end yet", V1("PROXY TCP4 192.0.2.1 198"), ST_AGAIN, 0, NULL},
    {"v1, CR and no LF yet", V1("PROXY UNKNOWN\r"), ST_AGAIN, 0, NULL},
    {"v1, bare LF", V1("PROXY UNKNOWN\n"), ST_MALFORMED, 0, NULL},
    {"v1, wrong family", V1("PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n"), ST_MALFORMED, 32, NULL},
    {"v1, IPv6 as TCP4", V1("PROXY TCP4 ::1 ::1 1 2\r\n"), ST_MALFORMED, 24, NULL},
    {"v1, no address", V1("PROXY TCP4 x 1.2.3.4 1 2\r\n"), ST_MALFORMED, 26, NULL},
    {"v1, no target", V1("PROXY TCP4 1.2.3.4\r\n"), ST_MALFORMED, 20, NULL},
    {"v1, port too high", V1("PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n"), ST_MALFORMED, 36, NULL},
    {"v1, port with a sign", V1("PROXY TCP4 1.2.3.4 1.2.3.4 1 +5\r\n"), ST_MALFORMED, 33, NULL},
    {"v1, two blanks", V1("PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n"), ST_MALFORMED, 33, NULL},
    {"v1, more behind the ports", V1("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n"), ST_MALFORMED, 34, NULL},
    {"v1, small letters", V1("proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n"), ST_MALFORMED, 0, NULL},
    {"no header", V1("GET / HTTP/1.1\r\n"), ST_MALFORMED, 0, NULL},
    {"nothing yet", V1(""), ST_AGAIN, 0, NULL},

    {"v2, TCP4", V2("\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\x12\x34\x01\xbb"), ST_OK, 28, "192.0.2.1"},
    {"v2, TCP4 with options", V2("\x21\x11\0\x0f\xc0\0\x02\x01\xc6\x33\x64\x07\x12\x34\x01\xbb\x04\0\0"), ST_OK, 31,
     "192.0.2.1"},
    {"v2, TCP6", V2("\x21\x21\0\x24" TCP6_BODY), ST_OK, 52, "2001:db8::5"},
    {"v2, local", V2("\x20\0\0\0"), ST_OK, 16, ""},
    {"v2, unix", V2("\x21\x31\0\x02xx"), ST_OK, 18, ""},
    {"v2, UDP", V2("\x21\x12\0\x02xx"), ST_OK, 18, ""},
    {"v2, signature only", V2(""), ST_AGAIN, 0, NULL},
    {"v2, addresses to come", V2("\x21\x11\0\x0c\xc0\0\x02"), ST_AGAIN, 0, NULL},
    {"v2, too short for its family", V2("\x21\x11\0\x0b\xc0\0\x02\x01\xc6\x33\x64\x07\x12\x34\x01"), ST_MALFORMED, 27,
     NULL},
    {"v2, version 3", V2("\x31\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x07\x12\x34\x01\xbb"), ST_MALFORMED, 0, NULL},
    {"v2, unknown command", V2("\x22\x11\0\0"), ST_MALFORMED, 0, NULL},
    {"v2, longer than is read", V2("\x21\x11\xff\xff"), ST_MALFORMED, 0, NULL},
    {"broken signature", V1("\r\n\r\nX"), ST_MALFORMED, 0, NULL},
};

static void expect_source(size_t i, const uint8_t *in, size_t length)
{
    struct upload_address from = {0};
    char text[UPLOAD_ADDRESS_TEXT];
    status st = proxy_header_source(in, length, &from);
    cr_expect_eq(st, cases[i].want, "%s: source %s", cases[i].what, status_name(st));
    if (cases[i].from)
        cr_expect_str_eq(upload_address_text(&from, text), cases[i].from, "%s: %s", cases[i].what, text);
}

Test(proxy_header, every_form_is_read_and_every_other_refused)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        const uint8_t *in = (const uint8_t *)cases[i].bytes;
        size_t length = 0;
        status st = proxy_header_length(in, cases[i].len, &length);
        cr_expect_eq(length, cases[i].length, "%s: length %zu", cases[i].what, length);
        if (st == ST_OK)
            expect_source(i, in, length);
        else
            cr_expect_eq(st, cases[i].want, "%s: %s", cases[i].what, status_name(st));
    }
}

Test(proxy_header, a_line_without_end_is_refused)
{
    uint8_t line[200] = "PROXY ";
    memset(line + 6, 'x', sizeof line - 6);
    size_t length;
    cr_expect_eq(proxy_header_length(line, 106, &length), ST_AGAIN);
    cr_expect_eq(proxy_header_length(line, 107, &length), ST_MALFORMED);
}
