#include "common/reply/reply.h"

static void indent(struct buffer *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buffer_text(out, "  ");
}

/* What stands for a byte in text and attributes; NULL: itself. Control characters are not allowed in XML 1.0 even as
 * references, and one of them makes the agent drop the whole reply: they are left out. */
static const char *stands_for(unsigned char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\t':
    case '\n':
    case '\r': return NULL;
    default: return c < 0x20 ? "" : NULL;
    }
}

static void escaped(struct buffer *out, struct view text)
{
    size_t from = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *instead = stands_for((unsigned char)text.data[i]);
        if (!instead)
            continue;
        buffer_add(out, text.data + from, i - from);
        buffer_text(out, instead);
        from = i + 1;
    }
    if (from < text.len)
        buffer_add(out, text.data + from, text.len - from);
}

void reply_begin(struct buffer *out)
{
    buffer_text(out, "<?xml version='1.0' encoding='UTF-8'?>\n<REPLY>\n");
}

void reply_end(struct buffer *out)
{
    buffer_text(out, "</REPLY>\n");
}

void reply_element(struct buffer *out, int depth, const char *name, struct view text)
{
    indent(out, depth);
    buffer_format(out, "<%s>", name);
    escaped(out, text);
    buffer_format(out, "</%s>\n", name);
}

void reply_open(struct buffer *out, int depth, const char *name)
{
    indent(out, depth);
    buffer_format(out, "<%s>\n", name);
}

void reply_close(struct buffer *out, int depth, const char *name)
{
    indent(out, depth);
    buffer_format(out, "</%s>\n", name);
}

void reply_param(struct buffer *out, int depth, const struct reply_attribute *attributes, size_t count,
                 struct view text)
{
    indent(out, depth);
    buffer_text(out, "<PARAM");
    for (size_t i = 0; i < count; i++) {
        buffer_format(out, " %s=\"", attributes[i].name);
        escaped(out, attributes[i].value);
        buffer_char(out, '"');
    }
    if (!text.data) {
        buffer_text(out, " />\n");
        return;
    }
    buffer_char(out, '>');
    escaped(out, text);
    buffer_text(out, "</PARAM>\n");
}
