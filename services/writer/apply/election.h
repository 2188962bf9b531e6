/**
 * Who scans a subnet for OCS's network discovery (inventory-to-database.md 11): rules over what was read, no database.
 *
 * Threads: pure.
 */
#ifndef MUSTER_WRITER_ELECTION_H
#define MUSTER_WRITER_ELECTION_H

#include "common/base/bytes.h"

/** A row of `devices` that gives a device a subnet. */
struct election_role {
    uint64_t row_id;
    uint32_t hardware_id;
    struct view subnet, tag;
    bool by_operator; /**< IVALUE 2 */
    bool known;       /**< its device has a row in hardware */
    bool over;        /**< its device was not heard of for longer than IPDISCOVER_MAX_ALIVE */
    bool gone;        /**< taken away since it was read */
    double quality;   /**< mean days between contacts: a lower one is better */
};

struct election_iface {
    struct view description, status, mask, subnet;
    bool blacklisted; /**< its subnet is */
};

struct election_candidate {
    uint32_t hardware_id;
    double quality;
    struct view tag;
    const struct election_iface *ifaces; /**< in the order of the upload */
    size_t iface_count;
};

struct election_rules {
    int64_t wanted;    /**< IPDISCOVER: devices for each subnet */
    int64_t threshold; /**< IPDISCOVER_BETTER_THRESHOLD, days */
    bool by_tag;       /**< IPDISCOVER_LINK_TAG_NETWORK: count each TAG for itself */
};

struct election_result {
    enum { ELECTION_NONE, ELECTION_VACANT, ELECTION_BETTER, ELECTION_OVER } kind;
    struct view subnet;
    size_t role; /**< BETTER, OVER: whose place it takes */
};

/** Four groups of one to three digits with points between them, and nothing else. */
bool election_is_dotted(struct view v);
/** Agents that can scan; the part of the User-Agent in front of its version counts. */
bool election_agent_can_scan(struct view agent);
/** The User-Agent says that the upload did not come from an agent in the network. */
bool election_agent_is_local(struct view agent);
/** Called often enough to rely on it: FIDELITY and QUALITY of its row. */
bool election_is_steady(uint64_t fidelity, double quality);
/** Devices that have the subnet, whoever gave it to them. */
size_t election_count(const struct election_role *roles, size_t count, const struct election_rules *rules,
                      struct view subnet, struct view tag);
/**
 * The first interface whose subnet wants another scanner; if there is none, the first whose worst scanner is worth replacing.
 * @param roles  of all subnets of the candidate, ordered by row_id
 */
struct election_result election_decide(const struct election_candidate *candidate, const struct election_role *roles,
                                       size_t count, const struct election_rules *rules);

#endif
