#include "common/link/frame.h"

#include "common/link/link.h"

static const uint8_t magic[4] = {'M', 'L', 'N', 'K'};

enum { FLAG_SUSPECT = 1 };

void frame_encode(const struct frame *f, uint8_t out[FRAME_SIZE])
{
    memset(out, 0, FRAME_SIZE);
    memcpy(out, magic, sizeof magic);
    out[4] = f->version ? f->version : LINK_VERSION;
    out[5] = (uint8_t)f->kind;
    out[7] = f->is_suspect ? FLAG_SUSPECT : 0;
    put_be64(out + 8, f->id.hi);
    put_be64(out + 16, f->id.lo);
    out[24] = f->upload_kind;
    out[25] = f->attempt;
    put_be32(out + 28, f->number);
    put_be64(out + 32, f->lease);
    put_be32(out + 40, f->body_len);
    put_be32(out + 44, crc32c(0, out, 44));
}

/* Version 1 is the first, so "mine or the one before" begins there. */
bool frame_is_spoken(unsigned version, unsigned newest)
{
    return version >= 1 && version <= newest && version + 1 >= newest;
}

status frame_decode(const void *in, size_t len, unsigned newest, struct frame *out)
{
    const uint8_t *p = in;
    if (len < 6 || memcmp(p, magic, sizeof magic) != 0)
        return ST_MALFORMED;
    if (!frame_is_spoken(p[4], newest) && p[5] != FRAME_REFUSED) {
        out->version = p[4];
        return ST_REFUSED;
    }
    if (len != FRAME_SIZE || get_be32(p + 44) != crc32c(0, p, 44))
        return ST_MALFORMED;
    struct frame f = {
        .version = p[4],
        .kind = (enum link_kind)p[5],
        .is_suspect = p[7] & FLAG_SUSPECT,
        .id = {get_be64(p + 8), get_be64(p + 16)},
        .upload_kind = p[24],
        .attempt = p[25],
        .number = get_be32(p + 28),
        .lease = get_be64(p + 32),
        .body_len = get_be32(p + 40),
    };
    if (f.kind < FRAME_HELLO || f.kind >= FRAME_KIND_END)
        return ST_MALFORMED;
    if (f.kind == FRAME_MESSAGE && (f.upload_kind == 0 || f.upload_kind >= UPLOAD_KIND_END))
        return ST_MALFORMED;
    *out = f;
    return ST_OK;
}
