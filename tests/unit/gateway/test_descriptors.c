/* As many descriptors as connections need. Each test has a process of its own, whose limits it may spoil. */
#include "services/gateway/descriptors.h"

#include <criterion/criterion.h>
#include <sys/resource.h>

static void set_limits(rlim_t soft, rlim_t hard)
{
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){soft, hard}), 0);
}

static rlim_t soft_limit(void)
{
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    return limit.rlim_cur;
}

Test(descriptors, the_soft_limit_is_raised_as_far_as_needed)
{
    set_limits(300, 1000);
    cr_expect_eq(descriptors_allow(500), 500);
    cr_expect_eq(soft_limit(), 756);
}

Test(descriptors, above_the_hard_limit_there_are_fewer_connections)
{
    set_limits(300, 1000);
    cr_expect_eq(descriptors_allow(10000), 1000 - 256);
    cr_expect_eq(soft_limit(), 1000);
}

Test(descriptors, a_tiny_limit_leaves_half)
{
    set_limits(100, 100);
    cr_expect_eq(descriptors_allow(10000), 50);
}

Test(descriptors, enough_is_left_alone)
{
    set_limits(900, 1000);
    cr_expect_eq(descriptors_allow(100), 100);
    cr_expect_eq(soft_limit(), 900);
}
