#define SUITE block
#include "tests/unit/base/block_cases.h"
