/* Any bytes as a document: what the plain scanner takes, libxml2 must take as well, and both must hear the same. */
#include "common/base/cleanup.h"
#include "common/xml/inner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void restart(void *ctx)
{
    buffer_reset(ctx);
}

static status heard_open(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    (void)attributes;
    buffer_char(ctx, '\1'); /* no document has it */
    buffer_add(ctx, name.data, name.len);
    buffer_char(ctx, count ? '\2' : '\3');
    return buffer_status(ctx);
}

static status heard_text(void *ctx, struct view piece, bool stays)
{
    (void)stays;
    buffer_add(ctx, piece.data, piece.len);
    return buffer_status(ctx);
}

static status heard_close(void *ctx)
{
    buffer_char(ctx, '\4');
    return buffer_status(ctx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct xml_limits limits = {.depth = 20, .elements = 100000, .names = 300};
    AUTO(buffer_clear) struct buffer plain = BUFFER_INIT(8 << 20), full = BUFFER_INIT(8 << 20);
    const struct xml_handler to_plain = {&plain, restart, heard_open, heard_text, heard_close};
    const struct xml_handler to_full = {&full, restart, heard_open, heard_text, heard_close};
    struct view text = {(const char *)data, size};
    struct reason why = {0};
    status st = ST_OK;
    xml_library_init();
    if (!xml_plain(text, &limits, &to_plain, &st) || st != ST_OK)
        return 0;
    if (xml_parse(text, &limits, &to_full, &why) != ST_OK || !view_equal(buffer_view(&plain), buffer_view(&full)))
        abort();
    return 0;
}
