/* Any bytes as a document: what is heard is UTF-8 without forbidden characters, elements are balanced, limits hold, and a refusal has a
 * reason. What comes from here goes into SQL and records. What the plain reader takes, libxml2 takes as well, and hears the same. */
#include "common/xml/inner.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH = 20, ELEMENTS = 2000, NAMES = 500, MEMORY = 1 << 20 };

struct heard {
    size_t depth, elements, text;
    bool odd; /**< something was heard that is no text: void only when the document turns out to be broken */
    struct view staying[64]; /**< pieces that were said to stay: looked at again when the reading is over */
    size_t staying_count;
    struct buffer *record; /**< what was heard, one way for one meaning; NULL: nobody compares */
};

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

/** The code point at `p`. @return bytes, 0: that is no UTF-8 */
static size_t character(const uint8_t *p, size_t left, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : p[0] < 0xF5 ? 4 : 0;
    if (len == 0 || len > left)
        return 0;
    *code = len == 1 ? p[0] : p[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
        *code = *code << 6 | (p[i] & 0x3F);
    }
    return *code >= least[len] ? len : 0;
}

static bool is_text(struct view v)
{
    for (size_t i = 0, len; i < v.len; i += len) {
        uint32_t code = 0;
        len = character((const uint8_t *)v.data + i, v.len - i, &code);
        bool control = code < 0x20 && code != '\t' && code != '\n' && code != '\r';
        bool outside = code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) || code == 0xFFFE || code == 0xFFFF;
        if (len == 0 || control || outside)
            return false;
    }
    return true;
}

static void on_restart(void *ctx)
{
    struct buffer *record = ((struct heard *)ctx)->record;
    *(struct heard *)ctx = (struct heard){.record = record};
    if (record)
        buffer_reset(record);
}

static void record_part(struct heard *h, char mark, struct view part)
{
    if (!h->record)
        return;
    if (mark)
        buffer_char(h->record, mark);
    buffer_add(h->record, part.data, part.len);
}

static status on_open(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    struct heard *h = ctx;
    must(++h->depth <= DEPTH && ++h->elements <= ELEMENTS && name.len > 0);
    h->odd |= !is_text(name);
    record_part(h, 1, name);
    record_part(h, 2, (struct view){"", 0});
    for (size_t i = 0; i < count; i++) {
        h->odd |= !is_text(attributes[i].name) || !is_text(attributes[i].value);
    }
    return ST_OK;
}

static status on_text(void *ctx, struct view piece, bool stays)
{
    (void)stays;
    struct heard *h = ctx;
    h->odd |= h->depth == 0 || !is_text(piece);
    h->text += piece.len;
    record_part(h, 0, piece);
    if (stays && h->staying_count < COUNT(h->staying))
        h->staying[h->staying_count++] = piece;
    return ST_OK;
}

static status on_close(void *ctx)
{
    struct heard *h = ctx;
    must(h->depth-- > 0);
    record_part(h, 3, (struct view){"", 0});
    return ST_OK;
}

static const struct xml_limits limits = {DEPTH, ELEMENTS, NAMES};

static void try_whole(struct view text)
{
    AUTO(buffer_clear) struct buffer memory = BUFFER_INIT(MEMORY);
    struct heard h = {0};
    const struct xml_handler handler = {&h, on_restart, on_open, on_text, on_close};
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    status st = xml_read(text, &limits, &handler, &memory, &repairs, &why);
    must(st == ST_OK || st == ST_MALFORMED || st == ST_TOO_BIG);
    must((st == ST_OK) == (why.code[0] == '\0'));
    if (st != ST_OK)
        return;
    must(!h.odd && h.depth == 0 && h.elements > 0 && h.text <= 3 * text.len);
    for (size_t i = 0; i < h.staying_count; i++)
        must(is_text(h.staying[i]));
}

/* The plain reader may pass on what it does not like; what it takes must mean the same to both. */
static void try_both(struct view text)
{
    AUTO(buffer_clear) struct buffer plain = BUFFER_INIT(MEMORY), full = BUFFER_INIT(MEMORY);
    struct heard h = {.record = &plain};
    const struct xml_handler handler = {&h, on_restart, on_open, on_text, on_close};
    struct reason why = {0};
    status st = ST_OK;
    on_restart(&h);
    if (!xml_plain(text, &limits, &handler, &st))
        return;
    must(st == ST_OK && h.depth == 0 && !h.odd);
    h.record = &full;
    must(xml_parse(text, &limits, &handler, &why) == ST_OK);
    must(plain.len == full.len && memcmp(plain.data, full.data, plain.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view text = {size ? (const char *)data : "", size};
    try_whole(text);
    try_both(text);
    return 0;
}
