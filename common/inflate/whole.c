#include "common/inflate/whole.h"

#include "common/base/buffer.h"

#include <libdeflate.h>

enum { ZLIB_HEAD = 2, FLUSH_LEN = 4, COPY_MAX = 64 << 20 };

static const char flushed[FLUSH_LEN] = "\x00\x00\xff\xff"; /* what a flush ends with: an empty stored block */
static const char last_block[2] = "\x03\x00";              /* an empty final block */

struct whole {
    struct libdeflate_decompressor *decoder;
    struct buffer ended; /* a flushed stream with an end of ours */
};

struct whole *whole_new(void)
{
    struct whole *w = malloc(sizeof *w);
    if (!w)
        return NULL;
    *w = (struct whole){libdeflate_alloc_decompressor(), BUFFER_INIT(COPY_MAX)};
    if (w->decoder)
        return w;
    free(w);
    return NULL;
}

void whole_destroy(struct whole *w)
{
    if (!w)
        return;
    libdeflate_free_decompressor(w->decoder);
    buffer_clear(&w->ended);
    free(w);
}

static enum whole_result result_of(enum libdeflate_result said)
{
    return said == LIBDEFLATE_SUCCESS              ? WHOLE_DONE
           : said == LIBDEFLATE_INSUFFICIENT_SPACE ? WHOLE_NO_ROOM
                                                   : WHOLE_NOT_OURS;
}

static bool is_flushed(struct view in)
{
    return in.len > ZLIB_HEAD + FLUSH_LEN && memcmp(in.data + in.len - FLUSH_LEN, flushed, FLUSH_LEN) == 0;
}

/* Windows agents flush and never finish: with a final block behind the flush it is a whole stream, without a checksum. */
static enum whole_result inflate_flushed(struct whole *w, struct view in, void *to, size_t room, size_t *len)
{
    size_t used;
    buffer_reset(&w->ended);
    buffer_add(&w->ended, in.data + ZLIB_HEAD, in.len - ZLIB_HEAD);
    buffer_add(&w->ended, last_block, sizeof last_block);
    if (buffer_status(&w->ended) != ST_OK)
        return WHOLE_NOT_OURS;
    enum whole_result result =
        result_of(libdeflate_deflate_decompress_ex(w->decoder, w->ended.data, w->ended.len, to, room, &used, len));
    /* Ended before our block: a finished stream whose last bytes only look like a flush. */
    return result == WHOLE_DONE && used != w->ended.len ? WHOLE_NOT_OURS : result;
}

static enum whole_result inflate_zlib(struct whole *w, struct view in, void *to, size_t room, size_t *len, size_t *rest)
{
    size_t used = 0;
    if (is_flushed(in) && !((unsigned char)in.data[1] & 0x20)) { /* 0x20: wants a preset dictionary */
        enum whole_result result = inflate_flushed(w, in, to, room, len);
        if (result != WHOLE_NOT_OURS)
            return result;
    }
    enum whole_result result =
        result_of(libdeflate_zlib_decompress_ex(w->decoder, in.data, in.len, to, room, &used, len));
    *rest = in.len - used;
    return result;
}

static enum whole_result inflate_gzip(struct whole *w, struct view in, void *to, size_t room, size_t *len)
{
    size_t used = 0;
    enum whole_result result =
        result_of(libdeflate_gzip_decompress_ex(w->decoder, in.data, in.len, to, room, &used, len));
    return result == WHOLE_DONE && used != in.len ? WHOLE_NOT_OURS : result; /* perhaps another member follows */
}

enum whole_result whole_inflate(struct whole *w, enum inflate_coding coding, struct view in, void *to, size_t room,
                                size_t *len, size_t *rest)
{
    *rest = 0;
    switch (coding) {
    case CODING_ZLIB: return inflate_zlib(w, in, to, room, len, rest);
    case CODING_GZIP: return inflate_gzip(w, in, to, room, len);
    case CODING_CLEAR:
    case CODING_DEFLATE: break;
    }
    return WHOLE_NOT_OURS;
}
