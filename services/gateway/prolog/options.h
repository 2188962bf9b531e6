/**
 * The OPTION elements of a PROLOG reply (protocol.md 3.4 to 3.7): one writer each, in the order of a table.
 *
 * Threads: one question, one thread.
 */
#ifndef MUSTER_GATEWAY_PROLOG_OPTIONS_H
#define MUSTER_GATEWAY_PROLOG_OPTIONS_H

#include "common/db/db.h"
#include "services/gateway/prolog/decision.h"

/** What a writer may look at. */
struct option_question {
    struct db *db; /**< NULL when facts->database is false */
    struct arena *arena;
    const struct prolog_facts *facts;
    const struct ocs_config *config;
    const struct prolog_decision *decision;
    struct view agent; /**< User-Agent, cleaned */
    bool https;
};

/** A package that came by a group and gets a row of its own for the device. */
struct package_from_group {
    int64_t enable_id; /**< download_enable.ID */
    bool force;
};

/** What the DOWNLOAD option changes in the database: not done here, but recorded with the contact. Memory: the arena's. */
struct prolog_effects {
    bool notified; /**< pending rows become NOTIFIED */
    const int64_t *in_history;
    size_t in_history_count;
    const struct package_from_group *from_group;
    size_t from_group_count;
};

/**
 * Append all OPTION elements that apply. An option whose tables are not as expected is left out and logged.
 * @retval ST_UNAVAILABLE the connection broke: nothing of `out` and `effects` is to be used  @retval ST_NO_MEMORY
 */
MUST_CHECK status prolog_options_write(const struct option_question *q, struct buffer *out,
                                       struct prolog_effects *effects);

/* The writers that have a file of their own. */
MUST_CHECK status option_download_write(const struct option_question *q, struct buffer *out,
                                        struct prolog_effects *effects);
MUST_CHECK status option_snmp_write(const struct option_question *q, struct buffer *out,
                                    struct prolog_effects *effects);

/* What they share. */
enum { OPTION_DEPTH = 1, PARAM_DEPTH = 2 };
void option_begin(struct buffer *out, const char *name);
void option_end(struct buffer *out);
/** A number as text in the arena; absent when memory is out. */
struct view option_number(const struct option_question *q, int64_t number);
/** SCAN_*: the option, replaced by a group's TVALUE, replaced by the device's (config.md). */
struct view option_scan_value(const struct option_question *q, enum parameter_name name, struct view option);

#endif
