#include "common/inflate/whole.h"

#include "tests/unit/inflate/bodies.h"

#include <criterion/criterion.h>

static void destroy_p(struct whole **w)
{
    whole_destroy(*w);
}

static const struct view text =
    VIEW_LITERAL("<REQUEST><DEVICEID>pc-2026-01-02-03-04-05</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>");

/* What real agents send must not fall back to zlib; what is odd must. */
static const struct {
    const char *what;
    enum inflate_coding coding;
    enum body_end end;
    unsigned bodies; /* in a row */
    size_t cut;      /* bytes off the end */
    enum whole_result want;
} cases[] = {
    {"zlib", CODING_ZLIB, BODY_FINISHED, 1, 0, WHOLE_DONE},
    {"zlib, flushed and not ended", CODING_ZLIB, BODY_FLUSHED, 1, 0, WHOLE_DONE},
    {"zlib and bytes behind it", CODING_ZLIB, BODY_FINISHED, 2, 0, WHOLE_DONE},
    {"zlib without its checksum", CODING_ZLIB, BODY_FINISHED, 1, 4, WHOLE_NOT_OURS},
    {"zlib, cut within the data", CODING_ZLIB, BODY_FINISHED, 1, 20, WHOLE_NOT_OURS},
    {"gzip", CODING_GZIP, BODY_FINISHED, 1, 0, WHOLE_DONE},
    {"gzip, two members", CODING_GZIP, BODY_FINISHED, 2, 0, WHOLE_NOT_OURS},
};

Test(whole, takes_what_agents_send)
{
    AUTO(destroy) struct whole *w = whole_new();
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO(buffer_clear) struct buffer body = BUFFER_INIT(10000);
        for (unsigned n = 0; n < cases[i].bodies; n++)
            body_add(&body, text, cases[i].coding, 6, cases[i].end);
        struct view in = {body.data, body.len - cases[i].cut};
        char to[1000];
        size_t len = 0, rest = 0;
        enum whole_result got = whole_inflate(w, cases[i].coding, in, to, sizeof to, &len, &rest);
        cr_expect_eq(got, cases[i].want, "%s: got %d", cases[i].what, got);
        cr_expect(got != WHOLE_DONE || view_equal((struct view){to, len}, text), "%s: other text", cases[i].what);
        if (cases[i].want == WHOLE_DONE)
            cr_expect_eq(whole_inflate(w, cases[i].coding, in, to, text.len - 1, &len, &rest), WHOLE_NO_ROOM,
                         "%s: room", cases[i].what);
    }
}
