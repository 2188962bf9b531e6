/** Network discovery, behind the COMMIT of an INVENTORY. Between the files of this folder only. */
#ifndef MUSTER_WRITER_DISCOVERY_H
#define MUSTER_WRITER_DISCOVERY_H

#include "services/writer/apply/apply.h"
#include "services/writer/apply/election.h"

/** A device of the wave that may scan, or has scanned. */
struct discovery_device {
    struct device *device;
    bool known;         /**< its row was found */
    bool refused;       /**< the operator wants no discovery by it, or by one of its groups */
    struct view subnet; /**< that it was given; empty: none */
    bool by_operator;
    bool blacklisted; /**< that subnet is */
    uint64_t fidelity;
    double quality;
    struct view tag;
    struct election_iface *ifaces;
    size_t iface_count;
};

struct discovery {
    struct wave *wave;
    struct election_rules rules;
    struct discovery_device *devices;
    size_t device_count;
    struct election_role *roles; /**< of all subnets that matter, ordered by row_id */
    size_t role_count;
};

/** Results of elected devices into netmap; roles that end (netmap.c). */
MUST_CHECK status netmap_apply(struct discovery *d);

#endif
