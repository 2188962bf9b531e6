/**
 * Inventories of any number of devices that do not exist, reproducible from their numbers: the same device, round and seed give the same
 * bytes. Devices share images (what was installed from one) and draw the rest of their software from a list with a long tail.
 *
 * Threads: a fleet is read only after fleet_new(); buffers belong to their callers.
 */
#ifndef MUSTER_BENCH_FLEET_H
#define MUSTER_BENCH_FLEET_H

#include "common/base/buffer.h"

/** Programs of a device in the inventory that the budget is made for: about 155 KB of XML, 25 KB compressed. */
enum { FLEET_REFERENCE = 300, FLEET_MIXED = 0 };

struct fleet;

/** @param programs  of each device; FLEET_MIXED: from 55 to 600, most about a hundred
 *  @return          owned by the caller, or NULL when memory is out */
struct fleet *fleet_new(uint64_t seed, unsigned programs);
void fleet_destroy(struct fleet *f); /**< NULL is allowed */
AUTO_DEFINE(struct fleet, fleet_destroy)

/** What a device sends. */
struct fleet_moment {
    unsigned device;
    unsigned
        round; /**< of changes: in each of them one program in fifty has a new version, and the free space differs */
    unsigned contact; /**< counts its uploads: dates and uptime differ with it, which is no change */
};

/** Append the XML of an inventory. */
void fleet_inventory(const struct fleet *f, const struct fleet_moment *m, struct buffer *xml);
/** Append the XML of a PROLOG. */
void fleet_prolog(const struct fleet *f, unsigned device, struct buffer *xml);
/** Append the body as agents compress it (zlib, level 6). */
void fleet_compress(struct view xml, struct buffer *body);
void fleet_deviceid(const struct fleet *f, unsigned device, char out[64]);

#endif
