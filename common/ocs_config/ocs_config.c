#include "common/ocs_config/ocs_config.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

struct number_key {
    const char *name;
    size_t offset;
    int64_t dflt;
};

struct text_key {
    const char *name;
    size_t offset;
    const char *dflt;
};

static const struct number_key numbers[] = {
#define X(field, name, dflt) {name, offsetof(struct ocs_config, field), dflt},
    OCS_CONFIG_NUMBERS(X)
#undef X
};

static const struct text_key texts[] = {
#define X(field, name, dflt) {name, offsetof(struct ocs_config, field), dflt},
    OCS_CONFIG_TEXTS(X)
#undef X
};

static int64_t *number_at(struct ocs_config *c, const struct number_key *key)
{
    return (int64_t *)(void *)((char *)c + key->offset);
}

static char *text_at(struct ocs_config *c, const struct text_key *key)
{
    return (char *)c + key->offset;
}

void ocs_config_defaults(struct ocs_config *out)
{
    *out = (struct ocs_config){0};
    for (size_t i = 0; i < COUNT(numbers); i++)
        *number_at(out, &numbers[i]) = numbers[i].dflt;
    for (size_t i = 0; i < COUNT(texts); i++)
        snprintf(text_at(out, &texts[i]), OCS_CONFIG_TEXT_MAX, "%s", texts[i].dflt);
}

static bool is_named(struct view row, const char *name)
{
    return row.len == strlen(name) && strncasecmp(row.data, name, row.len) == 0;
}

/** The column is an int: at most a sign and ten digits. NULL is "false" everywhere, so 0. */
static int64_t number_of(struct view v)
{
    bool minus = v.len > 0 && v.data[0] == '-';
    int64_t n = 0;
    for (size_t i = minus; i < v.len && i < 18 && isdigit((unsigned char)v.data[i]); i++)
        n = n * 10 + (v.data[i] - '0');
    return minus ? -n : n;
}

static void take_text(char *field, struct view v)
{
    size_t len = v.len < OCS_CONFIG_TEXT_MAX ? v.len : OCS_CONFIG_TEXT_MAX - 1;
    if (len)
        memcpy(field, v.data, len);
    field[len] = '\0';
}

/** A row over the defaults. As OCS does it, what stands in the table wins, whatever it is: NULL makes an
 * option false. */
static void take_row(struct ocs_config *c, struct view name, struct view ivalue, struct view tvalue)
{
    for (size_t i = 0; i < COUNT(numbers); i++)
        if (is_named(name, numbers[i].name))
            *number_at(c, &numbers[i]) = number_of(ivalue);
    for (size_t i = 0; i < COUNT(texts); i++)
        if (is_named(name, texts[i].name))
            take_text(text_at(c, &texts[i]), tvalue);
    if (is_named(name, "FREQUENCY"))
        c->frequency_is_null = !ivalue.data;
}

status ocs_config_read(struct db *db, struct ocs_config *out)
{
    static const char sql[] = "SELECT NAME, IVALUE, TVALUE FROM config";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql, sizeof sql - 1, &rows);
    if (st != ST_OK)
        return st;

    struct ocs_config got;
    ocs_config_defaults(&got);
    got.from_database = true;
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;)
        if (row[0].data)
            take_row(&got, row[0], row[1], row[2]);
    *out = got;
    return ST_OK;
}
