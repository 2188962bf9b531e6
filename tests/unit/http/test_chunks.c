#include "common/http/chunks.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MORE = -2, WRONG = -1 };

static const struct {
    const char *what, *bytes;
    ssize_t want;     /**< how many bytes are behind it, MORE or WRONG */
    const char *body; /**< not looked at when WRONG */
} cases[] = {
    {"nothing yet", "", MORE, ""},
    {"no body", "0\r\n\r\n", 0, ""},
    {"one chunk", "5\r\nabcde\r\n0\r\n\r\n", 0, "abcde"},
    {"two chunks and what follows", "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\nGET /", 5, "abcde"},
    {"capitals and leading zeros", "000A\r\n0123456789\r\n0\r\n\r\n", 0, "0123456789"},
    {"line ends inside", "4\r\n\r\n\r\n\r\n0\r\n\r\n", 0, "\r\n\r\n"},
    {"an extension", "5;a=\"b;c\"\r\nabcde\r\n0;x\r\n\r\n", 0, "abcde"},
    {"blanks before an extension", "5 \t;a\r\nabcde\r\n0\r\n\r\n", 0, "abcde"},
    {"trailers", "1\r\na\r\n0\r\nX: 1\r\nY: 2\r\n\r\nrest", 4, "a"},
    {"cut in a size", "1\r\na\r\n0", MORE, "a"},
    {"cut in a chunk", "5\r\nabc", MORE, "abc"},
    {"cut behind a chunk", "5\r\nabcde\r", MORE, "abcde"},
    {"cut in a trailer", "1\r\na\r\n0\r\nX", MORE, "a"},
    {"cut at the very end", "1\r\na\r\n0\r\n\r", MORE, "a"},
    {"16 digits that say little", "0000000000000005\r\nabcde\r\n0\r\n\r\n", 0, "abcde"},
    {"17 digits", "00000000000000005\r\nabcde\r\n0\r\n\r\n", WRONG, NULL},
    {"2^64-1 bytes", "FFFFFFFFFFFFFFFF\r\n", WRONG, NULL},
    {"2^31 bytes", "80000000\r\n", WRONG, NULL},
    {"2^31-1 bytes", "7fffffff\r\na", MORE, "a"},
    {"no size", "\r\nabc", WRONG, NULL},
    {"no digit", "x\r\n", WRONG, NULL},
    {"a sign", "+5\r\nabcde\r\n", WRONG, NULL},
    {"0x", "0x5\r\nabcde\r\n", WRONG, NULL},
    {"a blank before the size", " 5\r\nabcde\r\n", WRONG, NULL},
    {"a letter behind the size", "5g\r\nabcde\r\n", WRONG, NULL},
    {"LF behind the size", "5\nabcde\r\n0\r\n\r\n", WRONG, NULL},
    {"LF behind an extension", "5;a\nabcde\r\n0\r\n\r\n", WRONG, NULL},
    {"LF behind a blank", "5 \nabcde\r\n0\r\n\r\n", WRONG, NULL},
    {"CR alone behind the size", "5\rabcde\r\n0\r\n\r\n", WRONG, NULL},
    {"LF behind a chunk", "5\r\nabcde\n0\r\n\r\n", WRONG, NULL},
    {"CR alone behind a chunk", "5\r\nabcde\r0\r\n\r\n", WRONG, NULL},
    {"a chunk that is longer than it says", "4\r\nabcde\r\n0\r\n\r\n", WRONG, NULL},
    {"LF at the end", "0\r\n\n", WRONG, NULL},
    {"LF in place of both ends", "0\n\n", WRONG, NULL},
    {"LF behind a trailer", "0\r\nX: 1\n\r\n", WRONG, NULL},
    {"CR alone behind a trailer", "0\r\nX: 1\r\r\n", WRONG, NULL},
};

/* Decodes as h2o does: in place, behind what is decoded, `step` bytes at a time. */
static ssize_t decode(const char *bytes, size_t len, size_t step, char **body, size_t *body_len)
{
    struct phr_chunked_decoder decoder = {.is_trailer_taken = 1};
    char *room = malloc(len + 1);
    cr_assert(room);
    size_t out = 0, at = 0;
    ssize_t got = MORE;
    while (at < len && got == MORE) {
        size_t take = len - at < step ? len - at : step, size = take;
        memcpy(room + out, bytes + at, take);
        at += take;
        got = phr_decode_chunked(&decoder, room + out, &size);
        cr_expect(got < 0 || memcmp(room + out + size, bytes + at - got, (size_t)got) == 0);
        out += size;
    }
    *body = room;
    *body_len = out;
    return got < 0 ? got : got + (ssize_t)(len - at);
}

Test(chunks, are_decoded_however_they_come)
{
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t len = strlen(cases[i].bytes), step = 1; step <= len + 1; step++) {
            char *body;
            size_t body_len;
            ssize_t got = decode(cases[i].bytes, len, step, &body, &body_len);
            cr_expect_eq(got, cases[i].want, "%s, %zu at a time: %zd", cases[i].what, step, got);
            cr_expect(cases[i].want == WRONG ||
                          (body_len == strlen(cases[i].body) && memcmp(body, cases[i].body, body_len) == 0),
                      "%s, %zu at a time: %.*s", cases[i].what, step, (int)body_len, body);
            free(body);
        }
}

/* `fill` bytes of what is kept nowhere, all in one place or spread over many. */
static ssize_t with_extra(const char *before, char fill, size_t count, const char *behind)
{
    static char bytes[128 << 10];
    size_t len = (size_t)snprintf(bytes, sizeof bytes, "%s", before);
    memset(bytes + len, fill, count);
    len += count;
    len += (size_t)snprintf(bytes + len, sizeof bytes - len, "%s", behind);
    char *body;
    size_t body_len;
    ssize_t got = decode(bytes, len, 1000, &body, &body_len);
    free(body);
    return got;
}

Test(chunks, extensions_and_trailers_have_an_end)
{
    static const char rest[] = "\r\nabcde\r\n0\r\n\r\n";
    cr_expect_eq(with_extra("5;", 'x', CHUNKS_EXTRA_MAX - 1, rest), 0);
    cr_expect_eq(with_extra("5;", 'x', CHUNKS_EXTRA_MAX, rest), WRONG);
    cr_expect_eq(with_extra("5;", 'x', 64 << 10, rest), WRONG);
    cr_expect_eq(with_extra("5;", 'x', 64 << 10, ""), WRONG, "before it ends");
    cr_expect_eq(with_extra("5\r\nabcde\r\n0\r\nX:", 'x', CHUNKS_EXTRA_MAX - 2, "\r\n\r\n"), 0);
    cr_expect_eq(with_extra("5\r\nabcde\r\n0\r\nX:", 'x', 64 << 10, "\r\n\r\n"), WRONG);
}

Test(chunks, many_small_extensions_are_added_up)
{
    static char bytes[8 * CHUNKS_EXTRA_MAX];
    size_t len = 0, count = CHUNKS_EXTRA_MAX / 2 + 1;
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(bytes + len, sizeof bytes - len, "1;x\r\na\r\n");
    char *body;
    size_t body_len;
    cr_expect_eq(decode(bytes, len, 7, &body, &body_len), WRONG);
    free(body);
}
