/**
 * The bare rate of the database: the rows that are stored of some devices, inserted once more by one client with multi-row statements and
 * the same number of devices in a transaction, into tables of the same definition (`bare_...`).
 */
#ifndef MUSTER_BENCH_BARE_ROWS_H
#define MUSTER_BENCH_BARE_ROWS_H

#include "bench/site.h"

struct bare_rows {
    double seconds, database_cpu_s, client_cpu_s;
    size_t rows;
};

/** @param first, last  hardware.ID of the devices  @param together  devices in one transaction */
MUST_CHECK status bare_rows_insert(const struct site *s, uint64_t first, uint64_t last, unsigned together,
                                   struct bare_rows *out);

#endif
