/* The second try's text: what is no character of XML goes, what is no UTF-8 becomes it. */
#include "common/xml/inner.h"

/* Length of the UTF-8 sequence at `p` (at most `left` bytes) and its code point; 0: not one. RFC 3629, table 3-7 of Unicode. */
static size_t sequence(const uint8_t *p, size_t left, uint32_t *code)
{
    size_t len = p[0] < 0x80                   ? 1
                 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
                 : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
                 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
                                               : 0;
    if (len == 0 || len > left)
        return 0;
    *code = len == 1 ? p[0] : p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (p[i] & 0x3f);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    bool surrogate = *code >= 0xd800 && *code < 0xe000;
    return *code < least[len] || surrogate || *code > 0x10ffff ? 0 : len;
}

/* XML 1.0, production 2. */
static bool is_allowed(uint32_t code)
{
    return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code <= 0xd7ff) ||
           (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff);
}

size_t xml_character(const char *p, size_t left)
{
    uint32_t code = 0;
    size_t len = sequence((const uint8_t *)p, left, &code);
    return is_allowed(code) ? len : 0;
}

size_t xml_put_utf8(uint32_t code, char to[4])
{
    static const uint8_t lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (!is_allowed(code))
        return 0;
    for (size_t i = len - 1; i; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(lead[len] | code);
    return len;
}

/* Length of a numeric reference at `p` ("&#31;", "&#x1F;") that stands for a forbidden character; 0: it is none. */
static size_t forbidden_reference(const char *p, size_t left)
{
    if (left < 4 || p[1] != '#')
        return 0;
    bool hex = p[2] == 'x';
    uint32_t code = 0;
    size_t i = hex ? 3 : 2, first = i;
    for (; i < left && i < 16; i++) {
        char c = p[i], lower = (char)(c | 0x20);
        if (c >= '0' && c <= '9')
            code = code * (hex ? 16 : 10) + (uint32_t)(c - '0');
        else if (hex && lower >= 'a' && lower <= 'f')
            code = code * 16 + (uint32_t)(lower - 'a' + 10);
        else
            break;
        if (code > 0x10ffff)
            code = 0x110000; /* stays above, whatever follows */
    }
    return i > first && i < left && p[i] == ';' && !is_allowed(code) ? i + 1 : 0;
}

static void add_latin1(struct buffer *out, uint8_t byte)
{
    buffer_char(out, (char)(0xc0 | byte >> 6));
    buffer_char(out, (char)(0x80 | (byte & 0x3f)));
}

/* How many bytes at `p` belong to one broken sequence: its lead and the continuation bytes it would have taken. */
static size_t broken_length(const uint8_t *p, size_t left)
{
    size_t wanted = p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc0 ? 2 : 1, len = 1;
    while (len < wanted && len < left && (p[len] & 0xc0) == 0x80)
        len++;
    return len;
}

status xml_repair(struct view text, bool as_utf8, struct buffer *out, struct xml_repairs *repairs)
{
    size_t kept = 0; /* everything before it is in `out` */
    for (size_t i = 0; i < text.len;) {
        const uint8_t *p = (const uint8_t *)text.data + i;
        uint32_t code = 0;
        size_t left = text.len - i, len = sequence(p, left, &code);
        size_t reference = len && code == '&' ? forbidden_reference(text.data + i, left) : 0;
        if (len && is_allowed(code) && !reference) {
            i += len;
            continue;
        }
        buffer_add(out, text.data + kept, i - kept);
        if (len) {
            repairs->forbidden++;
            i += reference ? reference : len;
        } else if (as_utf8) {
            repairs->bytes++;
            buffer_text(out, "\xef\xbf\xbd");
            i += broken_length(p, left);
        } else {
            repairs->bytes++;
            add_latin1(out, *p);
            i++;
        }
        kept = i;
    }
    buffer_add(out, text.data + kept, text.len - kept);
    return buffer_status(out);
}
