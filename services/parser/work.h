/**
 * A thread that takes uploads, makes records of them, and hands them to the relay.
 *
 * Threads: start and join from main.
 */
#ifndef MUSTER_PARSER_WORK_H
#define MUSTER_PARSER_WORK_H

#include "common/admin/admin.h"
#include "services/parser/document.h"
#include "services/parser/relay.h"

struct work_settings {
    struct document_limits document;
    size_t inflated_max, record_max;
    unsigned ratio_max;
    bool lz4;
};

struct worker;

/** Takes until the consumer is stopped. All pointers must outlive the worker. @retval ST_NO_MEMORY  @retval ST_IO no thread */
MUST_CHECK status worker_start(const struct work_settings *set, struct link_consumer *from, struct relay *to,
                               struct admin *admin, struct worker **out);
/** Waits for its end: stop the consumer first. NULL is allowed. */
void worker_join(struct worker *w);
AUTO_DEFINE(struct worker, worker_join)

#endif
