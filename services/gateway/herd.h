/**
 * Against the herd: after an outage all agents come back together. While what we have accepted waits for the database, a PROLOG that
 * would be answered SEND is answered STOP, with a PROLOG_FREQ that spreads the devices over the coming hours, so that the wave does not
 * come back as one. What is sent all the same is still taken: only a full spool refuses.
 *
 * The pipeline lags while one of these holds: more than `uploads` rest in the spool; the oldest has rested longer than `age_ms` and it is
 * not alone (a single upload that nobody can write must not stop a fleet); more than `fill` percent of the spool is in use; the spool is
 * closed after a fault. A limit of 0 (of `fill`: 100) is none.
 *
 * Threads: any.
 */
#ifndef MUSTER_GATEWAY_HERD_H
#define MUSTER_GATEWAY_HERD_H

#include "services/gateway/spool/spool.h"

#include <stdatomic.h>

struct herd_limits {
    int64_t uploads;
    int64_t age_ms;
    int64_t fill; /**< percent of `spool_max` */
    int64_t spool_max,
        segment_size; /**< bytes; the segment that is being written is in use even when the spool is empty */
};

/** Whether the pipeline lags: pure. `cause` (static text) says why, when it does. */
bool herd_is_lagging(const struct herd_limits *limits, const struct spool_counts *counts, int64_t now_us,
                     const char **cause);

struct herd {
    struct herd_limits limits;
    atomic_bool lags; /**< as last seen: the change is logged, once */
};

/** Look at the spool now; keeps the metric, logs beginning and end. */
bool herd_look(struct herd *h, struct spool *spool);

/** A PROLOG_FREQ for a device that is put off: 1 to `hours`, spread evenly over devices, another one each time. */
int64_t herd_spread(int64_t hours, uint64_t device_hash, int64_t now_s);

#endif
