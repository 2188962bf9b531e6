/* What the specification says (inventory-to-database.md 3.2, limits.md 6.5); the test against a real database has many more. */
#include "common/db/db.h"

#include <criterion/criterion.h>

#define INT                                                                                                            \
    {                                                                                                                  \
        .type = DB_INTEGER, .min = INT32_MIN, .max = INT32_MAX                                                         \
    }
#define SMALL                                                                                                          \
    {                                                                                                                  \
        .type = DB_INTEGER, .min = INT16_MIN, .max = INT16_MAX                                                         \
    }
#define TINY                                                                                                           \
    {                                                                                                                  \
        .type = DB_INTEGER, .min = INT8_MIN, .max = INT8_MAX                                                           \
    }
#define BIG_PLUS                                                                                                       \
    {                                                                                                                  \
        .type = DB_INTEGER, .min = 0, .max = UINT64_MAX                                                                \
    }
#define DATE                                                                                                           \
    {                                                                                                                  \
        .type = DB_DATE                                                                                                \
    }
#define DATETIME                                                                                                       \
    {                                                                                                                  \
        .type = DB_DATETIME                                                                                            \
    }
#define FIVE                                                                                                           \
    {                                                                                                                  \
        .type = DB_TEXT, .length = 5, .byte_max = 15                                                                   \
    }
#define FIVE_MB4                                                                                                       \
    {                                                                                                                  \
        .type = DB_TEXT, .length = 5, .byte_max = 20, .utf8mb4 = true                                                  \
    }
#define LATIN                                                                                                          \
    {                                                                                                                  \
        .type = DB_TEXT, .length = 5, .byte_max = 5, .latin = true                                                     \
    }
#define BYTES_4                                                                                                        \
    {                                                                                                                  \
        .type = DB_TEXT, .length = 4, .byte_max = 4                                                                    \
    }

static const struct {
    struct db_column column;
    const char *in, *want;
} cases[] = {
    {INT, "", "0"},
    {INT, "abc", "0"},
    {INT, "500.7", "501"},
    {INT, "12.6", "13"},
    {INT, "-12.5", "-13"},
    {INT, "4096 MB", "4096"},
    {INT, "64bits", "64"},
    {INT, "99999999999", "2147483647"},
    {INT, "-99999999999", "-2147483648"},
    {INT, " 7", "7"},
    {INT, "007", "7"},
    {INT, "-0", "0"},
    {INT, "1e3", "1000"},
    {SMALL, "40000", "32767"},
    {TINY, "200", "127"},
    {BIG_PLUS, "99999999999999999999", "18446744073709551615"},
    {BIG_PLUS, "-1", "0"},
    {DATE, "2020/1/3 10:11:12", "2020-01-03"},
    {DATETIME, "2020/1/3 10:11:12", "2020-01-03 10:11:12"},
    {DATETIME, "2025/1/2", "2025-01-02 00:00:00"},
    {DATE, "", "0000-00-00"},
    {DATE, "03/01/2020", "0000-00-00"},
    {DATE, "2025-02-30", "0000-00-00"},
    {DATE, "2025-13-45", "0000-00-00"},
    {DATE, "31/12/2008", "0000-00-00"},
    {DATETIME, "yesterday", "0000-00-00 00:00:00"},
    {FIVE, "kurz", "kurz"},
    {FIVE, "zu lang", "zu la"},
    {FIVE, "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac!", "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac"},
    {FIVE, "a\xf0\x9f\x98\x80z", "a?z"},
    {FIVE_MB4, "a\xf0\x9f\x98\x80z", "a\xf0\x9f\x98\x80z"},
    {LATIN, "\xc3\xa4\xe2\x82\xac\xe4\xb8\xad", "\xc3\xa4\xe2\x82\xac?"},
    {BYTES_4, "ab\xe2\x82\xac", "ab"},
};

Test(db_fit, gives_what_the_database_would_store)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool adjusted = false;
        struct view out = db_fit(&cases[i].column, view_of(cases[i].in), arena, &adjusted);
        cr_expect(view_is(out, cases[i].want), "%s: got %.*s, want %s", cases[i].in, (int)out.len, out.data,
                  cases[i].want);
        cr_expect_eq(adjusted, strcmp(cases[i].in, cases[i].want) != 0, "%s: adjusted", cases[i].in);
    }
}

Test(db_fit, absent_stays_absent)
{
    struct db_column column = INT;
    bool adjusted = false;
    cr_expect_null(db_fit(&column, VIEW_ABSENT, NULL, &adjusted).data);
    cr_expect_not(adjusted);
}

Test(db_fit, what_fits_is_not_copied)
{
    struct db_column column = FIVE;
    bool adjusted = false;
    struct view in = VIEW_LITERAL("kurz");
    cr_expect_eq(db_fit(&column, in, NULL, &adjusted).data, in.data);
}
