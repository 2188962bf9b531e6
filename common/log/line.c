#include "common/log/line.h"

#include <stdio.h>

static void add(struct line *line, const char *bytes, size_t len)
{
    if (line->full || len > line->room - LINE_END - line->len) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void add_text(struct line *line, const char *text)
{
    add(line, text, strlen(text));
}

/* Bytes of the UTF-8 character at `p`; 0 when there is no valid one. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    static const struct {
        unsigned char first, last, second_low, second_high;
        unsigned char length;
    } rows[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (*p < rows[i].first || *p > rows[i].last)
            continue;
        size_t length = rows[i].length;
        if (length > left)
            return 0;
        if (length > 1 && (p[1] < rows[i].second_low || p[1] > rows[i].second_high))
            return 0;
        for (size_t k = 2; k < length; k++)
            if ((p[k] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

/* Control characters, also those of U+0080..9F: a terminal obeys them. */
static bool is_control(const unsigned char *p, size_t length)
{
    return *p < 0x20 || *p == 0x7f || (length == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static void add_character(struct line *line, const unsigned char *p, size_t length)
{
    char escaped[8];
    if (*p == '"' || *p == '\\')
        snprintf(escaped, sizeof escaped, "\\%c", *p);
    else if (is_control(p, length))
        snprintf(escaped, sizeof escaped, "\\u%04x", p[length - 1]); /* of two bytes the last is the code */
    else {
        add(line, (const char *)p, length);
        return;
    }
    add_text(line, escaped);
}

static void add_quoted(struct line *line, struct view v)
{
    const unsigned char *p = (const unsigned char *)v.data;
    size_t end = v.len < VALUE_MAX ? v.len : VALUE_MAX;
    add(line, "\"", 1);
    for (size_t at = 0, length; at < end; at += length) {
        length = utf8_length(p + at, v.len - at);
        if (length)
            add_character(line, p + at, length);
        else {
            add(line, "?", 1);
            length = 1;
        }
    }
    add_text(line, v.len > VALUE_MAX ? "...\"" : "\"");
}

static bool is_plain(struct view v)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return false;
    }
    return v.len > 0 && v.len <= VALUE_MAX;
}

static void add_value(struct line *line, const struct log_field *field)
{
    if (field->type == LOG_IS_NUMBER) {
        char digits[24];
        snprintf(digits, sizeof digits, "%lld", (long long)field->number);
        add_text(line, digits);
        return;
    }
    struct view v = field->type == LOG_IS_TEXT ? view_of(field->text) : field->view;
    if (!line->json && is_plain(v))
        add(line, v.data, v.len);
    else
        add_quoted(line, v);
}

void line_begin(struct line *line, bool json)
{
    line->json = json;
    line->full = false;
    line->room = sizeof line->bytes;
    line->len = 0;
    if (json)
        add(line, "{", 1);
}

bool line_field(struct line *line, const struct log_field *field)
{
    size_t before = line->len;
    if (before > line->json)
        add_text(line, line->json ? "," : " ");
    if (line->json)
        add(line, "\"", 1);
    add_text(line, field->key);
    add_text(line, line->json ? "\":" : "=");
    add_value(line, field);
    if (!line->full)
        return true;
    line->full = false;
    line->len = before;
    return false;
}

void line_end(struct line *line, bool cut)
{
    static const char *const ends[2][2] = {{"\n", " cut=true\n"}, {"}\n", ",\"cut\":true}\n"}};
    const char *end = ends[line->json][cut];
    memcpy(line->bytes + line->len, end, strlen(end)); /* LINE_END keeps the room */
    line->len += strlen(end);
}
