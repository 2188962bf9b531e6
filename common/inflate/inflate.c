/* libdeflate over the whole body first (whole.c); zlib's streams for what it does not take, and to say what is wrong. */
#include "common/inflate/inflate.h"

#include "common/inflate/whole.h"

#define ZLIB_CONST /* zlib then promises not to write to its input */
#include <zlib.h>

enum {
    WINDOW_BITS = 15,
    WINDOW_GZIP = 16,        /* added to the bits: zlib then reads a gzip member */
    FIRST_ROOM = 64 * 1024,  /* most inventories fit after three doublings */
    LIKELY_RATIO = 12,       /* of text to body: real inventories have 5 to 11 */
    RATIO_FREE = 1024 * 1024 /* below this the ratio is not looked at: small texts compress well */
};

struct inflater {
    struct whole *whole;
    z_stream z;
    size_t max_output;
    unsigned max_ratio;
    unsigned char *text; /* kept between runs */
    size_t room;
    size_t rest; /* of the last body: bytes behind its end */
};

/* One body on its way through. */
struct run {
    struct inflater *inf;
    struct view left; /* input that zlib has not been given yet */
    size_t len;       /* bytes of text so far */
    size_t cap;       /* for `len`; the smaller of the two limits */
    enum inflate_coding coding;
    struct reason *why;
};

struct inflater *inflater_new(size_t max_output, unsigned max_ratio)
{
    struct inflater *inf = calloc(1, sizeof *inf);
    if (!inf)
        return NULL;
    inf->whole = whole_new();
    if (!inf->whole || inflateInit2(&inf->z, WINDOW_BITS) != Z_OK) {
        whole_destroy(inf->whole);
        free(inf);
        return NULL;
    }
    inf->max_output = max_output < SIZE_MAX ? max_output : SIZE_MAX - 1; /* one byte more must be countable */
    inf->max_ratio = max_ratio;
    return inf;
}

void inflater_destroy(struct inflater *inf)
{
    if (!inf)
        return;
    inflateEnd(&inf->z);
    whole_destroy(inf->whole);
    free(inf->text);
    free(inf);
}

void inflater_trim(struct inflater *inf, size_t keep)
{
    if (inf->room <= keep)
        return;
    free(inf->text);
    inf->text = keep ? malloc(keep) : NULL;
    inf->room = inf->text ? keep : 0;
}

size_t inflater_rest(const struct inflater *inf)
{
    return inf->rest;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The text behind a byte order mark and white space. */
static struct view without_lead(struct view v)
{
    if (v.len >= 3 && memcmp(v.data, "\xef\xbb\xbf", 3) == 0)
        v = (struct view){v.data + 3, v.len - 3};
    while (v.len && is_blank(*v.data))
        v = (struct view){v.data + 1, v.len - 1};
    return v;
}

/* RFC 1950: method 8, window of at most 32 KiB, and the two bytes as a number divisible by 31. */
static bool is_zlib(struct view in)
{
    const unsigned char *b = (const unsigned char *)in.data;
    return in.len >= 2 && (b[0] & 0x0f) == 8 && b[0] >> 4 <= 7 && get_be16(b) % 31 == 0;
}

static bool is_gzip(struct view in)
{
    return in.len >= 2 && memcmp(in.data, "\x1f\x8b", 2) == 0;
}

/* What is nothing else may be raw deflate: it has no mark of its own. */
static enum inflate_coding coding_of(struct view in)
{
    struct view text = without_lead(in);
    if (text.len && *text.data == '<')
        return CODING_CLEAR;
    return is_zlib(in) ? CODING_ZLIB : is_gzip(in) ? CODING_GZIP : CODING_DEFLATE;
}

static size_t cap_of(const struct inflater *inf, size_t input)
{
    size_t allowed;
    if (__builtin_mul_overflow(input, inf->max_ratio, &allowed))
        return inf->max_output;
    if (allowed < RATIO_FREE)
        allowed = RATIO_FREE;
    return allowed < inf->max_output ? allowed : inf->max_output;
}

static status refuse(struct run *run, const char *code, const char *text)
{
    reason_set(run->why, code, "%s (after %zu bytes of text)", text, run->len);
    return ST_MALFORMED;
}

static status refuse_size(struct run *run)
{
    const struct inflater *inf = run->inf;
    if (run->cap == inf->max_output)
        reason_set(run->why, "inflate_too_big", "more than %zu bytes of text", inf->max_output);
    else
        reason_set(run->why, "inflate_ratio", "more than %zu bytes of text, %u times the body", run->cap,
                   inf->max_ratio);
    return ST_TOO_BIG;
}

/* zlib tells a wrong checksum from broken data by its message only. */
static status refuse_data(struct run *run)
{
    const char *message = run->inf->z.msg ? run->inf->z.msg : "broken data";
    bool checksum = strcmp(message, "incorrect data check") == 0 || strcmp(message, "incorrect length check") == 0;
    return refuse(run, checksum ? "inflate_checksum" : "inflate_broken", message);
}

/* Room for that much text: one byte above the cap at most, so that passing it is seen. */
static status make_room(struct run *run, size_t room)
{
    struct inflater *inf = run->inf;
    if (room > run->cap + 1)
        room = run->cap + 1;
    if (room <= inf->room)
        return ST_OK;
    unsigned char *text = realloc(inf->text, room);
    if (!text) {
        reason_set(run->why, "no_memory", "no memory for %zu bytes of text", room);
        return ST_NO_MEMORY;
    }
    inf->text = text;
    inf->room = room;
    return ST_OK;
}

static size_t next_room(const struct inflater *inf)
{
    return inf->room ? inf->room * 2 : FIRST_ROOM;
}

static status grow(struct run *run)
{
    return run->len < run->inf->room ? ST_OK : make_room(run, next_room(run->inf));
}

static uInt piece(size_t len)
{
    return len > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uInt)len;
}

/* One call of inflate(): more text, or more input used. @return what inflate() said */
static int step(struct run *run)
{
    z_stream *z = &run->inf->z;
    size_t open = run->inf->room < run->cap + 1 ? run->inf->room : run->cap + 1;
    uInt in = piece(run->left.len), out = piece(open - run->len);
    z->next_in = (const Bytef *)run->left.data;
    z->avail_in = in;
    z->next_out = run->inf->text + run->len;
    z->avail_out = out;
    int said = inflate(z, Z_NO_FLUSH);
    run->left = (struct view){run->left.data + (in - z->avail_in), run->left.len - (in - z->avail_in)};
    run->len += out - z->avail_out;
    return said;
}

static struct view text_of(const struct run *run)
{
    return (struct view){(const char *)run->inf->text, run->len};
}

/* Noise inflates to something now and then: only what can become XML is worth going on. */
static bool cannot_be_xml(const struct run *run)
{
    struct view text = without_lead(text_of(run));
    return text.len && *text.data != '<';
}

/* One stream or member. @param ended  false: all input was used and the end did not come */
static status inflate_stream(struct run *run, bool *ended)
{
    for (;;) {
        status st = grow(run);
        if (st != ST_OK)
            return st;
        int said = step(run);
        if (run->len > run->cap)
            return refuse_size(run);
        if (run->coding == CODING_DEFLATE && cannot_be_xml(run))
            return refuse(run, "body_coding", "neither zlib, gzip, deflate nor XML");
        *ended = said == Z_STREAM_END;
        if (*ended || said == Z_BUF_ERROR || (said == Z_OK && run->left.len == 0 && run->inf->z.avail_out > 0))
            return ST_OK;
        if (said == Z_MEM_ERROR)
            return reason_set(run->why, "no_memory", "no memory to inflate"), ST_NO_MEMORY;
        if (said == Z_NEED_DICT)
            return refuse(run, "inflate_broken", "asks for a preset dictionary");
        if (said != Z_OK)
            return refuse_data(run);
    }
}

/* Windows agents flush their zlib stream and never end it, so all input used without error is success there. */
static status run_zlib(struct run *run)
{
    bool ended;
    return inflate_stream(run, &ended);
}

/* A file of several members is their texts in a row; what follows the last and is no member is left alone. */
static status run_gzip(struct run *run)
{
    bool ended;
    do {
        status st = inflate_stream(run, &ended);
        if (st != ST_OK)
            return st;
        if (!ended)
            return refuse(run, "inflate_broken", "gzip is cut short");
    } while (is_gzip(run->left) && inflateReset(&run->inf->z) == Z_OK);
    return ST_OK;
}

static status run_deflate(struct run *run)
{
    bool ended;
    status st = inflate_stream(run, &ended);
    if (st == ST_MALFORMED)
        return refuse(run, "body_coding", "neither zlib, gzip, deflate nor XML");
    if (st == ST_OK && (!ended || run->left.len))
        return refuse(run, "body_coding", ended ? "bytes behind raw deflate" : "raw deflate is cut short");
    return st;
}

static status run_clear(struct run *run, struct view in, struct view *out)
{
    if (in.len > run->inf->max_output) {
        reason_set(run->why, "inflate_too_big", "more than %zu bytes of text", run->inf->max_output);
        return ST_TOO_BIG;
    }
    *out = in;
    return ST_OK;
}

/* @param done  false: zlib is to begin from the beginning */
static status run_whole(struct run *run, struct view in, bool *done)
{
    struct inflater *inf = run->inf;
    enum whole_result result = WHOLE_NO_ROOM;
    size_t likely, room = 0;
    if (__builtin_mul_overflow(in.len, (size_t)LIKELY_RATIO, &likely) || likely < FIRST_ROOM)
        likely = FIRST_ROOM;
    for (size_t want = likely; result == WHOLE_NO_ROOM && room <= run->cap; want = next_room(inf)) {
        status st = make_room(run, want);
        if (st != ST_OK)
            return st;
        room = inf->room < run->cap + 1 ? inf->room : run->cap + 1;
        result = whole_inflate(inf->whole, run->coding, in, inf->text, room, &run->len, &inf->rest);
    }
    *done = result == WHOLE_DONE && run->len <= run->cap;
    run->len = *done ? run->len : 0;
    return ST_OK;
}

static const struct {
    int window_bits;
    status (*run)(struct run *run);
} codings[] = {
    [CODING_ZLIB] = {WINDOW_BITS, run_zlib},
    [CODING_GZIP] = {WINDOW_BITS + WINDOW_GZIP, run_gzip},
    [CODING_DEFLATE] = {-WINDOW_BITS, run_deflate},
};

status inflater_run(struct inflater *inf, struct view in, struct view *out, enum inflate_coding *coding,
                    struct reason *why)
{
    struct run run = {inf, in, 0, cap_of(inf, in.len), coding_of(in), why};
    if (without_lead(in).len == 0)
        return refuse(&run, "body_empty", "there is nothing in the body");
    inf->rest = 0;
    if (run.coding == CODING_CLEAR) {
        *coding = CODING_CLEAR;
        return run_clear(&run, in, out);
    }
    bool done = false;
    status st = run.coding == CODING_DEFLATE ? ST_OK : run_whole(&run, in, &done);
    if (st == ST_OK && !done && inflateReset2(&inf->z, codings[run.coding].window_bits) != Z_OK)
        return reason_set(why, "no_memory", "no memory to inflate"), ST_NO_MEMORY;
    if (st == ST_OK && !done) {
        st = codings[run.coding].run(&run);
        inf->rest = run.left.len;
    }
    if (st != ST_OK)
        return st;
    if (run.len == 0)
        return refuse(&run, "body_empty", "the body inflates to nothing");
    *out = text_of(&run);
    *coding = run.coding;
    return ST_OK;
}
