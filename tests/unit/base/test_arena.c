#include "common/base/arena.h"

#include <criterion/criterion.h>

Test(arena, gives_memory_until_its_cap)
{
    AUTO(arena_destroy) struct arena *a = arena_new(200 * 1024);
    cr_assert_not_null(arena_alloc(a, 100 * 1024));
    cr_expect_null(arena_alloc(a, 150 * 1024));
    arena_reset(a);
    cr_expect_not_null(arena_alloc(a, 150 * 1024));
    cr_expect_geq(arena_used(a), 150 * 1024);
}

Test(arena, copies_end_with_nul_and_absent_stays_absent)
{
    AUTO(arena_destroy) struct arena *a = arena_new(1000);
    struct view v = arena_copy(a, (struct view){"abcdef", 3});
    cr_expect_str_eq(v.data, "abc");
    cr_expect_null(arena_copy(a, VIEW_ABSENT).data);
    cr_expect_eq(arena_copy(a, VIEW_LITERAL("")).len, 0);
}
