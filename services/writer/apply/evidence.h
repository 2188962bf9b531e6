/**
 * What makes two devices the same machine: OCS's option AUTO_DUPLICATE_LVL is a sum of the bits below, and all of them must agree.
 *
 * Threads: pure.
 */
#ifndef MUSTER_WRITER_EVIDENCE_H
#define MUSTER_WRITER_EVIDENCE_H

#include "services/writer/blacklists.h"
#include "services/writer/state.h"

enum evidence {
    EVIDENCE_NAME = 1,
    EVIDENCE_SERIAL = 2,
    EVIDENCE_MAC = 4,
    EVIDENCE_MODEL = 8,
    EVIDENCE_UUID = 16,
    EVIDENCE_ASSET_TAG = 32,
    EVIDENCE_ALL = 63
};

enum { EVIDENCE_MACS_MAX = 256 }; /**< of one upload; more are not looked at */

/** What an upload says about who it is; views into the record. What is listed as identifying nobody is left out. */
struct identity {
    struct view name, serial, model, uuid, asset_tag; /**< absent or empty: says nothing */
    size_t mac_count;
    struct view macs[EVIDENCE_MACS_MAX];
};

void identity_read(const struct record *r, const struct blacklists *lists, struct identity *out);

/** Whether another device can agree in all that the level asks for. A level with bits that nobody knows agrees with nothing. */
bool evidence_is_possible(const struct identity *id, int64_t level);

/** Changes when the level, or something that it asks for, does. */
struct record_hash evidence_hash(const struct identity *id, int64_t level);

#endif
