/**
 * Uploads written down as text, put through the writer's batch and applier into a private database.
 *
 * One string is one row: "SECTION FIELD=value|FIELD=value"; fields that are not named are absent; "SECTION !" is a row that was plain
 * text. Rows of one section stand together. Fields are those of the section map, or, for sections that it does not have, of the row.
 */
#ifndef MUSTER_TESTS_WRITER_FIXTURE_H
#define MUSTER_TESTS_WRITER_FIXTURE_H

#include "services/writer/batch.h"
#include "tests/support/private_database.h"

#include <criterion/criterion.h>

struct fixture {
    struct db_target target;
    struct db *db; /**< for looking */
    struct applier *applier;
    struct batch *batch;
    struct record_builder *builder;
    size_t count;   /**< uploads in the batch */
    char **records; /**< their records, owned */
    uint16_t normaliser;
    const char *old_deviceid; /**< that uploads name; NULL: none */
    bool drop_fields;         /**< records have only the fields that their first row names */
};

/** With OCS's schema and ours, in a database of this name. */
void fixture_open(struct fixture *f, const char *name);
/** The same with other options. */
void fixture_open_with(struct fixture *f, const char *name, enum absent_sections absent, bool accept_tag);
/** With what an operator may set (sections, absent, accept_tag, asset_tag, ocs_sessions); the rest is the fixture's. */
void fixture_open_settings(struct fixture *f, const char *name, const struct applier_settings *set);
/** On a database that is there. */
void fixture_open_at(struct fixture *f, const struct db_target *target, enum absent_sections absent, bool accept_tag);
void fixture_close(struct fixture *f);
static inline void fixture_close_p(struct fixture *f)
{
    fixture_close(f);
}

/** The id that an upload accepted `seconds` after a fixed morning has. */
struct upload_id fixture_id(int seconds);
/** A record, to be freed with free(). */
void *fixture_record(struct fixture *f, enum upload_kind kind, const char *deviceid, int seconds,
                     const char *const *rows, size_t *len);
/** Add an upload to the batch. `rows` ends with NULL. */
void fixture_add(struct fixture *f, enum upload_kind kind, const char *deviceid, int seconds, const char *const *rows);
/** Apply the batch and forget it. @return whether every upload was applied. For threads: those of Criterion cannot expect anything. */
bool fixture_try(struct fixture *f, struct reason *why);
/** The same; every upload must be applied. */
void fixture_apply(struct fixture *f);
/** Answer the batch: nothing is in it any more. */
void fixture_forget(struct fixture *f);
/** Add and apply, for one INVENTORY. */
void fixture_inventory(struct fixture *f, const char *deviceid, int seconds, const char *const *rows);

#define ROWS(...)                                                                                                      \
    (const char *const[])                                                                                              \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

/** First value of a query ("NULL", "(none)" without rows); valid until the next call. */
const char *fixture_sql(struct fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** All values of a query, columns separated by '|', rows by '/'. */
const char *fixture_table(struct fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Run a statement, or the test ends. */
void fixture_do(struct fixture *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Compare a query's first value. */
#define expect_sql(f, want, ...)                                                                                       \
    do {                                                                                                               \
        const char *got_ = fixture_sql(f, __VA_ARGS__);                                                                \
        cr_expect_str_eq(got_, want, "%s: got %s, want %s", #__VA_ARGS__, got_, want);                                 \
    } while (0)
#define expect_table(f, want, ...)                                                                                     \
    do {                                                                                                               \
        const char *got_ = fixture_table(f, __VA_ARGS__);                                                              \
        cr_expect_str_eq(got_, want, "%s:\n got %s\nwant %s", #__VA_ARGS__, got_, want);                               \
    } while (0)

#endif
