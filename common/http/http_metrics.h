/** Counters of all HTTP servers of the process. Inner header of common/http; http.h declares the table for main. */
#ifndef MUSTER_COMMON_HTTP_HTTP_METRICS_H
#define MUSTER_COMMON_HTTP_HTTP_METRICS_H

#include "common/metrics/metrics.h"

#define HTTP_METRICS(X)                                                                                                \
    X(connections, "muster_http_connections", METRIC_GAUGE, "open connections, admin port included")                   \
    X(requests, "muster_http_requests_total", METRIC_COUNTER, "requests that reached a handler")                       \
    X(paused, "muster_http_accept_paused_total", METRIC_COUNTER, "times that the cap on connections was reached")      \
    X(not_found, "muster_http_refused_total{reason=\"not_found\"}", METRIC_COUNTER,                                    \
      "requests refused before any handler")                                                                           \
    X(refused_framing, "muster_http_refused_total{reason=\"framing\"}", METRIC_COUNTER, "")                            \
    X(refused_malformed, "muster_http_refused_total{reason=\"malformed\"}", METRIC_COUNTER, "")                        \
    X(refused_too_big, "muster_http_refused_total{reason=\"body_too_big\"}", METRIC_COUNTER, "")                       \
    X(refused_expect, "muster_http_refused_total{reason=\"expectation\"}", METRIC_COUNTER, "")                         \
    X(refused_header, "muster_http_refused_total{reason=\"header\"}", METRIC_COUNTER, "")                              \
    X(refused_memory, "muster_http_refused_total{reason=\"memory\"}", METRIC_COUNTER, "")                              \
    X(refused_slow, "muster_http_refused_total{reason=\"slow\"}", METRIC_COUNTER, "")                                  \
    X(refused_proxy, "muster_http_refused_total{reason=\"proxy_header\"}", METRIC_COUNTER, "")                         \
    X(refused_tls, "muster_http_refused_total{reason=\"handshake\"}", METRIC_COUNTER, "")                              \
    X(refused_certificate, "muster_http_refused_total{reason=\"certificate_refused\"}", METRIC_COUNTER, "")            \
    X(closed_short, "muster_http_closed_total{reason=\"short_body\"}", METRIC_COUNTER,                                 \
      "connections that ended before their time")                                                                      \
    X(closed_unread, "muster_http_closed_total{reason=\"unread\"}", METRIC_COUNTER, "")                                \
    X(closed_room, "muster_http_closed_total{reason=\"room\"}", METRIC_COUNTER, "")                                    \
    X(closed_handshake, "muster_http_closed_total{reason=\"no_handshake\"}", METRIC_COUNTER, "")

METRICS_DECLARE(http_metrics, HTTP_METRICS);

#endif
