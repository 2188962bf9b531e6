#include "services/gateway/device_list.h"

#include <criterion/criterion.h>

#include <stdio.h>

static bool together(const char *first, const char *second)
{
    struct device_list l = {.count = 0};
    cr_assert(device_list_add(&l, view_of(first)), "an empty list takes anything");
    return device_list_add(&l, view_of(second));
}

Test(device_list, takes_only_what_no_collation_mistakes_for_another)
{
    cr_expect(together("pc-2025-01-02-03-04-05", "pc-2025-01-02-03-04-06"));
    cr_expect(together("a_b.c-1", "a_b.c-12"));
    cr_expect(!together("pc-1", "pc-1"), "the same");
    cr_expect(!together("pc-1", "PC-1"), "the same without case");
    cr_expect(!together("pc-1", "pc-1 "), "a blank at the end says nothing to most collations");
    cr_expect(!together("pc-1", "p\xc3\xa7-2"));
    cr_expect(!together("p\xc3\xa7-2", "pc-1"));
    cr_expect(!together("pc-1", ""));
    cr_expect(!together("pc-1", "x'y"));
}

Test(device_list, is_bounded)
{
    struct device_list l = {.count = 0};
    char names[DEVICE_LIST_MAX + 1][8];
    for (size_t i = 0; i <= DEVICE_LIST_MAX; i++) {
        snprintf(names[i], sizeof names[i], "pc-%zu", i);
        cr_expect_eq(device_list_add(&l, view_of(names[i])), i < DEVICE_LIST_MAX);
    }
    cr_expect_eq(l.count, DEVICE_LIST_MAX);
}
