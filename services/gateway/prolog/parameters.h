/**
 * Settings of one device and of its groups (table `devices`), and the rules by which one value comes out of several rows
 * (config.md "Per-device and per-group settings").
 *
 * Two rules differ from OCS on purpose: of rows with the same name of one device the one with the lowest ID counts (OCS fails), and
 * a group's 0 is "not set" for the values that take the smallest (OCS picks at random).
 *
 * Threads: pure; a set belongs to one question.
 */
#ifndef MUSTER_GATEWAY_PROLOG_PARAMETERS_H
#define MUSTER_GATEWAY_PROLOG_PARAMETERS_H

#include "common/base/bytes.h"

enum parameter_name {
    PARAM_FREQUENCY,
    PARAM_PROLOG_FREQ,
    PARAM_INVENTORY_ON_STARTUP,
    PARAM_IPDISCOVER,
    PARAM_IPDISCOVER_LATENCY,
    PARAM_SCAN_TYPE_IPDISCOVER,
    PARAM_SCAN_TYPE_SNMP,
    PARAM_SCAN_ARP_BANDWIDTH,
    PARAM_SNMP_SWITCH,
    PARAM_SNMP_NETWORK,
    PARAM_DOWNLOAD,
    PARAM_DOWNLOAD_FORCE,
    PARAM_DOWNLOAD_SCHEDULE,
    PARAM_DOWNLOAD_POSTCMD,
    PARAM_DOWNLOAD_SWITCH,
    PARAM_DOWNLOAD_CYCLE_LATENCY,
    PARAM_DOWNLOAD_FRAG_LATENCY,
    PARAM_DOWNLOAD_PERIOD_LATENCY,
    PARAM_DOWNLOAD_PERIOD_LENGTH,
    PARAM_DOWNLOAD_TIMEOUT,
    PARAM_DOWNLOAD_EXECUTION_TIMEOUT,
    PARAM_COUNT
};

/** @return false when it is none of ours (names compare without case, as the database does) */
bool parameter_find(struct view name, enum parameter_name *out);

/** One row of `devices`. */
struct parameter {
    enum parameter_name name;
    uint64_t group; /**< ID of the group it belongs to; 0: the device itself */
    bool has_number;
    int64_t number;   /**< IVALUE; 0 when NULL */
    struct view text; /**< TVALUE; absent when NULL */
};

/** Sorted: the device's rows by ID, then those of each group by (group, ID). */
struct parameters {
    const struct parameter *rows;
    size_t count;
};

/** The device's own row, or NULL. */
const struct parameter *parameter_of_device(const struct parameters *p, enum parameter_name name);

/** What a group's number does to the value found so far. */
enum parameter_rule {
    GROUPS_SMALLEST, /**< the smallest that is not 0 */
    GROUPS_LARGEST,
    GROUPS_SMALLEST_WITH_ZERO, /**< for switches: one 0 switches off */
};
/** @return false when no group says anything */
bool parameter_of_groups(const struct parameters *p, enum parameter_name name, enum parameter_rule rule, int64_t *out);

/** A switch (SNMP_SWITCH, DOWNLOAD_SWITCH): the option, lowered by the groups; if it is still on, the device's own value. */
int64_t parameter_switch(const struct parameters *p, enum parameter_name name, bool option);

/** TVALUE of the group with the highest ID that has one; absent when none has. */
struct view parameter_text_of_groups(const struct parameters *p, enum parameter_name name);

#endif
