/* Any text in an answer: the answer is well-formed XML, and an XML reader finds the text in it again, as far as XML can carry it. */
#include "common/reply/reply.h"
#include "common/xml/xml.h"

#include "common/base/cleanup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 1 << 20, TAG = 4000 };

/* Not assert(): a build with NDEBUG would test nothing. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

struct heard {
    size_t depth;
    struct buffer text;  /**< of PARAM */
    struct buffer value; /**< of its attribute */
};

static void on_restart(void *ctx)
{
    struct heard *h = ctx;
    h->depth = 0;
    buffer_reset(&h->text);
    buffer_reset(&h->value);
}

static status on_open(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    struct heard *h = ctx;
    h->depth++;
    must(view_is(name, "REPLY") || (view_is(name, "PARAM") && count == 1));
    if (count)
        buffer_add(&h->value, attributes[0].value.data, attributes[0].value.len);
    return ST_OK;
}

static status on_text(void *ctx, struct view piece, bool stays)
{
    (void)stays;
    struct heard *h = ctx;
    if (h->depth == 2)
        buffer_add(&h->text, piece.data, piece.len);
    return ST_OK;
}

static status on_close(void *ctx)
{
    ((struct heard *)ctx)->depth--;
    return ST_OK;
}

/** What of `data` can be expected back: bytes that make it ASCII without control characters, which is enough to break an escaper. */
static void keep_ascii(const uint8_t *data, size_t size, struct buffer *out)
{
    for (size_t i = 0; i < size; i++)
        if (data[i] >= 0x20 && data[i] < 0x7F)
            buffer_char(out, (char)data[i]);
}

static void write_answer(struct view text, struct buffer *out)
{
    reply_begin(out);
    reply_param(out, 1, &(struct reply_attribute){"VALUE", text}, 1, text);
    reply_end(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > ROOM / 16)
        return 0;
    AUTO(buffer_clear) struct buffer plain = BUFFER_INIT(ROOM), out = BUFFER_INIT(ROOM), memory = BUFFER_INIT(ROOM);
    struct heard h = {.text = BUFFER_INIT(ROOM), .value = BUFFER_INIT(ROOM)};
    const struct xml_handler handler = {&h, on_restart, on_open, on_text, on_close};
    struct xml_repairs repairs = {0};
    struct reason why = {0};
    write_answer((struct view){size ? (const char *)data : "", size}, &out); /* whatever the bytes: it ends */
    buffer_reset(&out);
    keep_ascii(data, size, &plain);
    struct view text = plain.len ? buffer_view(&plain) : (struct view){"", 0};
    write_answer(text, &out);
    if (out.len <
        (size_t)2 *
            TAG) { /* the text stands there twice, escaped: once in a tag, and a longer one the reader refuses */
        must(xml_read(buffer_view(&out), &(struct xml_limits){0}, &handler, &memory, &repairs, &why) == ST_OK);
        must(view_equal(buffer_view(&h.text), text) && view_equal(buffer_view(&h.value), text));
        must(repairs.bytes + repairs.forbidden == 0);
    }
    buffer_clear(&h.text);
    buffer_clear(&h.value);
    return 0;
}
