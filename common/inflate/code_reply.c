#include "common/inflate/inflate.h"

#include "common/base/buffer.h"

#define ZLIB_CONST /* zlib then promises not to write to its input */
#include <zlib.h>

/* Level 6 and no other: FusionInventory agents know a zlib body by the bytes 78 9C, which only this level begins with. */
enum { LEVEL = 6, WINDOW_BITS = 15, WINDOW_GZIP = 16, MEMORY_LEVEL = 8, PIECE = 4096 };

/* In pieces, so that a reply that fits its buffer is never refused for the room it might have needed. */
static status deflate_all(z_stream *z, struct view text, struct buffer *out)
{
    unsigned char room[PIECE];
    int said;
    z->next_in = (const Bytef *)text.data;
    z->avail_in = (uInt)text.len;
    do {
        z->next_out = room;
        z->avail_out = sizeof room;
        said = deflate(z, Z_FINISH);
        buffer_add(out, room, sizeof room - z->avail_out);
    } while (said != Z_STREAM_END && buffer_status(out) == ST_OK);
    return buffer_status(out);
}

status inflate_code_reply(struct view text, enum inflate_coding coding, struct buffer *out)
{
    if (coding == CODING_CLEAR) {
        buffer_add(out, text.data, text.len);
        return buffer_status(out);
    }
    if (text.len > UINT32_MAX)
        return ST_TOO_BIG;
    z_stream z = {0};
    int bits = coding == CODING_GZIP ? WINDOW_BITS + WINDOW_GZIP : WINDOW_BITS;
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return ST_NO_MEMORY;
    status st = deflate_all(&z, text, out);
    deflateEnd(&z);
    return st;
}
