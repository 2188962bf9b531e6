/**
 * Rules for single values that a table of columns cannot say (inventory-to-database.md 6 and 8, protocol.md 3.2).
 *
 * Threads: pure.
 */
#ifndef MUSTER_WRITER_RULES_H
#define MUSTER_WRITER_RULES_H

#include "common/base/arena.h"
#include "common/base/bytes.h"

/** Bits of hardware.CHECKSUM that its readers know: GLPI takes a greater value for a fault. */
enum { CHECKSUM_BITS = 524287 };

/**
 * Bits to be added to hardware.CHECKSUM.
 * @param agent    HARDWARE/CHECKSUM as sent; absent or not a number: everything
 * @param changed  masks of the sections that were written
 */
uint32_t rule_checksum(struct view agent, uint32_t changed);

/** Only digits, and at least one. */
bool rule_is_number(struct view value);

/** A text with "system" in it, in any case: the agent ran as a service and says nothing about the user. */
bool rule_is_system_user(struct view user);

/** INSTALLDATE is used as it is: begins like 2020/01/02, or has 2020/01/02 03:04:05 somewhere. Else: the day of the upload. */
bool rule_installdate_is_kept(struct view value);

/** A fitted datetime that can be LASTDATE: no zero in its date, and the upload does not say 1970-01-01. */
bool rule_lastdate_is_valid(struct view value, struct view fitted);

/** "Unavailable", or the part of a version that can be compared. @return a view of `version`, of `arena`, or a constant */
struct view rule_pretty_version(struct view version, struct arena *arena);
/** Part 0, 1 or 2 of it between its points; "0" when it has none. */
struct view rule_version_part(struct view pretty, int part);

/** Mean days between contacts, kept in hardware.QUALITY and FIDELITY. */
struct contact_quality {
    bool fidelity_known;
    int64_t fidelity;
    double quality;
    int64_t lastcome_s; /**< seconds since 1970; 0: never */
};
enum { QUALITY_MAX = 1000 };
/** Count one contact at `now_s`. */
void rule_count_contact(struct contact_quality *q, int64_t now_s);

#endif
