#include "common/settings/inner.h"

#include "common/base/cleanup.h"

#include <ctype.h>
#include <inttypes.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: the first that divides a number is the one it is shown in. */
static const struct unit byte_units[] = {{"TiB", 1LL << 40}, {"GiB", 1LL << 30}, {"MiB", 1LL << 20},
                                         {"KiB", 1LL << 10}, {"B", 1},           {NULL, 0}};
static const struct unit time_units[] = {{"d", 86400000}, {"h", 3600000}, {"min", 60000},
                                         {"s", 1000},     {"ms", 1},      {NULL, 0}};
static const struct unit no_units[] = {{NULL, 0}};

static const struct type {
    const char *kind;
    const struct unit *units;
    const char *example; /* of what can stand behind a number */
} types[] = {
    [SET_TEXT] = {"TEXT", no_units, ""},
    [SET_SECRET] = {"SECRET", no_units, ""},
    [SET_COUNT] = {"NUMBER", no_units, ""},
    [SET_BYTES] = {"SIZE", byte_units, "B, KiB, MiB, GiB or TiB"},
    [SET_MS] = {"TIME", time_units, "ms, s, min, h or d"},
    [SET_FLAG] = {"yes|no", no_units, ""},
};

static const struct {
    const char *word;
    bool value;
} flag_words[] = {
    {"yes", true}, {"no", false},  {"true", true}, {"false", false},
    {"on", true},  {"off", false}, {"1", true},    {"0", false},
};

const char *value_kind(enum setting_type type)
{
    return types[type].kind;
}

static void number_text(enum setting_type type, int64_t n, char *out, size_t len)
{
    for (const struct unit *u = types[type].units; u->name; u++)
        if (n && n % u->factor == 0) {
            snprintf(out, len, "%" PRId64 "%s", n / u->factor, u->name);
            return;
        }
    snprintf(out, len, "%" PRId64, n);
}

void bounds_text(const struct setting *row, char out[static VALUE_TEXT_MAX])
{
    char low[32], high[32];
    out[0] = '\0';
    if (row->min == 0 && row->max == 0)
        return;
    number_text(row->type, row->min, low, sizeof low);
    number_text(row->type, row->max, high, sizeof high);
    snprintf(out, VALUE_TEXT_MAX, "%s to %s", low, high);
}

static struct view trimmed(const char *text)
{
    struct view v = view_of(text);
    while (v.len && isspace((unsigned char)v.data[0]))
        v = (struct view){v.data + 1, v.len - 1};
    while (v.len && isspace((unsigned char)v.data[v.len - 1]))
        v.len--;
    return v;
}

static status copy_text(struct view v, const char **field)
{
    char *copy = strndup(v.data, v.len);
    if (!copy)
        return ST_NO_MEMORY;
    *field = copy;
    return ST_OK;
}

static status parse_flag(struct view v, bool *field, char *fault)
{
    for (size_t i = 0; i < COUNT(flag_words); i++)
        if (v.len == strlen(flag_words[i].word) && strncasecmp(v.data, flag_words[i].word, v.len) == 0) {
            *field = flag_words[i].value;
            return ST_OK;
        }
    snprintf(fault, VALUE_TEXT_MAX, "give yes or no");
    return ST_INVALID;
}

/* Digits at the start of `v`, taken off it. @return false when there are none or too many */
static bool take_digits(struct view *v, int64_t *n)
{
    bool minus = v->len && v->data[0] == '-';
    size_t at = minus;
    *n = 0;
    for (; at < v->len && isdigit((unsigned char)v->data[at]); at++)
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, v->data[at] - '0', n))
            return false;
    if (at == (size_t)minus)
        return false;
    *n = minus ? -*n : *n;
    for (; at < v->len && v->data[at] == ' '; at++)
        continue;
    *v = (struct view){v->data + at, v->len - at};
    return true;
}

static const struct unit *find_unit(const struct unit *units, struct view name)
{
    for (const struct unit *u = units; u->name; u++)
        if (name.len == strlen(u->name) && strncasecmp(name.data, u->name, name.len) == 0)
            return u;
    return NULL;
}

/* @param unit  what stood behind the number; 0 needs nothing there */
static status apply_unit(const struct setting *row, struct view unit, int64_t *n, char *fault)
{
    const struct type *type = &types[row->type];
    if (unit.len == 0 && (*n == 0 || !type->units->name))
        return ST_OK;
    if (!type->units->name)
        snprintf(fault, VALUE_TEXT_MAX, "give a whole number without a unit");
    else if (unit.len == 0)
        snprintf(fault, VALUE_TEXT_MAX, "give a unit, e.g. %" PRId64 "%s", *n, row->type == SET_BYTES ? "MiB" : "s");
    else {
        const struct unit *u = find_unit(type->units, unit);
        if (u && !__builtin_mul_overflow(*n, u->factor, n))
            return ST_OK;
        snprintf(fault, VALUE_TEXT_MAX, u ? "the number is too large" : "the unit must be %s", type->example);
    }
    return ST_INVALID;
}

static status parse_number(const struct setting *row, struct view v, int64_t *field, char *fault)
{
    int64_t n;
    if (v.len == 0 || !take_digits(&v, &n)) {
        snprintf(fault, VALUE_TEXT_MAX, "give a whole number%s%s", *types[row->type].example ? " and a unit: " : "",
                 types[row->type].example);
        return ST_INVALID;
    }
    if (apply_unit(row, v, &n, fault) != ST_OK)
        return ST_INVALID;
    char bounds[VALUE_TEXT_MAX];
    bounds_text(row, bounds);
    if (bounds[0] && (n < row->min || n > row->max)) {
        snprintf(fault, VALUE_TEXT_MAX, "must be %.200s", bounds);
        return ST_INVALID;
    }
    *field = n;
    return ST_OK;
}

status value_parse(const struct setting *row, const char *text, void *field, char fault[static VALUE_TEXT_MAX])
{
    fault[0] = '\0';
    switch (row->type) {
    case SET_TEXT: return copy_text(trimmed(text), field);
    case SET_SECRET: return copy_text(view_of(text), field); /* blanks may be part of it */
    case SET_FLAG: return parse_flag(trimmed(text), field, fault);
    default: return parse_number(row, trimmed(text), field, fault);
    }
}

void value_text(const struct setting *row, const void *field, char out[static VALUE_TEXT_MAX])
{
    switch (row->type) {
    case SET_TEXT: snprintf(out, VALUE_TEXT_MAX, "%s", *(const char *const *)field); break;
    case SET_SECRET: snprintf(out, VALUE_TEXT_MAX, "%s", **(const char *const *)field ? "***" : ""); break;
    case SET_FLAG: snprintf(out, VALUE_TEXT_MAX, "%s", *(const bool *)field ? "yes" : "no"); break;
    default: number_text(row->type, *(const int64_t *)field, out, VALUE_TEXT_MAX);
    }
}
