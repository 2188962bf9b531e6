#include "tests/unit/xml/listener.h"

static void restart(void *ctx)
{
    buffer_reset(ctx);
}

static status heard_open(void *ctx, struct view name, const struct xml_attribute *attributes, size_t count)
{
    buffer_format(ctx, "(%.*s", (int)name.len, name.data);
    for (size_t i = 0; i < count; i++)
        buffer_format(ctx, " %.*s=%.*s", (int)attributes[i].name.len, attributes[i].name.data,
                      (int)attributes[i].value.len, attributes[i].value.data);
    buffer_char(ctx, ':');
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
    buffer_char(ctx, ')');
    return buffer_status(ctx);
}

struct xml_handler listener(struct buffer *heard)
{
    return (struct xml_handler){heard, restart, heard_open, heard_text, heard_close};
}
