/** Inner: what fleet.c and fleet_device.c share. */
#ifndef MUSTER_BENCH_FLEET_INNER_H
#define MUSTER_BENCH_FLEET_INNER_H

#include "bench/fleet.h"

uint64_t fleet_mix(uint64_t key);
uint64_t fleet_key(const struct fleet *f, unsigned device);
/** Append the SOFTWARES of a device. */
void fleet_software(const struct fleet *f, const struct fleet_moment *m, struct buffer *xml);

#endif
