/**
 * Counters and gauges, declared in tables, printed as Prometheus text (exposition format 0.0.4).
 *
 *   #define SPOOL_METRICS(X) X(appends, "muster_spool_appends_total", METRIC_COUNTER, "uploads made durable")
 *   METRICS_DECLARE(spool_metrics, SPOOL_METRICS);     in the module's header
 *   METRICS_DEFINE(spool_metrics, SPOOL_METRICS);      in its .c file
 *   metric_add(&spool_metrics.appends, 1);             anywhere, any thread
 *   metrics_register(&spool_metrics_table);            in main, before the admin port opens
 *
 * A name may carry labels: "muster_gateway_refused_total{reason=\"no_body\"}". Sets of labels are fixed at compile time.
 *
 * Threads: metric_add/set/get from any thread; metrics_register before threads start.
 */
#ifndef MUSTER_COMMON_METRICS_METRICS_H
#define MUSTER_COMMON_METRICS_METRICS_H

#include "common/base/buffer.h"

#include <stdatomic.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

typedef _Atomic int64_t metric;

/** Row `i` describes metric `i` of the struct: a metrics struct has nothing but metrics. */
struct metric_row {
    const char *name; /**< as the operator sees it, with its labels */
    enum metric_type type;
    const char *help;
};

struct metric_table {
    const struct metric_row *rows;
    size_t count;
    metric *first; /**< the struct's metrics, `count` of them */
};

#define METRIC_FIELD_(field, name, type, help) metric field;
#define METRIC_ROW_(field, name, type, help)   {name, type, help},

#define METRICS_DECLARE(object, LIST)                                                                                  \
    struct object##_s {                                                                                                \
        LIST(METRIC_FIELD_)                                                                                            \
    };                                                                                                                 \
    extern struct object##_s object;                                                                                   \
    extern const struct metric_table object##_table

#define METRICS_DEFINE(object, LIST)                                                                                   \
    struct object##_s object;                                                                                          \
    static const struct metric_row object##_rows[] = {LIST(METRIC_ROW_)};                                              \
    const struct metric_table object##_table = {object##_rows, sizeof object##_rows / sizeof *object##_rows,           \
                                                (metric *)&object}

static inline void metric_add(metric *m, int64_t n)
{
    atomic_fetch_add_explicit(m, n, memory_order_relaxed);
}

static inline void metric_set(metric *m, int64_t v)
{
    atomic_store_explicit(m, v, memory_order_relaxed);
}

static inline int64_t metric_get(metric *m)
{
    return atomic_load_explicit(m, memory_order_relaxed);
}

/** At most 32 tables. */
void metrics_register(const struct metric_table *table);
/** All registered tables as text. */
void metrics_print(struct buffer *out);

#endif
