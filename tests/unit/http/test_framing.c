#include "common/http/framing.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define LINE "POST /ocsinventory HTTP/1.1\r\n"

static const struct {
    const char *what;
    const char *block;
    bool is_http10;
    enum framing want;
} cases[] = {
    {"no headers", LINE "\r\n", false, FRAMING_CLEAR},
    {"usual", LINE "Host: a\r\nContent-Length: 5\r\n\r\n12345", false, FRAMING_CLEAR},
    {"an empty line in front", "\r\n" LINE "Host: a\r\n\r\n", false, FRAMING_CLEAR},
    {"chunked", LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false, FRAMING_CLEAR},
    {"what looks like headers in the body",
     LINE "Content-Length: 40\r\n\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", false, FRAMING_CLEAR},
    {"a bare line feed in the body", LINE "Content-Length: 2\r\n\r\na\n", false, FRAMING_CLEAR},
    {"a header whose name only begins alike", LINE "Content-Length: 1\r\nContent-Length-Hint: 7\r\n\r\nx", false,
     FRAMING_CLEAR},
    {"no Host, as old agents", LINE "Content-Length: 0\r\n\r\n", true, FRAMING_CLEAR},

    {"two lengths", LINE "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"two equal lengths", LINE "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"lengths in other letters", LINE "content-LENGTH: 5\r\nCONTENT-length: 6\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"length and coding", LINE "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"coding and length", LINE "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"two codings", LINE "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"coding in HTTP/1.0", LINE "Transfer-Encoding: chunked\r\n\r\n", true, FRAMING_AMBIGUOUS},
    {"two hosts", LINE "Host: a\r\nHost: b\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"folded line", LINE "X: 1\r\n Content-Length: 5\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"line folded by a tab", LINE "X: 1\r\n\tb\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"bare line feed behind a header", LINE "X: 1\nContent-Length: 5\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"bare line feed behind the request line", "POST / HTTP/1.1\nHost: a\r\n\r\n", false, FRAMING_AMBIGUOUS},
    {"bare line feed as the empty line", LINE "Host: a\r\n\n", false, FRAMING_AMBIGUOUS},
    {"no end", LINE "Host: a\r\n", false, FRAMING_AMBIGUOUS},
    {"nothing", "", false, FRAMING_AMBIGUOUS},
};

Test(framing, every_second_reading_of_a_requests_end_is_found)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(framing_check(view_of(cases[i].block), cases[i].is_http10), cases[i].want, "%s", cases[i].what);
}

Test(framing, a_header_block_above_the_limit_is_too_long)
{
    static char block[FRAMING_HEADER_MAX + 200];
    int begin = snprintf(block, sizeof block, LINE "X: ");
    memset(block + begin, 'x', FRAMING_HEADER_MAX);
    memcpy(block + begin + FRAMING_HEADER_MAX, "\r\n\r\n", 5);
    cr_expect_eq(framing_check(view_of(block), false), FRAMING_TOO_LONG);
}
