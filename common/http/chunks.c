#include "common/http/chunks.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

enum {
    SIZE_MAX_BYTES = INT32_MAX, /* one chunk; what a body may have is h2o's to check */
    DIGITS_MAX = 16,
    HALF = 32,
};

_Static_assert(sizeof(size_t) == 8, "two numbers are kept in one");

enum state {
    SIZE, /* 0: where a decoder that is all zeros begins */
    EXTENSION,
    SIZE_END,
    DATA,
    DATA_END,
    DATA_END_LF,
    TRAILER,
    TRAILER_LINE,
    TRAILER_END,
    LAST_LF,
};

enum step { MORE, END, WRONG };

static size_t left(const struct phr_chunked_decoder *d)
{
    return d->left & UINT32_MAX;
}

static void set_left(struct phr_chunked_decoder *d, size_t bytes)
{
    d->left = (d->left & ~(size_t)UINT32_MAX) | bytes;
}

static enum step enter(struct phr_chunked_decoder *d, enum state state)
{
    d->state = (char)state;
    return MORE;
}

/* A byte of an extension or a trailer. */
static enum step pass_over(struct phr_chunked_decoder *d, char c, enum state state)
{
    d->left += (size_t)1 << HALF;
    return c == '\n' || d->left >> HALF > CHUNKS_EXTRA_MAX ? WRONG : enter(d, state);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static enum step take_size(struct phr_chunked_decoder *d, char c)
{
    if (digit(c) >= 0) {
        size_t size = left(d) * 16 + (size_t)digit(c);
        if (size > SIZE_MAX_BYTES || d->digits == DIGITS_MAX)
            return WRONG;
        set_left(d, size);
        d->digits++;
        return MORE;
    }
    if (d->digits == 0)
        return WRONG;
    if (c == '\r')
        return enter(d, SIZE_END);
    return c == ';' || c == ' ' || c == '\t' ? pass_over(d, c, EXTENSION) : WRONG;
}

static enum step begin_size(struct phr_chunked_decoder *d)
{
    d->digits = 0;
    return enter(d, SIZE);
}

static enum step take(struct phr_chunked_decoder *d, char c)
{
    bool is_cr = c == '\r', is_lf = c == '\n';
    switch ((enum state)d->state) {
    case SIZE: return take_size(d, c);
    case EXTENSION: return is_cr ? enter(d, SIZE_END) : pass_over(d, c, EXTENSION);
    case SIZE_END: return is_lf ? enter(d, left(d) > 0 ? DATA : TRAILER) : WRONG;
    case DATA_END: return is_cr ? enter(d, DATA_END_LF) : WRONG;
    case DATA_END_LF: return is_lf ? begin_size(d) : WRONG;
    case TRAILER: return is_cr ? enter(d, LAST_LF) : pass_over(d, c, TRAILER_LINE);
    case TRAILER_LINE: return is_cr ? enter(d, TRAILER_END) : pass_over(d, c, TRAILER_LINE);
    case TRAILER_END: return is_lf ? enter(d, TRAILER) : WRONG;
    case LAST_LF: return is_lf ? END : WRONG;
    case DATA: break;
    }
    return WRONG;
}

/* As much of a chunk as is there. @return its length */
static size_t take_data(struct phr_chunked_decoder *d, char *to, const char *from, size_t there)
{
    size_t len = there < left(d) ? there : left(d);
    memmove(to, from, len);
    set_left(d, left(d) - len);
    if (left(d) == 0)
        (void)enter(d, DATA_END);
    return len;
}

ssize_t phr_decode_chunked(struct phr_chunked_decoder *decoder, char *bytes, size_t *size)
{
    size_t in = 0, out = 0, all = *size;
    enum step step = MORE;
    while (in < all && step == MORE) {
        if (decoder->state == DATA) {
            size_t len = take_data(decoder, bytes + out, bytes + in, all - in);
            in += len;
            out += len;
        } else
            step = take(decoder, bytes[in++]);
    }
    memmove(bytes + out, bytes + in, all - in);
    *size = out;
    return step == END ? (ssize_t)(all - in) : step == MORE ? -2 : -1;
}

bool chunks_are_ours(void)
{
    return dlsym(RTLD_DEFAULT, "phr_decode_chunked") == (void *)phr_decode_chunked;
}
