#include "common/admin/status_page.h"

#include <time.h>

/* Length of the UTF-8 character that `p` begins with, 0 when there is none (or an over-long or surrogate form of one). */
static size_t utf8_length(const unsigned char *p)
{
    static const struct {
        unsigned char mask, lead;
        unsigned least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t more = 0; more < 4; more++) {
        if ((p[0] & forms[more].mask) != forms[more].lead)
            continue;
        unsigned code = p[0] & (unsigned char)~forms[more].mask;
        for (size_t i = 1; i <= more; i++) {
            if ((p[i] & 0xc0) != 0x80) /* also at the end of the text: NUL is no such byte */
                return 0;
            code = code << 6 | (p[i] & 0x3fu);
        }
        bool is_valid = code >= forms[more].least && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        return is_valid ? more + 1 : 0;
    }
    return 0;
}

static void add_character(struct buffer *out, const unsigned char *p, size_t len)
{
    if (len == 0)
        buffer_char(out, '?');
    else if (*p == '"' || *p == '\\')
        buffer_format(out, "\\%c", *p);
    else if (*p < 0x20 || *p == 0x7f)
        buffer_format(out, "\\u%04x", *p);
    else
        buffer_add(out, p, len);
}

void json_text(struct buffer *out, const char *text)
{
    buffer_char(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        size_t len = utf8_length(p);
        add_character(out, p, len);
        p += len > 0 ? len : 1;
    }
    buffer_char(out, '"');
}

void json_time(struct buffer *out, int64_t wall_us)
{
    char text[32];
    time_t seconds = (time_t)(wall_us / 1000000);
    struct tm utc;
    strftime(text, sizeof text, "\"%Y-%m-%dT%H:%M:%SZ\"", gmtime_r(&seconds, &utc));
    buffer_text(out, text);
}

/* A line is `name{label="value"} 12`: the name with its labels becomes the key, so that rows of one family stay apart. */
static void add_metric(struct buffer *out, struct view line, bool is_first)
{
    char name[256];
    const char *blank = memrchr(line.data, ' ', line.len);
    size_t len = blank ? (size_t)(blank - line.data) : 0;
    if (len == 0 || len >= sizeof name || line.data[0] == '#')
        return;
    memcpy(name, line.data, len);
    name[len] = 0;
    buffer_text(out, is_first ? "" : ",");
    json_text(out, name);
    buffer_char(out, ':');
    buffer_add(out, blank + 1, line.len - len - 1);
}

void json_metrics(struct buffer *out, struct view text)
{
    buffer_char(out, '{');
    size_t empty = out->len;
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        struct view line = {text.data, end ? (size_t)(end - text.data) : text.len};
        add_metric(out, line, out->len == empty);
        size_t used = line.len + (end ? 1 : 0);
        text.data += used;
        text.len -= used;
    }
    buffer_char(out, '}');
}

/* 16: none. */
static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static struct view decode(struct view in, char *out, size_t room)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++, len++) {
        if (len == room)
            return VIEW_ABSENT;
        out[len] = in.data[i];
        if (in.data[i] != '%')
            continue;
        if (in.len - i < 3 || hex_digit(in.data[i + 1]) > 15 || hex_digit(in.data[i + 2]) > 15)
            return VIEW_ABSENT;
        out[len] = (char)(hex_digit(in.data[i + 1]) << 4 | hex_digit(in.data[i + 2]));
        i += 2;
    }
    return (struct view){out, len};
}

struct view query_value(struct view query, const char *name, char *out, size_t room)
{
    size_t name_len = strlen(name);
    while (query.len > 0) {
        const char *end = memchr(query.data, '&', query.len);
        size_t len = end ? (size_t)(end - query.data) : query.len;
        if (len > name_len && memcmp(query.data, name, name_len) == 0 && query.data[name_len] == '=')
            return decode((struct view){query.data + name_len + 1, len - name_len - 1}, out, room);
        len += end != NULL;
        query = (struct view){query.data + len, query.len - len};
    }
    return VIEW_ABSENT;
}
