#include "services/writer/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>

enum { ROWS_MAX = 8 };

/* Rows as "fingerprint:id", wanted as "fingerprint"; what comes out as the ids of `wanted` (0: to be inserted) and the deletes. */
static const struct {
    const char *what;
    struct kept_row there[ROWS_MAX];
    size_t there_count;
    uint64_t wanted[ROWS_MAX];
    size_t wanted_count;
    bool last;
    uint64_t ids[ROWS_MAX], deletes[ROWS_MAX];
    size_t delete_count;
} cases[] = {
    {.what = "nothing at all"},
    {.what = "all new", .wanted = {7, 3}, .wanted_count = 2, .ids = {0, 0}},
    {.what = "all gone", .there = {{7, 12}, {3, 11}}, .there_count = 2, .deletes = {11, 12}, .delete_count = 2},
    {.what = "the same in another order",
     .there = {{7, 11}, {3, 12}, {5, 13}},
     .there_count = 3,
     .wanted = {5, 7, 3},
     .wanted_count = 3,
     .ids = {13, 11, 12}},
    {.what = "one changed",
     .there = {{7, 11}, {3, 12}},
     .there_count = 2,
     .wanted = {7, 4},
     .wanted_count = 2,
     .ids = {11, 0},
     .deletes = {12},
     .delete_count = 1},
    {.what = "equal rows count as often as they occur, the lowest ids stay",
     .there = {{5, 13}, {5, 11}, {5, 12}},
     .there_count = 3,
     .wanted = {5, 5},
     .wanted_count = 2,
     .ids = {11, 12},
     .deletes = {13},
     .delete_count = 1},
    {.what = "or the highest",
     .there = {{5, 13}, {5, 11}, {5, 12}},
     .there_count = 3,
     .wanted = {5},
     .wanted_count = 1,
     .last = true,
     .ids = {13},
     .deletes = {11, 12},
     .delete_count = 2},
    {.what = "one more of the same",
     .there = {{5, 11}},
     .there_count = 1,
     .wanted = {5, 5},
     .wanted_count = 2,
     .ids = {11, 0}},
    {.what = "fingerprints at both ends",
     .there = {{UINT64_MAX, 11}, {0, 12}},
     .there_count = 2,
     .wanted = {0, 1, UINT64_MAX},
     .wanted_count = 3,
     .ids = {12, 0, 11}},
};

Test(plan, keeps_equal_rows_and_names_the_rest)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kept_row there_rows[ROWS_MAX], wanted_rows[ROWS_MAX] = {{0}};
        memcpy(there_rows, cases[i].there, sizeof there_rows);
        struct kept_rows there = {.count = cases[i].there_count, .rows = there_rows};
        struct kept_rows wanted = {.count = cases[i].wanted_count, .rows = wanted_rows};
        size_t inserts = 0;
        for (size_t k = 0; k < wanted.count; k++) {
            wanted_rows[k].fingerprint = cases[i].wanted[k];
            inserts += cases[i].ids[k] == 0;
        }
        struct plan plan;
        cr_assert_eq(plan_rows(&there, &wanted, cases[i].last, arena, &plan), ST_OK);
        for (size_t k = 0; k < wanted.count; k++)
            cr_expect_eq(wanted_rows[k].id, cases[i].ids[k], "%s: row %zu has id %d", cases[i].what, k,
                         (int)wanted_rows[k].id);
        cr_expect_eq(plan.insert_count, inserts, "%s: %zu inserts", cases[i].what, plan.insert_count);
        cr_assert_eq(plan.delete_count, cases[i].delete_count, "%s: %zu deletes", cases[i].what, plan.delete_count);
        for (size_t k = 0; k < plan.delete_count; k++)
            cr_expect_eq(plan.deletes[k], cases[i].deletes[k], "%s: delete %zu", cases[i].what, k);
    }
}

Test(plan, very_many_equal_rows_cost_no_more_than_others, .timeout = 5)
{
    enum { MANY = 200000 };
    AUTO(arena_destroy) struct arena *arena = arena_new(64 << 20);
    AUTO(mem_free) struct kept_row *rows = calloc(2 * MANY, sizeof *rows);
    for (size_t i = 0; i < MANY; i++)
        rows[i].id = i + 1;
    struct kept_rows there = {.count = MANY, .rows = rows}, wanted = {.count = MANY, .rows = rows + MANY};
    struct plan plan;
    cr_assert_eq(plan_rows(&there, &wanted, false, arena, &plan), ST_OK);
    cr_expect_eq(plan.insert_count + plan.delete_count, 0);
}

Test(plan, says_when_memory_is_out)
{
    AUTO(arena_destroy) struct arena *arena = arena_new(16);
    struct kept_row rows[64] = {{0}};
    struct kept_rows there = {.count = 64, .rows = rows}, wanted = {0};
    struct plan plan;
    cr_expect_eq(plan_rows(&there, &wanted, false, arena, &plan), ST_NO_MEMORY);
}
