/* Waiting for what must come: no longer than it takes, and as long as that is on a machine that does much else. */
#ifndef MUSTER_TESTS_PATIENCE_H
#define MUSTER_TESTS_PATIENCE_H

#include <stdbool.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 }; /* then it will not come, and the test fails */

/* Whether `condition` becomes true within `ms`; looks every millisecond. */
#define BECOMES_TRUE(condition, ms)                                                                                    \
    __extension__({                                                                                                    \
        bool is_true_ = false;                                                                                         \
        for (int left_ = (ms); !(is_true_ = (condition)) && left_ > 0; left_--)                                        \
            usleep(1000);                                                                                              \
        is_true_;                                                                                                      \
    })

#endif
