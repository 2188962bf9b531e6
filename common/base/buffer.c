#include "common/base/buffer.h"

#include <stdio.h>

void buffer_clear(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){.max = b->max};
}

void buffer_reset(struct buffer *b)
{
    b->len = 0;
    b->failed = ST_OK;
    if (b->data)
        b->data[0] = '\0';
}

char *buffer_extend(struct buffer *b, size_t len)
{
    if (b->failed != ST_OK)
        return NULL;
    if (len > b->max - b->len) {
        b->failed = ST_TOO_BIG;
        return NULL;
    }
    size_t need = b->len + len + 1; /* the NUL behind it */
    if (need > b->room) {
        size_t room = b->room ? b->room : 256;
        while (room < need)
            room *= 2;
        char *data = realloc(b->data, room);
        if (!data) {
            b->failed = ST_NO_MEMORY;
            return NULL;
        }
        b->data = data;
        b->room = room;
    }
    char *at = b->data + b->len;
    b->len += len;
    b->data[b->len] = '\0';
    return at;
}

void buffer_add(struct buffer *b, const void *data, size_t len)
{
    char *at = buffer_extend(b, len);
    if (at && len)
        memcpy(at, data, len);
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_char(struct buffer *b, char c)
{
    buffer_add(b, &c, 1);
}

/* Straight into the room that there is; a second time only when that was too little. */
void buffer_format_list(struct buffer *b, const char *format, va_list args)
{
    if (b->failed != ST_OK)
        return;
    va_list again;
    va_copy(again, args);
    size_t room = b->room - b->len;
    int len = vsnprintf(room ? b->data + b->len : NULL, room, format, args);
    char *at = len < 0 ? NULL : buffer_extend(b, (size_t)len);
    if (at && (size_t)len >= room)
        vsnprintf(at, (size_t)len + 1, format, again);
    if (!at && room)
        b->data[b->len] = '\0'; /* above the cap: none of it counts */
    va_end(again);
}

void buffer_format(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_format_list(b, format, args);
    va_end(args);
}

void buffer_number(struct buffer *b, uint64_t v)
{
    char room[DIGITS_ROOM];
    struct view digits = digits_of(v, room);
    buffer_add(b, digits.data, digits.len);
}

void buffer_be16(struct buffer *b, uint16_t v)
{
    char *at = buffer_extend(b, 2);
    if (at)
        put_be16(at, v);
}

void buffer_be32(struct buffer *b, uint32_t v)
{
    char *at = buffer_extend(b, 4);
    if (at)
        put_be32(at, v);
}

void buffer_be64(struct buffer *b, uint64_t v)
{
    char *at = buffer_extend(b, 8);
    if (at)
        put_be64(at, v);
}
