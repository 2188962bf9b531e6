#include "common/metrics/metrics.h"

#include <criterion/criterion.h>

#define DOOR_METRICS(X)                                                                                                \
    X(opened, "test_door_opened_total", METRIC_COUNTER, "times the door was opened")                                   \
    X(refused_late, "test_door_refused_total{reason=\"late\"}", METRIC_COUNTER, "guests sent away")                    \
    X(refused_rude, "test_door_refused_total{reason=\"rude\"}", METRIC_COUNTER, "guests sent away")                    \
    X(guests, "test_door_guests", METRIC_GAUGE, "guests inside")

METRICS_DECLARE(door_metrics, DOOR_METRICS);
METRICS_DEFINE(door_metrics, DOOR_METRICS);

Test(metrics, are_printed_in_the_exposition_format)
{
    metrics_register(&door_metrics_table);
    metrics_register(&door_metrics_table);
    metric_add(&door_metrics.opened, 2);
    metric_add(&door_metrics.opened, 3);
    metric_add(&door_metrics.refused_rude, 1);
    metric_set(&door_metrics.guests, -4);
    struct buffer out = BUFFER_INIT(10000);
    metrics_print(&out);
    cr_assert_eq(buffer_status(&out), ST_OK);
    cr_expect_str_eq(out.data, "# HELP test_door_opened_total times the door was opened\n"
                               "# TYPE test_door_opened_total counter\n"
                               "test_door_opened_total 5\n"
                               "# HELP test_door_refused_total guests sent away\n"
                               "# TYPE test_door_refused_total counter\n"
                               "test_door_refused_total{reason=\"late\"} 0\n"
                               "test_door_refused_total{reason=\"rude\"} 1\n"
                               "# HELP test_door_guests guests inside\n"
                               "# TYPE test_door_guests gauge\n"
                               "test_door_guests -4\n");
    buffer_clear(&out);
}

Test(metrics, nothing_registered_prints_nothing)
{
    struct buffer out = BUFFER_INIT(100);
    metrics_print(&out);
    cr_expect_eq(out.len, 0);
}
