/* As where there is no SSE2. */
#undef __SSE2__
#define SUITE block_portable
#include "tests/unit/base/block_cases.h"
