#include "tests/unit/no_memory/failing.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#define HAS_ASAN
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define HAS_ASAN
#endif
#endif

#ifdef HAS_ASAN
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

/* Where memory really comes from: there is no header for these names. */
void *REAL(malloc)(size_t len);
void *REAL(calloc)(size_t count, size_t len);
void *REAL(realloc)(void *at, size_t len);
#ifdef HAS_ASAN
void *REAL(aligned_alloc)(size_t align, size_t len);
#else
void *REAL(memalign)(size_t align, size_t len);
#endif

static atomic_size_t left;   /* allocations until the one that fails; 0: none does */
static atomic_size_t failed; /* so many did */
static atomic_bool all_after, everywhere;
static _Thread_local bool is_ours;

void failing_begin(size_t n, bool stays, enum failing_threads threads)
{
    failed = 0;
    all_after = stays;
#ifdef HAS_ASAN
    (void)threads;
#else
    everywhere = threads == FAILING_EVERYWHERE;
#endif
    is_ours = true;
    left = n;
}

bool failing_is_on(void)
{
    return left > 0;
}

size_t failing_end(void)
{
    left = 0;
    is_ours = false;
    return failed;
}

/* The loader allocates before AddressSanitizer can work. */
#define UNCHECKED __attribute__((no_sanitize("address", "undefined")))

UNCHECKED static bool fails(void)
{
    size_t now = left;
    if (now == 0 || !(is_ours || everywhere))
        return false;
    while (now > 0 && !(now == 1 && all_after) && !atomic_compare_exchange_weak(&left, &now, now - 1))
        ;
    if (now != 1)
        return false;
    failed++;
    errno = ENOMEM;
    return true;
}

/* Hidden ones would be the program's alone. */
#define FOR_ALL UNCHECKED __attribute__((visibility("default")))

FOR_ALL void *malloc(size_t len)
{
    return fails() ? NULL : REAL(malloc)(len);
}

FOR_ALL void *calloc(size_t count, size_t len)
{
    return fails() ? NULL : REAL(calloc)(count, len);
}

FOR_ALL void *realloc(void *at, size_t len)
{
    return fails() ? NULL : REAL(realloc)(at, len);
}

FOR_ALL void *aligned_alloc(size_t align, size_t len)
{
#ifdef HAS_ASAN
    return fails() ? NULL : REAL(aligned_alloc)(align, len);
#else
    return fails() ? NULL : REAL(memalign)(align, len);
#endif
}
