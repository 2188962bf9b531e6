#include "services/writer/rules.h"

#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool rule_is_number(struct view value)
{
    for (size_t i = 0; i < value.len; i++)
        if (!is_digit(value.data[i]))
            return false;
    return value.len > 0;
}

uint32_t rule_checksum(struct view agent, uint32_t changed)
{
    uint64_t bits = 0;
    bool all = !rule_is_number(agent);
    for (size_t i = 0; i < agent.len && !all; i++) {
        all = bits > (UINT64_MAX - 9) / 10; /* OCS clips what has more than 64 bits: all of them are set */
        bits = bits * 10 + (uint64_t)(agent.data[i] - '0');
    }
    return ((all ? (uint32_t)CHECKSUM_BITS : (uint32_t)(bits & CHECKSUM_BITS)) | changed | 1) & CHECKSUM_BITS;
}

bool rule_is_system_user(struct view user)
{
    static const char word[] = "system";
    for (size_t i = 0; i + sizeof word - 1 <= user.len; i++)
        if (strncasecmp(user.data + i, word, sizeof word - 1) == 0)
            return true;
    return false;
}

/* `pattern`: 0 stands for a digit, 1 for a digit but 0, anything else for itself */
static bool begins_like(const char *p, const char *end, const char *pattern)
{
    for (; *pattern; pattern++, p++) {
        if (p == end)
            return false;
        bool fits = *pattern == '0' ? is_digit(*p) : *pattern == '1' ? is_digit(*p) && *p != '0' : *p == *pattern;
        if (!fits)
            return false;
    }
    return true;
}

bool rule_installdate_is_kept(struct view value)
{
    const char *end = value.data + value.len;
    if (begins_like(value.data, end, "0000/00/00"))
        return true;
    for (const char *p = value.data; p < end; p++)
        if (begins_like(p, end, "1000/00/00 00:00:00"))
            return true;
    return false;
}

bool rule_lastdate_is_valid(struct view value, struct view fitted)
{
    if (!value.data || view_is(value, "1970-01-01") || fitted.len < 10)
        return false;
    return memcmp(fitted.data, "0000", 4) != 0 && memcmp(fitted.data + 5, "00", 2) != 0 &&
           memcmp(fitted.data + 8, "00", 2) != 0;
}

/* What ends the part of a version that counts: letters and these signs. */
static bool ends_version(char c)
{
    char lower = (char)(c | 0x20);
    return (lower >= 'a' && lower <= 'z') || (c && strchr("$#@~!&*()[];,:?^-+_`\\/", c));
}

/* Without the first two characters when the second is a colon (an epoch of one digit). */
static struct view without_epoch(struct view v)
{
    size_t first = 1;
    while (first < v.len && ((unsigned char)v.data[first] & 0xc0) == 0x80)
        first++;
    if (first < v.len && v.data[first] == ':')
        return (struct view){v.data + first + 1, v.len - first - 1};
    return v;
}

static bool is_blank(struct view v)
{
    for (size_t i = 0; i < v.len; i++)
        if (v.data[i] != ' ' && (v.data[i] < '\t' || v.data[i] > '\r'))
            return false;
    return true;
}

/* Take [from, to) out; the rest of a text of several lines stays. */
static struct view cut_out(struct view v, size_t from, size_t to, struct arena *arena)
{
    if (to == v.len)
        return (struct view){v.data, from};
    char *copy = arena_alloc(arena, v.len);
    if (!copy)
        return VIEW_ABSENT;
    memcpy(copy, v.data, from);
    memcpy(copy + from, v.data + to, v.len - to);
    return (struct view){copy, from + v.len - to};
}

struct view rule_pretty_version(struct view version, struct arena *arena)
{
    struct view v = without_epoch(version);
    size_t from = 0, to;
    while (from < v.len && !ends_version(v.data[from]))
        from++;
    for (to = from; to < v.len && v.data[to] != '\n';)
        to++;
    struct view pretty = cut_out(v, from, to, arena);
    return is_blank(pretty) || view_is(pretty, "0") ? VIEW_LITERAL("Unavailable") : pretty;
}

struct view rule_version_part(struct view pretty, int part)
{
    const char *at = pretty.data, *end = at + pretty.len;
    if (view_is(pretty, "Unavailable"))
        return VIEW_LITERAL("0");
    for (; part > 0; part--) {
        const char *point = memchr(at, '.', (size_t)(end - at));
        if (!point)
            return VIEW_LITERAL("0");
        at = point + 1;
    }
    const char *point = memchr(at, '.', (size_t)(end - at));
    return (struct view){at, (size_t)((point ? point : end) - at)};
}

void rule_count_contact(struct contact_quality *q, int64_t now_s)
{
    /* A contact that was overtaken by an inventory comes after it: no time has passed then. */
    double days = now_s > q->lastcome_s ? (double)(now_s - q->lastcome_s) / 86400.0 : 0;
    if (q->fidelity_known && q->fidelity > 1)
        q->quality = (days + q->quality * (double)q->fidelity) / (double)(q->fidelity + 1);
    else
        q->quality = days;
    if (q->quality > QUALITY_MAX - 0.0001)
        q->quality = QUALITY_MAX - 0.0001;
    q->fidelity = q->fidelity_known && q->fidelity < INT64_MAX ? q->fidelity + 1 : q->fidelity;
    if (now_s > q->lastcome_s)
        q->lastcome_s = now_s;
}
