/*
 * The plain kind of document that agents send: elements without attributes, text, references, CDATA, comments. One pass reads, checks and names it, four
 * times as fast as guard and libxml2. Whatever is not plain, be it right or wrong, is libxml2's: so there are no faults here, only
 * "not plain", and nothing is plain that libxml2 would refuse or hear otherwise (tests/fuzz/xml compares the two).
 *
 * Names are interned by a table of the reading's own. Two guesses spare most of the hashing: after a name comes the one that came after
 * it the last time, and an end tag has the name of the element that is open.
 */
#include "common/xml/inner.h"

#include "common/base/block.h"
#include "common/base/cleanup.h"

#include <ctype.h>

enum {
    NAMES_MAX = 512, /* different ones; more is for libxml2, whose limit is the caller's */
    SLOTS = 2048,    /* a power of two, so that at most a quarter is in use */
    NAME_LEN_MAX = 200,
    DEPTH_MAX = 64,
    REFERENCE_MAX = 12 /* "&#x10FFFF;" and leading zeros */
};

struct name {
    struct view text;  /* where it was first seen */
    struct name *then; /* the name that opened after it the last time; NULL: none yet */
};

struct scan {
    const char *at, *end;
    const struct xml_handler *handler;
    size_t elements_left, depth_max, names_max;
    status st; /* the handler's, when it ended the reading */
    struct name *last;
    size_t depth, name_count;
    struct name *open[DEPTH_MAX];
    struct name names[NAMES_MAX];
    uint16_t slots[SLOTS]; /* index + 1; 0: free */
};

/* ---- characters ---- */

enum { IN_TEXT = 1, IN_NAME = 2, STARTS_NAME = 4, IS_BLANK = 8 };

/* What a byte may be. Text without a flag ends the run: '<', '&', ']', '\r', control characters, bytes above 0x7f. */
static const uint8_t classes[256] = {
    ['\t'] = IN_TEXT | IS_BLANK,
    ['\n'] = IN_TEXT | IS_BLANK,
    [' '] = IN_TEXT | IS_BLANK,
    ['!' ... '%'] = IN_TEXT,
    ['\'' ... ','] = IN_TEXT,
    ['-' ... '.'] = IN_TEXT | IN_NAME,
    ['/'] = IN_TEXT,
    ['0' ... '9'] = IN_TEXT | IN_NAME,
    [':' ... ';'] = IN_TEXT, /* a prefix is for libxml2 */
    ['=' ... '@'] = IN_TEXT,
    ['A' ... 'Z'] = IN_TEXT | IN_NAME | STARTS_NAME,
    ['[' ... '\\'] = IN_TEXT,
    ['^'] = IN_TEXT,
    ['_'] = IN_TEXT | IN_NAME | STARTS_NAME,
    ['`'] = IN_TEXT,
    ['a' ... 'z'] = IN_TEXT | IN_NAME | STARTS_NAME,
    ['{' ... 0x7f] = IN_TEXT,
};

static bool is(const char *p, unsigned wanted)
{
    return classes[(uint8_t)*p] & wanted;
}

/* The same as classes[] says: what ends a run of text among the bytes of a block. */
static unsigned text_ends(block b)
{
    block printable = block_below(b - block_fill(' '), 0x80 - ' ') | block_below(b - block_fill('\t'), 2);
    return block_bits(~printable | block_is(b, '<') | block_is(b, '&') | block_is(b, ']'));
}

static inline const char *skip_text(const char *p, const char *end)
{
    for (; end - p >= BLOCK; p += BLOCK) {
        unsigned ends = text_ends(block_load(p));
        if (ends)
            return p + __builtin_ctz(ends);
    }
    while (p < end && is(p, IN_TEXT))
        p++;
    return p;
}

/* Whether everything up to `end` is characters of XML, markup included, but for '\r', which would have to become '\n'. */
static bool all_characters(const char *p, const char *end)
{
    while ((p = skip_text(p, end)) < end) {
        bool markup = *p == '<' || *p == '&' || *p == ']';
        size_t len = markup ? 1 : *p == '\r' ? 0 : xml_character(p, (size_t)(end - p));
        if (!len)
            return false;
        p += len;
    }
    return true;
}

/* ---- names ---- */

/* @param text  stands somewhere before `p` */
static inline bool begins_with(const char *p, const char *end, struct view text)
{
    if (end - p > BLOCK && text.len <= BLOCK)
        return block_same_start(block_load(p), block_load(text.data), text.len);
    return (size_t)(end - p) > text.len && memcmp(p, text.data, text.len) == 0;
}

/* Is `text` a name that is there, up to where it ends? */
static inline bool is_name_at(const char *p, const char *end, struct view text)
{
    return begins_with(p, end, text) && !is(p + text.len, IN_NAME);
}

static size_t hash_of(struct view text)
{
    uint32_t h = 2166136261u; /* FNV-1a; a table of 512 that fills up is no attack worth having */
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ (uint8_t)text.data[i]) * 16777619u;
    return (h ^ h >> 15) % SLOTS;
}

static struct name *intern(struct scan *s, struct view text)
{
    size_t slot = hash_of(text);
    for (; s->slots[slot]; slot = (slot + 1) % SLOTS) {
        struct name *n = &s->names[s->slots[slot] - 1];
        if (view_equal(n->text, text))
            return n;
    }
    if (s->name_count == s->names_max)
        return NULL;
    struct name *n = &s->names[s->name_count++];
    *n = (struct name){.text = text};
    s->slots[slot] = (uint16_t)s->name_count;
    return n;
}

/* The name at `at`, which is passed; NULL: not plain. */
static struct name *take_name(struct scan *s)
{
    struct name *likely = s->last->then;
    if (likely && is_name_at(s->at, s->end, likely->text)) {
        s->at += likely->text.len;
        s->last = likely;
        return likely;
    }
    const char *p = s->at;
    if (p == s->end || !is(p, STARTS_NAME))
        return NULL;
    while (p < s->end && is(p, IN_NAME))
        p++;
    size_t len = (size_t)(p - s->at);
    struct name *n = len <= NAME_LEN_MAX ? intern(s, (struct view){s->at, len}) : NULL;
    s->at = p;
    s->last->then = n;
    if (n)
        s->last = n;
    return n;
}

/* ---- events; false ends the scan: not plain, or with the handler's status ---- */

static bool go_on(struct scan *s, status st)
{
    s->st = st;
    return st == ST_OK;
}

static bool tell_text(struct scan *s, const char *from, size_t len, bool stays)
{
    return !len || go_on(s, s->handler->text(s->handler->ctx, (struct view){from, len}, stays));
}

static bool take_open(struct scan *s)
{
    struct name *n = take_name(s);
    if (!n || s->depth == s->depth_max || s->elements_left-- == 0)
        return false;
    const char *p = s->at;
    p += p < s->end && *p == ' ';
    bool empty = p < s->end && *p == '/';
    p += empty;
    if (p == s->end || *p != '>')
        return false;
    s->at = p + 1;
    if (!go_on(s, s->handler->open(s->handler->ctx, n->text, NULL, 0)))
        return false;
    if (empty)
        return go_on(s, s->handler->close(s->handler->ctx));
    s->open[s->depth++] = n;
    return true;
}

static bool take_close(struct scan *s)
{
    if (!s->depth)
        return false;
    struct view name = s->open[s->depth - 1]->text;
    if (!is_name_at(s->at, s->end, name) || s->at[name.len] != '>')
        return false;
    s->at += name.len + 1;
    s->depth--;
    return go_on(s, s->handler->close(s->handler->ctx));
}

static const struct {
    struct view text;
    char is[2];
} entities[] = {
    {VIEW_LITERAL("&amp;"), "&"},   {VIEW_LITERAL("&lt;"), "<"},   {VIEW_LITERAL("&gt;"), ">"},
    {VIEW_LITERAL("&quot;"), "\""}, {VIEW_LITERAL("&apos;"), "'"},
};

/* "&#65;", "&#x41;" with a character of XML. */
static bool take_number(struct scan *s)
{
    char *stop, utf8[4];
    size_t left = (size_t)(s->end - s->at);
    const char *semicolon = memchr(s->at, ';', left < REFERENCE_MAX ? left : REFERENCE_MAX);
    if (!semicolon || semicolon - s->at < 3 || s->at[1] != '#')
        return false;
    bool hex = s->at[2] == 'x';
    const char *digits = s->at + 2 + hex;
    unsigned long code = isxdigit((unsigned char)*digits) ? strtoul(digits, &stop, hex ? 16 : 10) : 0;
    if (!code || stop != semicolon || (hex && (digits[0] == '0' && (digits[1] | 0x20) == 'x')))
        return false;
    size_t len = code <= UINT32_MAX ? xml_put_utf8((uint32_t)code, utf8) : 0;
    s->at = semicolon + 1;
    return len && tell_text(s, utf8, len, false);
}

static bool take_reference(struct scan *s)
{
    for (size_t i = 0; i < COUNT(entities); i++) {
        size_t len = entities[i].text.len;
        if ((size_t)(s->end - s->at) >= len && memcmp(s->at, entities[i].text.data, len) == 0) {
            s->at += len;
            return tell_text(s, entities[i].is, 1, true); /* static: stays longer than needed */
        }
    }
    return take_number(s);
}

/* Text up to the next '<' or '&', with all that needs a look on its way. */
static bool take_text(struct scan *s)
{
    const char *begin = s->at, *p = begin;
    while ((p = skip_text(p, s->end)) < s->end && *p != '<' && *p != '&') {
        if (*p == '\r') { /* a line ends with one '\n', however it is written */
            if (!tell_text(s, begin, (size_t)(p - begin), true))
                return false;
            p++;
            begin = p;
            if ((p == s->end || *p != '\n') && !tell_text(s, "\n", 1, true))
                return false;
        } else if (*p == ']') {
            if (s->end - p >= 3 && memcmp(p, "]]>", 3) == 0)
                return false;
            p++;
        } else {
            size_t len = xml_character(p, (size_t)(s->end - p));
            if (!len)
                return false;
            p += len;
        }
    }
    s->at = p;
    return tell_text(s, begin, (size_t)(p - begin), true);
}

static bool starts(const struct scan *s, struct view mark)
{
    return (size_t)(s->end - s->at) >= mark.len && memcmp(s->at, mark.data, mark.len) == 0;
}

/* What stands between `open`, which is at hand, and `close`, which is passed. @return false: no end, or not plain */
static bool take_span(struct scan *s, struct view open, struct view close, struct view *out)
{
    const char *begin = s->at + open.len, *end = memmem(begin, (size_t)(s->end - begin), close.data, close.len);
    if (!end || !all_characters(begin, end))
        return false;
    s->at = end + close.len;
    *out = (struct view){begin, (size_t)(end - begin)};
    return true;
}

static const struct view comment = VIEW_LITERAL("<!--"), cdata = VIEW_LITERAL("<![CDATA[");

static bool take_comment(struct scan *s)
{
    struct view ignored;
    if (!take_span(s, comment, VIEW_LITERAL("--"), &ignored) || s->at == s->end || *s->at != '>')
        return false;
    s->at++;
    return true;
}

static bool take_cdata(struct scan *s)
{
    struct view text;
    return take_span(s, cdata, VIEW_LITERAL("]]>"), &text) && tell_text(s, text.data, text.len, true);
}

static bool take_tag(struct scan *s)
{
    char next = s->end - s->at > 1 ? s->at[1] : '\0';
    if (next == '!')
        return starts(s, comment) ? take_comment(s) : starts(s, cdata) && s->depth && take_cdata(s);
    s->at += next == '/' ? 2 : 1;
    return next == '/' ? take_close(s) : take_open(s);
}

/* From the root's tag to its end. */
static bool take_root(struct scan *s)
{
    do {
        if (s->at == s->end)
            return false;
        bool good = *s->at == '<' ? take_tag(s) : *s->at == '&' ? take_reference(s) : take_text(s);
        if (!good)
            return false;
    } while (s->depth);
    return true;
}

/* Blanks and comments, around the root. */
static bool take_around(struct scan *s)
{
    for (;;) {
        while (s->at < s->end && (is(s->at, IS_BLANK) || *s->at == '\r'))
            s->at++;
        if (!starts(s, comment))
            return true;
        if (!take_comment(s))
            return false;
    }
}

bool xml_plain(struct view text, const struct xml_limits *limits, const struct xml_handler *handler, status *st)
{
    struct name before = {0};
    struct scan s = {
        .at = text.data,
        .end = text.data + text.len,
        .handler = handler,
        .elements_left = limits->elements,
        .depth_max = limits->depth < DEPTH_MAX ? limits->depth : DEPTH_MAX,
        .names_max = limits->names < NAMES_MAX ? limits->names : NAMES_MAX,
        .last = &before,
    };
    handler->restart(handler->ctx);
    bool good = take_around(&s) && s.at < s.end && *s.at == '<' && take_root(&s) && take_around(&s);
    *st = s.st;
    return s.st != ST_OK || (good && s.at == s.end);
}
