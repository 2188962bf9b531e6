/**
 * One piece of work with every single allocation failing in turn: the first, the second, and so on, until the work has none left
 * to fail; and again with all that come after the failing one.
 */
#ifndef MUSTER_TESTS_NO_MEMORY_TRIAL_H
#define MUSTER_TESTS_NO_MEMORY_TRIAL_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"
#include "tests/unit/no_memory/failing.h"

/** What came out, so that two results can be compared: a running hash. Nothing is allocated for it. */
struct digest {
    uint64_t sum;
    const char *fault; /**< what must not be: an assertion would need memory itself */
};
void digest_add(struct digest *d, struct view v);
void digest_number(struct digest *d, uint64_t n);

struct trial {
    const char *name;
    const void *what;                                    /**< of the test program's choice: what is worked on */
    status (*begin)(const void *what);                   /**< make what `run` works with; NULL: nothing */
    status (*run)(const void *what, struct digest *out); /**< may be called again, also after it failed */
    void (*end)(void);                                   /**< also when begin() failed; NULL: nothing */
    size_t at_least; /**< so many allocations it has, or the test is none: 0 where none is what is wanted */
    enum failing_threads threads;
};

/**
 * Each with each of its allocations failing. Then the status is ST_NO_MEMORY, or the result that of a calm run (what failed was
 * of use only); and with the same objects, where there are some, the next run gives the result of a calm one.
 */
void trials_run(const struct trial *trials, size_t count);

#endif
