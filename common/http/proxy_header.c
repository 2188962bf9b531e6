/* The PROXY protocol's header, versions 1 (a line of text) and 2 (binary). h2o 2.2.5 knows version 1 only and lets a
 * malformed one pass as if it were a request, so we read it before h2o sees the connection. */
#include "common/http/proxy.h"

static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
static const char word[] = "PROXY ";

enum {
    V1_MAX = 107, /* longest line of version 1, with its CR LF */
    V2_HEAD = 16, /* signature, version and command, family, length of what follows */
    V2_LOCAL = 0x20,
    V2_PROXY = 0x21,
    V2_TCP4 = 0x11,
    V2_TCP6 = 0x21,
};

static bool begins_like(const uint8_t *in, size_t len, const void *pattern, size_t pattern_len)
{
    return memcmp(in, pattern, len < pattern_len ? len : pattern_len) == 0;
}

static status v1_length(const uint8_t *in, size_t len, size_t *length)
{
    size_t look = len < V1_MAX ? len : V1_MAX;
    const uint8_t *end = memchr(in, '\n', look);
    if (!end)
        return len < V1_MAX ? ST_AGAIN : ST_MALFORMED;
    if (end == in || end[-1] != '\r')
        return ST_MALFORMED;
    *length = (size_t)(end - in) + 1;
    return ST_OK;
}

static status v2_length(const uint8_t *in, size_t len, size_t *length)
{
    if (len < V2_HEAD)
        return ST_AGAIN;
    size_t whole = V2_HEAD + (size_t)get_be16(in + 14);
    if (whole > PROXY_HEADER_MAX || (in[12] != V2_LOCAL && in[12] != V2_PROXY))
        return ST_MALFORMED;
    if (len < whole)
        return ST_AGAIN;
    *length = whole;
    return ST_OK;
}

status proxy_header_length(const uint8_t *in, size_t len, size_t *length)
{
    if (begins_like(in, len, signature, sizeof signature))
        return v2_length(in, len, length);
    if (begins_like(in, len, word, sizeof word - 1))
        return v1_length(in, len, length);
    return ST_MALFORMED;
}

/* Cuts the next word of a version 1 line off; words are separated by exactly one blank. */
static struct view next_word(struct view *line)
{
    const char *blank = memchr(line->data, ' ', line->len);
    struct view got = {line->data, blank ? (size_t)(blank - line->data) : line->len};
    size_t used = blank ? got.len + 1 : got.len;
    line->data += used;
    line->len -= used;
    return got;
}

static bool is_address(struct view text, uint8_t want_len, struct upload_address *out)
{
    char copy[UPLOAD_ADDRESS_TEXT];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, 0, text.len))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = 0;
    return upload_address_parse(copy, out) == ST_OK && out->len == want_len;
}

static bool is_port(struct view text)
{
    unsigned value = 0;
    if (text.len == 0 || text.len > 5)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        value = value * 10 + (unsigned)(text.data[i] - '0');
    }
    return value <= 65535;
}

/* "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443" */
static status v1_source(struct view line, struct upload_address *from)
{
    (void)next_word(&line); /* PROXY */
    struct view family = next_word(&line);
    if (view_is(family, "UNKNOWN"))
        return ST_OK;
    uint8_t len = view_is(family, "TCP4") ? 4 : view_is(family, "TCP6") ? 16 : 0;
    struct upload_address source = {0}, target;
    if (len == 0 || !is_address(next_word(&line), len, &source) || !is_address(next_word(&line), len, &target) ||
        !is_port(next_word(&line)) || !is_port(next_word(&line)) || line.len != 0)
        return ST_MALFORMED;
    *from = source;
    return ST_OK;
}

static status v2_source(const uint8_t *in, size_t length, struct upload_address *from)
{
    if (in[12] == V2_LOCAL)
        return ST_OK;
    uint8_t len = in[13] == V2_TCP4 ? 4 : in[13] == V2_TCP6 ? 16 : 0;
    if (len == 0)
        return ST_OK;
    if (length < V2_HEAD + 2u * len + 4u) /* both addresses, both ports; options may follow */
        return ST_MALFORMED;
    *from = (struct upload_address){.len = len};
    memcpy(from->bytes, in + V2_HEAD, len);
    return ST_OK;
}

status proxy_header_source(const uint8_t *in, size_t length, struct upload_address *from)
{
    if (length < 8)
        return ST_MALFORMED;
    bool is_v2 = in[0] == signature[0];
    if (is_v2 && length < V2_HEAD)
        return ST_MALFORMED;
    status st = is_v2 ? v2_source(in, length, from) : v1_source((struct view){(const char *)in, length - 2}, from);
    if (st == ST_OK)
        address_unmap(from);
    return st;
}
