#include "common/base/memory.h"

#include <malloc.h>

enum { KEPT_FREE = 2 << 20, MAPPED_FROM = 1 << 20 };

void memory_settle(void)
{
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_FREE); /* a failure costs speed only */
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
}
