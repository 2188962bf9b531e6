#include "common/inflate/inflate.h"

#include "common/base/buffer.h"

#define ZLIB_CONST /* zlib then promises not to write to its input */
#include <pthread.h>
#include <stdlib.h>
#include <zlib.h>

/* Level 6 and no other: FusionInventory agents know a zlib body by the bytes 78 9C, which only this level begins with. Replies are short:
 * less memory than zlib's default is cleared faster for each of them. */
enum { LEVEL = 6, WINDOW_BITS = 15, WINDOW_GZIP = 16, MEMORY_LEVEL = 6, PIECE = 4096, KEPT_MAX = 16 };

struct reply_coders {
    pthread_mutex_t lock;
    size_t count;
    z_stream *idle[KEPT_MAX]; /* of zlib's format, reset */
};

struct reply_coders *reply_coders_new(void)
{
    struct reply_coders *c = calloc(1, sizeof *c);
    if (c)
        pthread_mutex_init(&c->lock, NULL);
    return c;
}

static void end(z_stream *z)
{
    deflateEnd(z);
    free(z);
}

void reply_coders_destroy(struct reply_coders *c)
{
    if (!c)
        return;
    while (c->count > 0)
        end(c->idle[--c->count]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static z_stream *make(int bits)
{
    z_stream *z = calloc(1, sizeof *z);
    if (z && deflateInit2(z, LEVEL, Z_DEFLATED, bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK)
        return z;
    free(z);
    return NULL;
}

/* @return NULL when memory is out */
static z_stream *take(struct reply_coders *c)
{
    z_stream *z = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->count > 0)
        z = c->idle[--c->count];
    pthread_mutex_unlock(&c->lock);
    return z ? z : make(WINDOW_BITS);
}

static void give_back(struct reply_coders *c, z_stream *z)
{
    bool is_kept = false;
    if (deflateReset(z) == Z_OK) {
        pthread_mutex_lock(&c->lock);
        is_kept = c->count < KEPT_MAX;
        if (is_kept)
            c->idle[c->count++] = z;
        pthread_mutex_unlock(&c->lock);
    }
    if (!is_kept)
        end(z);
}

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

status inflate_code_reply(struct reply_coders *coders, struct view text, enum inflate_coding coding, struct buffer *out)
{
    if (coding == CODING_CLEAR) {
        buffer_add(out, text.data, text.len);
        return buffer_status(out);
    }
    if (text.len > UINT32_MAX)
        return ST_TOO_BIG;
    bool is_gzip = coding == CODING_GZIP, is_shared = coders && !is_gzip; /* nearly all replies are zlib */
    z_stream *z = is_shared ? take(coders) : make(is_gzip ? WINDOW_BITS + WINDOW_GZIP : WINDOW_BITS);
    if (!z)
        return ST_NO_MEMORY;
    status st = deflate_all(z, text, out);
    if (is_shared)
        give_back(coders, z);
    else
        end(z);
    return st;
}
