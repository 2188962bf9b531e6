#include "tests/database/writer/fixture.h"

#include "common/sections/sections.h"

#include <stdarg.h>
#include <stdio.h>

enum { MORNING_S = 1763798400, TEXT_MAX = 1 << 16, BATCH_MAX = 100 }; /* 2025-11-22 08:00:00 UTC */

static void open_at(struct fixture *f, const struct db_target *target, struct applier_settings set)
{
    *f = (struct fixture){.target = *target, .normaliser = RECORD_NORMALISER};
    snprintf(f->target.time_zone, sizeof f->target.time_zone, "+00:00");
    f->db = private_database_open(&f->target);
    set.target = f->target;
    set.words_max = 1000;
    set.memory_max = 64 << 20;
    set.retry_for_ms = 2000;
    set.columns_refresh_ms = 60000;
    f->applier = applier_new(&set);
    f->batch = batch_new(BATCH_MAX, 1 << 20);
    f->builder = record_builder_new(1 << 20);
    f->records = calloc(BATCH_MAX, sizeof *f->records);
    cr_assert(f->applier && f->batch && f->builder && f->records);
}

void fixture_open_at(struct fixture *f, const struct db_target *target, enum absent_sections absent, bool accept_tag)
{
    open_at(f, target, (struct applier_settings){.absent = absent, .accept_tag = accept_tag, .asset_tag = true});
}

void fixture_open_settings(struct fixture *f, const char *name, const struct applier_settings *set)
{
    struct db_target target = private_database_with_schema(name);
    open_at(f, &target, *set);
}

void fixture_open_with(struct fixture *f, const char *name, enum absent_sections absent, bool accept_tag)
{
    struct db_target target = private_database_with_schema(name);
    fixture_open_at(f, &target, absent, accept_tag);
}

void fixture_open(struct fixture *f, const char *name)
{
    fixture_open_with(f, name, ABSENT_KEEP, false);
}

void fixture_close(struct fixture *f)
{
    fixture_forget(f);
    free(f->records);
    db_close(f->db);
    applier_destroy(f->applier);
    batch_destroy(f->batch);
    record_builder_destroy(f->builder);
}

struct upload_id fixture_id(int seconds)
{
    return (struct upload_id){(uint64_t)(MORNING_S + seconds) * 1000000, 1};
}

static struct view word(const char *from, const char *end)
{
    return (struct view){from, (size_t)(end - from)};
}

/* "A=1|B=2": value of a field, or absent */
static struct view value_of(const char *row, struct view field)
{
    for (const char *at = row; at && *at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        const char *equals = strchr(at, '='), *end = at + strcspn(at, "|");
        if (equals && equals < end && view_equal(word(at, equals), field))
            return word(equals + 1, end);
    }
    return VIEW_ABSENT;
}

static size_t fields_of_row(const char *row, struct view fields[RECORD_FIELDS_MAX])
{
    size_t count = 0;
    for (const char *at = row; at && *at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        const char *equals = strchr(at, '=');
        if (equals)
            fields[count++] = word(at, equals);
    }
    return count;
}

static size_t fields_of(const struct fixture *f, struct view section, const char *row,
                        struct view fields[RECORD_FIELDS_MAX])
{
    const struct section *known = section_find(section);
    size_t count = 0;
    if (!known || f->drop_fields)
        return fields_of_row(row, fields);
    for (; known->fields[count]; count++)
        fields[count] = view_of(known->fields[count]);
    return count;
}

static void add_rows(struct fixture *f, const char *const *rows)
{
    struct view section = VIEW_ABSENT, fields[RECORD_FIELDS_MAX], values[RECORD_FIELDS_MAX];
    size_t count = 0;
    for (; *rows; rows++) {
        const char *space = *rows + strcspn(*rows, " "), *row = *space ? space + 1 : space;
        if (!view_equal(section, word(*rows, space))) {
            section = word(*rows, space);
            count = fields_of(f, section, row, fields);
            record_section(f->builder, section, fields, count);
        }
        for (size_t i = 0; i < count; i++)
            values[i] = value_of(row, fields[i]);
        if (*row == '!')
            record_flag(f->builder, RECORD_TEXT_ROWS);
        record_row(f->builder, values);
    }
}

void *fixture_record(struct fixture *f, enum upload_kind kind, const char *deviceid, int seconds,
                     const char *const *rows, size_t *len)
{
    struct record_head head = {.id = fixture_id(seconds),
                               .kind = kind,
                               .normaliser = f->normaliser,
                               .from = {.bytes = {10, 1, 1, 7}, .len = 4},
                               .agent = VIEW_LITERAL("OCS-NG_unified_unix_agent_v2.10.0"),
                               .deviceid = view_of(deviceid),
                               .old_deviceid = view_of(f->old_deviceid)};
    struct view record;
    record_begin(f->builder, &head);
    add_rows(f, rows);
    if (record_finish(f->builder, false, &record) != ST_OK)
        cr_assert_fail("a record does not fit");
    /* a record must stay where it is until the batch is answered, and the builder is used again at once */
    char *copy = malloc(record.len);
    memcpy(copy, record.data, record.len);
    *len = record.len;
    return copy;
}

void fixture_add(struct fixture *f, enum upload_kind kind, const char *deviceid, int seconds, const char *const *rows)
{
    size_t len;
    char *record = fixture_record(f, kind, deviceid, seconds, rows, &len);
    f->records[f->count++] = record;
    batch_add(f->batch, fixture_id(seconds), kind, record, len, NULL);
}

void fixture_forget(struct fixture *f)
{
    batch_answer(f->batch, NULL, NULL);
    while (f->count)
        free(f->records[--f->count]);
}

bool fixture_try(struct fixture *f, struct reason *why)
{
    status st = batch_apply(f->batch, f->applier, why);
    bool applied = st == ST_OK;
    for (size_t i = 0; i < f->count && applied; i++)
        applied = batch_outcome(f->batch, i, why) == UPLOAD_APPLIED;
    fixture_forget(f);
    return applied;
}

void fixture_apply(struct fixture *f)
{
    struct reason why = {0};
    cr_expect(fixture_try(f, &why), "%s", why.text);
}

void fixture_inventory(struct fixture *f, const char *deviceid, int seconds, const char *const *rows)
{
    fixture_add(f, UPLOAD_INVENTORY, deviceid, seconds, rows);
    fixture_apply(f);
}

__attribute__((format(printf, 2, 0))) static struct db_rows *query(struct fixture *f, const char *format, va_list args)
{
    static char sql[TEXT_MAX];
    struct db_rows *rows = NULL;
    vsnprintf(sql, sizeof sql, format, args);
    cr_assert_eq(db_query(f->db, sql, strlen(sql), &rows), ST_OK, "%s: %s", sql, db_error(f->db));
    return rows;
}

static char answer[TEXT_MAX];

const char *fixture_sql(struct fixture *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    AUTO(db_rows_free) struct db_rows *rows = query(f, format, args);
    va_end(args);
    const struct view *row = db_rows_next(rows);
    if (!row)
        return "(none)";
    if (!row[0].data)
        return "NULL";
    snprintf(answer, sizeof answer, "%.*s", (int)row[0].len, row[0].data);
    return answer;
}

const char *fixture_table(struct fixture *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    AUTO(db_rows_free) struct db_rows *rows = query(f, format, args);
    va_end(args);
    size_t len = 0;
    answer[0] = '\0';
    const struct view *row;
    while ((row = db_rows_next(rows))) {
        for (size_t i = 0; i < db_rows_columns(rows); i++)
            len += (size_t)snprintf(answer + len, sizeof answer - len, "%s%.*s",
                                    i     ? "|"
                                    : len ? "/"
                                          : "",
                                    row[i].data ? (int)row[i].len : 4, row[i].data ? row[i].data : "NULL");
    }
    return answer;
}

void fixture_do(struct fixture *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    db_rows_free(query(f, format, args));
    va_end(args);
}
