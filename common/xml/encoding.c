/* From what a document says about its encoding to UTF-8. */
#include "common/xml/inner.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <strings.h>

enum { DECLARATION_MAX = 256, NAME_MAX_LEN = 40 };

static bool starts(struct view v, const char *bytes, size_t len)
{
    return v.len >= len && memcmp(v.data, bytes, len) == 0;
}

static struct view skip(struct view v, size_t len)
{
    return (struct view){v.data + len, v.len - len};
}

/* The XML declaration at the beginning, with its "?>"; len 0: there is none. Blanks in front of it are skipped by the caller. */
static struct view declaration_of(struct view text)
{
    if (!starts(text, "<?xml", 5) || text.len < 7 || !isspace((unsigned char)text.data[5]))
        return (struct view){text.data, 0};
    size_t look = text.len < DECLARATION_MAX ? text.len : DECLARATION_MAX;
    const char *end = memmem(text.data, look, "?>", 2);
    return (struct view){text.data, end ? (size_t)(end + 2 - text.data) : 0};
}

/* The value of encoding="..." or encoding='...' into `name`; returns the quote, or 0 when there is none. */
static char declared_encoding(struct view declaration, char name[NAME_MAX_LEN])
{
    const char *at = memmem(declaration.data, declaration.len, "encoding", 8),
               *end = declaration.data + declaration.len;
    if (!at)
        return 0;
    for (at += 8; at < end && (isspace((unsigned char)*at) || *at == '='); at++)
        ;
    if (at >= end || (*at != '"' && *at != '\''))
        return 0;
    const char *close = memchr(at + 1, *at, (size_t)(end - at - 1));
    size_t len = close ? (size_t)(close - at - 1) : 0;
    if (len == 0 || len >= NAME_MAX_LEN)
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = at[1 + i];
        if (!isalnum((unsigned char)c) && !strchr("_+-.:", c))
            return 0; /* nothing but a name may reach iconv: "//TRANSLIT" would be an option */
        name[i] = c;
    }
    name[len] = '\0';
    return *at;
}

static status convert(const char *from, struct view text, struct buffer *memory, struct view *out, struct reason *why)
{
    iconv_t cd = iconv_open("UTF-8", from);
    if (cd == (iconv_t)-1 && errno == ENOMEM)
        return ST_NO_MEMORY;
    if (cd == (iconv_t)-1)
        return reason_set(why, "xml_encoding", "encoding \"%s\" is not known", from), ST_MALFORMED;
    buffer_reset(memory);
    char *in = (char *)(uintptr_t)text.data; /* iconv's prototype; it does not write there */
    size_t left = text.len;
    while (left && buffer_status(memory) == ST_OK) {
        size_t before = memory->len, room = left * 2 + 16;
        char *to = buffer_extend(memory, room);
        size_t to_left = room;
        if (!to)
            break;
        size_t got = iconv(cd, &in, &left, &to, &to_left);
        memory->len = before + room - to_left;
        if (got == (size_t)-1 && (errno == EILSEQ || errno == EINVAL)) {
            buffer_text(memory, "\xef\xbf\xbd");
            in++;
            left--;
        }
    }
    iconv_close(cd);
    *out = buffer_view(memory);
    return buffer_status(memory);
}

static const char *utf16_by_mark(struct view text)
{
    if (starts(text, "\xff\xfe", 2))
        return "UTF-16LE";
    return starts(text, "\xfe\xff", 2) ? "UTF-16BE" : NULL;
}

static bool is_utf8_name(const char *name)
{
    return strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0 || strcasecmp(name, "US-ASCII") == 0 ||
           strcasecmp(name, "ASCII") == 0;
}

/* Without byte order mark and blanks in front. */
static struct view trimmed(struct view text, bool *marked)
{
    *marked = starts(text, "\xef\xbb\xbf", 3);
    if (*marked)
        text = skip(text, 3);
    while (text.len && isspace((unsigned char)*text.data))
        text = skip(text, 1);
    return text;
}

status xml_to_utf8(struct view text, struct buffer *memory, struct view *out, bool *is_utf8, struct reason *why)
{
    char name[NAME_MAX_LEN];
    bool marked;
    const char *utf16 = utf16_by_mark(text);
    if (utf16) {
        status st = convert(utf16, skip(text, 2), memory, &text, why);
        if (st != ST_OK)
            return st;
    }
    text = trimmed(text, &marked);
    struct view declaration = declaration_of(text);
    char quote = declared_encoding(declaration, name);
    bool says_utf8 = quote && is_utf8_name(name);
    text = skip(text, declaration.len);
    if (quote && !says_utf8 && !utf16 && !marked) {
        status st = convert(name, text, memory, out, why);
        *is_utf8 = st == ST_OK;
        return st;
    }
    *is_utf8 = utf16 || marked || (says_utf8 && quote == '"'); /* OCS reads the declaration only in these quotes */
    *out = text;
    return ST_OK;
}
