/* Criterion 2.4.1 lets a leaking test pass under AddressSanitizer. Its tests run in processes of their own, so the
 * check runs at the end of each: LeakSanitizer's report then ends that process, and the test fails. */
#include <criterion/criterion.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
int __lsan_do_recoverable_leak_check(void);

static void check_leaks(void)
{
    if (__lsan_do_recoverable_leak_check())
        abort();
}
#else
static void check_leaks(void)
{
}
#endif

ReportHook(POST_TEST)(struct criterion_test_stats *stats)
{
    (void)stats;
    check_leaks();
}
