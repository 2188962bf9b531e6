/* What a non-strict database would store for a text. Texts here, numbers and dates in files of their own. */
#include "common/db/fit.h"

/* Bytes of the UTF-8 character that begins at `p`; 1 for a byte that begins none, so that bad input cannot lead astray: a
 * text that was cut is divided into the same characters as before. */
static size_t char_len(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (len > (size_t)(end - p))
        return 1;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 1;
    return len;
}

/* The characters above U+00FF that the database's latin1 (windows-1252) has, in order. */
static const uint16_t latin_extras[] = {
    0x0152, 0x0153, 0x0160, 0x0161, 0x0178, 0x017D, 0x017E, 0x0192, 0x02C6, 0x02DC, 0x2013, 0x2014, 0x2018, 0x2019,
    0x201A, 0x201C, 0x201D, 0x201E, 0x2020, 0x2021, 0x2022, 0x2026, 0x2030, 0x2039, 0x203A, 0x20AC, 0x2122,
};

static bool latin_has(const char *p, size_t len)
{
    if (len == 1)
        return true;
    unsigned code = len == 2 ? ((unsigned)p[0] & 0x1f) << 6 | ((unsigned)p[1] & 0x3f)
                             : ((unsigned)p[0] & 0x0f) << 12 | ((unsigned)p[1] & 0x3f) << 6 | ((unsigned)p[2] & 0x3f);
    if (len == 4)
        return false;
    if (code >= 0xa0 && code <= 0xff)
        return true;
    if (code < 0xa0) /* windows-1252 has five of these control characters, and others in place of the rest */
        return code == 0x81 || code == 0x8d || code == 0x8f || code == 0x90 || code == 0x9d;
    for (size_t i = 0; i < COUNT(latin_extras); i++)
        if (latin_extras[i] == code)
            return true;
    return false;
}

static bool column_has(const struct db_column *column, const char *p, size_t len)
{
    if (column->latin)
        return latin_has(p, len);
    return len < 4 || column->utf8mb4;
}

/* How much of the value fits, and whether every character of it can be held. */
struct extent {
    size_t in_len;  /* bytes of the value that are used */
    size_t out_len; /* bytes of the result */
    bool replaced;
};

static struct extent measure(const struct db_column *column, struct view value)
{
    struct extent e = {0, 0, false};
    const char *p = value.data, *end = p + value.len;
    size_t stored = 0; /* bytes in the column's own character set */
    for (uint32_t chars = 0; p < end && chars < column->length; chars++) {
        size_t len = char_len(p, end);
        bool has = column_has(column, p, len);
        size_t takes = has && !column->latin ? len : 1;
        if (stored + takes > column->byte_max)
            break;
        stored += takes;
        e.out_len += has ? len : 1;
        e.replaced |= !has;
        p += len;
    }
    e.in_len = (size_t)(p - value.data);
    return e;
}

static struct view replace(const struct db_column *column, struct view value, struct extent e, struct arena *arena)
{
    char *out = arena_alloc(arena, e.out_len + 1);
    if (!out)
        return VIEW_ABSENT;
    size_t at = 0;
    for (const char *p = value.data, *end = p + e.in_len; p < end;) {
        size_t len = char_len(p, end);
        if (column_has(column, p, len)) {
            memcpy(out + at, p, len);
            at += len;
        } else {
            out[at++] = '?';
        }
        p += len;
    }
    return (struct view){out, at};
}

static struct view fit_text(const struct db_column *column, struct view value, struct arena *arena)
{
    struct extent e = measure(column, value);
    struct view out = e.replaced ? replace(column, value, e, arena) : (struct view){value.data, e.in_len};
    while (column->padded && out.len > 0 && out.data[out.len - 1] == ' ')
        out.len--;
    return out;
}

static struct view fit_made(const struct db_column *column, struct view value, struct arena *arena)
{
    char text[FIT_TEXT_MAX];
    size_t len = column->type == DB_INTEGER   ? fit_integer(column, value, text)
                 : column->type == DB_DECIMAL ? fit_decimal(column, value, text)
                                              : fit_date(column, value, text);
    if (len == value.len && memcmp(text, value.data, len) == 0)
        return value;
    return arena_copy(arena, (struct view){text, len});
}

struct view db_fit(const struct db_column *column, struct view value, struct arena *arena, bool *adjusted)
{
    if (!value.data)
        return value;
    struct view out = value;
    switch (column->type) {
    case DB_TEXT: out = fit_text(column, value, arena); break;
    case DB_INTEGER:
    case DB_DECIMAL:
    case DB_DATE:
    case DB_DATETIME: out = fit_made(column, value, arena); break;
    case DB_BYTES: out.len = value.len < column->byte_max ? value.len : column->byte_max; break;
    case DB_OTHER: break;
    }
    if (out.len != value.len || (out.data != value.data && memcmp(out.data, value.data, out.len) != 0))
        *adjusted = true;
    return out;
}
