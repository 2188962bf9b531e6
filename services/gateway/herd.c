#include "services/gateway/herd.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/gateway_metrics.h"

enum { NOT_ALONE = 100 }; /**< uploads that must rest before the age of the oldest says anything about the others */

static bool is_old(const struct herd_limits *limits, const struct spool_counts *n, int64_t now_us)
{
    return limits->age_ms && n->pending >= NOT_ALONE && n->oldest_us && now_us - n->oldest_us > limits->age_ms * 1000;
}

static bool is_filled(const struct herd_limits *limits, const struct spool_counts *n)
{
    int64_t used = n->bytes - limits->segment_size;
    return limits->fill < 100 && used > limits->spool_max / 100 * limits->fill;
}

bool herd_is_lagging(const struct herd_limits *limits, const struct spool_counts *counts, int64_t now_us,
                     const char **cause)
{
    *cause = !counts->healthy                                       ? "spool closed"
             : limits->uploads && counts->pending > limits->uploads ? "uploads waiting"
             : is_old(limits, counts, now_us)                       ? "age of the oldest upload"
             : is_filled(limits, counts)                            ? "spool nearly full"
                                                                    : NULL;
    return *cause != NULL;
}

bool herd_look(struct herd *h, struct spool *spool)
{
    const char *cause;
    const struct spool_counts counts = spool_count(spool);
    int64_t now_us = clock_wall_us();
    bool lags = herd_is_lagging(&h->limits, &counts, now_us, &cause);
    metric_set(&gateway_metrics.lagging, lags);
    if (atomic_exchange(&h->lags, lags) == lags)
        return lags;
    int64_t oldest_s = counts.oldest_us ? (now_us - counts.oldest_us) / 1000000 : 0;
    if (lags)
        log_warning("the pipeline lags: devices are told to come later", LOG_TEXT("cause", cause),
                    LOG_NUMBER("pending", counts.pending), LOG_NUMBER("oldest_s", oldest_s));
    else
        log_info("the pipeline has caught up: devices may send again", LOG_NUMBER("pending", counts.pending));
    return lags;
}

/* The hash is the device's, so it alone would put the same device off by the same time again and again. */
int64_t herd_spread(int64_t hours, uint64_t device_hash, int64_t now_s)
{
    uint64_t mixed = (device_hash ^ (uint64_t)now_s) * 0x9E3779B97F4A7C15u;
    mixed ^= mixed >> 32;
    return hours > 1 ? 1 + (int64_t)(mixed % (uint64_t)hours) : hours;
}
