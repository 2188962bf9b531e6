/* In every test program: LeakSanitizer looks at the processes in which tests run, not at Criterion's own, which now and then forgets
 * 48 bytes of the timer of a test with a time-out (Criterion 2.4.1) and would fail a suite whose tests all passed. Criterion's
 * library BoxFort starts a process for each test and tells it so with BXFI_MAP. */
#include <stdlib.h>

int __lsan_is_turned_off(void);

__attribute__((visibility("default"))) int __lsan_is_turned_off(void)
{
    return getenv("BXFI_MAP") == NULL;
}
