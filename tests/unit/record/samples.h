/** A record as an inventory gives it, small enough to damage at every byte. */
#ifndef MUSTER_TEST_RECORD_SAMPLES_H
#define MUSTER_TEST_RECORD_SAMPLES_H

#include "common/record/record.h"

enum { SAMPLE_MAX = 1 << 20 };

struct record_head sample_head(void);
/** Two sections: MEMORIES with two rows, one of them with absent and empty values; BIOS with one row, flagged. */
struct view sample_build(struct record_builder *b, bool lz4);
/** Follow every view of a record to its last byte. @return a number made of all of them, so that nothing is left out */
uint64_t sample_walk(const struct record *r);

#endif
