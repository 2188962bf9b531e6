/**
 * Allocations that fail when a test wants it: malloc() and its kin are those of failing.c in the whole program, shared libraries
 * and the C library included, with AddressSanitizer as without.
 *
 * Threads: failing_begin() and failing_end() on one thread; what they count is of that thread, or of all; with
 * AddressSanitizer, which cannot begin a thread without memory, of that thread in either case.
 */
#ifndef MUSTER_TESTS_NO_MEMORY_FAILING_H
#define MUSTER_TESTS_NO_MEMORY_FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum failing_threads { FAILING_HERE, FAILING_EVERYWHERE };

/** From now on allocation number `n` (from 1) fails. @param stays  and all that come after it */
void failing_begin(size_t n, bool stays, enum failing_threads threads);
bool failing_is_on(void);
/** No more. @return how many have failed */
size_t failing_end(void);

#endif
