#include "tests/unit/inflate/bodies.h"

#include <criterion/criterion.h>
#include <zlib.h>

/* In place: zlib's state points back at its stream, so a z_stream is never copied. */
static void begin(z_stream *z, enum inflate_coding coding, int level)
{
    static const int bits[] = {[CODING_ZLIB] = 15, [CODING_GZIP] = 31, [CODING_DEFLATE] = -15};
    cr_assert_eq(deflateInit2(z, level, Z_DEFLATED, bits[coding], 8, Z_DEFAULT_STRATEGY), Z_OK);
}

static void feed(z_stream *z, struct view text, int flush, struct buffer *out)
{
    z->next_in = (Bytef *)(uintptr_t)text.data;
    z->avail_in = (uInt)text.len;
    do {
        unsigned char piece[4096];
        z->next_out = piece;
        z->avail_out = sizeof piece;
        deflate(z, flush);
        buffer_add(out, piece, sizeof piece - z->avail_out);
    } while (z->avail_out == 0);
}

void body_add(struct buffer *out, struct view text, enum inflate_coding coding, int level, enum body_end end)
{
    z_stream z = {0};
    begin(&z, coding, level);
    feed(&z, text, end == BODY_FINISHED ? Z_FINISH : Z_SYNC_FLUSH, out);
    deflateEnd(&z);
}

void body_add_bomb(struct buffer *out, const char *before, char byte, size_t count, const char *after,
                   enum inflate_coding coding)
{
    char block[65536];
    memset(block, byte, sizeof block);
    z_stream z = {0};
    begin(&z, coding, 9);
    feed(&z, view_of(before), Z_NO_FLUSH, out);
    for (size_t left = count, now; left; left -= now) {
        now = left < sizeof block ? left : sizeof block;
        feed(&z, (struct view){block, now}, Z_NO_FLUSH, out);
    }
    feed(&z, view_of(after), Z_FINISH, out);
    deflateEnd(&z);
}
