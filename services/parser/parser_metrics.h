/** What a parser counts. */
#ifndef MUSTER_PARSER_METRICS_H
#define MUSTER_PARSER_METRICS_H

#include "common/metrics/metrics.h"

#define PARSER_METRICS(X)                                                                                              \
    X(inventories, "muster_parser_uploads_total{kind=\"inventory\"}", METRIC_COUNTER, "uploads parsed")                \
    X(contacts, "muster_parser_uploads_total{kind=\"contact\"}", METRIC_COUNTER, "uploads parsed")                     \
    X(others, "muster_parser_uploads_total{kind=\"other\"}", METRIC_COUNTER, "uploads parsed")                         \
    X(rejected, "muster_parser_rejected_total", METRIC_COUNTER, "uploads that went to quarantine")                     \
    X(body_bytes, "muster_parser_body_bytes_total", METRIC_COUNTER, "bytes as received")                               \
    X(text_bytes, "muster_parser_text_bytes_total", METRIC_COUNTER, "bytes of XML")                                    \
    X(record_bytes, "muster_parser_record_bytes_total", METRIC_COUNTER, "bytes of records")                            \
    X(busy_us, "muster_parser_busy_microseconds_total", METRIC_COUNTER, "time spent on uploads")                       \
    X(forbidden, "muster_parser_repairs_total{kind=\"forbidden\"}", METRIC_COUNTER, "places repaired in XML")          \
    X(bytes, "muster_parser_repairs_total{kind=\"bytes\"}", METRIC_COUNTER, "places repaired in XML")                  \
    X(unknown, "muster_parser_unknown_elements_total", METRIC_COUNTER, "elements that no table takes")                 \
    X(sanitized, "muster_parser_sanitized_values_total", METRIC_COUNTER, "values replaced by MUSTER_PARSER_SANITIZE")  \
    X(held, "muster_parser_held_records", METRIC_GAUGE, "records that wait for a writer or its word")

METRICS_DECLARE(parser_metrics, PARSER_METRICS);

#endif
