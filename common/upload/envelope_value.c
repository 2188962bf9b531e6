#include "common/upload/envelope_value.h"

#include "common/base/cleanup.h"

struct decoder {
    const char *at, *end; /* of the raw text */
    char *to;             /* a value is never longer than its raw text: room was checked once */
    bool attribute;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Whether XML has this character at all (Char of the specification). */
static bool is_allowed(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xd800) || (c >= 0xe000 && c < 0xfffe) ||
           (c >= 0x10000 && c <= 0x10ffff);
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    unsigned tail = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
    *to++ = (char)(first[tail] | c >> 6 * tail);
    while (tail--)
        *to++ = (char)(0x80 | (c >> 6 * tail & 0x3f));
    return to;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

/* "#65" or "#x41" in `name`; what is above all characters stays above them. */
static bool number_of(struct view name, uint32_t *out)
{
    bool hex = name.len > 1 && name.data[1] == 'x';
    size_t i = hex ? 2 : 1;
    uint32_t base = hex ? 16 : 10, value = 0;
    if (i == name.len)
        return false;
    for (; i < name.len; i++) {
        uint32_t digit = (uint32_t)digit_of(name.data[i]);
        if (digit >= base)
            return false;
        value = value > 0x10ffff ? value : value * base + digit;
    }
    *out = value;
    return true;
}

static bool character_of(struct view name, uint32_t *out)
{
    static const struct {
        const char *name;
        uint32_t character;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    if (name.len && name.data[0] == '#')
        return number_of(name, out);
    for (size_t i = 0; i < COUNT(known); i++)
        if (view_is(name, known[i].name)) {
            *out = known[i].character;
            return true;
        }
    return false;
}

/* At '&'. */
static bool take_reference(struct decoder *d)
{
    uint32_t c;
    const char *semicolon = memchr(d->at, ';', (size_t)(d->end - d->at));
    if (!semicolon || !character_of((struct view){d->at + 1, (size_t)(semicolon - d->at - 1)}, &c))
        return false;
    if (is_allowed(c))
        d->to = put_utf8(d->to, c);
    d->at = semicolon + 1;
    return true;
}

static void take_character(struct decoder *d)
{
    char c = *d->at++;
    if (c == '\r' && d->at < d->end && *d->at == '\n')
        return; /* one end of a line, not two */
    if (c == '\r')
        c = '\n';
    if (d->attribute && is_blank(c))
        c = ' ';
    if (is_allowed((unsigned char)c))
        *d->to++ = c;
}

static void take_cdata(struct decoder *d, const char *from, const char *close)
{
    struct decoder inside = {from, close, d->to, false};
    while (inside.at < inside.end)
        take_character(&inside);
    d->to = inside.to;
}

/* At '<': CDATA, a comment or a processing instruction. */
static bool take_markup(struct decoder *d)
{
    static const struct {
        const char *begin, *end;
    } kinds[] = {{"<![CDATA[", "]]>"}, {"<!--", "-->"}, {"<?", "?>"}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        size_t len = strlen(kinds[i].begin), left = (size_t)(d->end - d->at);
        if (left < len || memcmp(d->at, kinds[i].begin, len) != 0)
            continue;
        const char *from = d->at + len, *close = memmem(from, left - len, kinds[i].end, strlen(kinds[i].end));
        if (!close)
            return false;
        if (i == 0)
            take_cdata(d, from, close);
        d->at = close + strlen(kinds[i].end);
        return true;
    }
    return false;
}

static bool decode(struct decoder *d)
{
    while (d->at < d->end) {
        if (*d->at == '&') {
            if (!take_reference(d))
                return false;
        } else if (*d->at == '<' && !d->attribute) {
            if (!take_markup(d))
                return false;
        } else {
            take_character(d);
        }
    }
    return true;
}

static bool is_plain(struct view raw)
{
    for (size_t i = 0; i < raw.len; i++)
        if (raw.data[i] == '&' || raw.data[i] == '<' || (unsigned char)raw.data[i] < ' ')
            return false;
    return true;
}

static struct view unless_blank(const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_blank(data[i]))
            return (struct view){data, len};
    return VIEW_ABSENT;
}

status envelope_value(struct view raw, bool attribute, struct envelope_scratch *scratch, struct view *out)
{
    if (is_plain(raw)) {
        *out = unless_blank(raw.data, raw.len);
        return ST_OK;
    }
    if (raw.len > (size_t)(scratch->end - scratch->at))
        return ST_TOO_BIG;
    struct decoder d = {raw.data, raw.data + raw.len, scratch->at, attribute};
    if (!decode(&d))
        return ST_MALFORMED;
    *out = unless_blank(scratch->at, (size_t)(d.to - scratch->at));
    if (out->data)
        scratch->at = d.to;
    return ST_OK;
}
