/** What the gateway counts, but for refusals (refusals.h) and the spool (spool/). */
#ifndef MUSTER_GATEWAY_GATEWAY_METRICS_H
#define MUSTER_GATEWAY_GATEWAY_METRICS_H

#include "common/metrics/metrics.h"

#define REQUESTS "muster_gateway_requests_total"
#define CONTACTS "muster_gateway_contacts_total"
#define OFFERS   "muster_gateway_deliveries_total"

#define GATEWAY_METRICS(X)                                                                                             \
    X(prolog, REQUESTS "{query=\"PROLOG\"}", METRIC_COUNTER, "requests understood, by QUERY")                          \
    X(inventory, REQUESTS "{query=\"INVENTORY\"}", METRIC_COUNTER, "requests understood, by QUERY")                    \
    X(download, REQUESTS "{query=\"DOWNLOAD\"}", METRIC_COUNTER, "requests understood, by QUERY")                      \
    X(notify, REQUESTS "{query=\"NOTIFY\"}", METRIC_COUNTER, "requests understood, by QUERY")                          \
    X(snmp, REQUESTS "{query=\"SNMP\"}", METRIC_COUNTER, "requests understood, by QUERY")                              \
    X(update, REQUESTS "{query=\"UPDATE\"}", METRIC_COUNTER, "requests understood, by QUERY")                          \
    X(netdiscovery, REQUESTS "{query=\"NETDISCOVERY\"}", METRIC_COUNTER, "requests understood, by QUERY")              \
    X(snmpquery, REQUESTS "{query=\"SNMPQUERY\"}", METRIC_COUNTER, "requests understood, by QUERY")                    \
    X(contacts_send, CONTACTS "{response=\"SEND\"}", METRIC_COUNTER, "PROLOGs answered, by RESPONSE")                  \
    X(contacts_stop, CONTACTS "{response=\"STOP\"}", METRIC_COUNTER, "PROLOGs answered, by RESPONSE")                  \
    X(contacts_blind, "muster_gateway_contacts_without_database_total", METRIC_COUNTER,                                \
      "PROLOGs answered STOP because the database was away")                                                           \
    X(contacts_postponed, "muster_gateway_contacts_postponed_total", METRIC_COUNTER,                                   \
      "PROLOGs answered STOP instead of SEND because the pipeline lagged")                                             \
    X(lagging, "muster_gateway_lagging", METRIC_GAUGE, "1: the pipeline lags, devices are told to come later")         \
    X(contacts_lost, "muster_gateway_contacts_not_recorded_total", METRIC_COUNTER,                                     \
      "PROLOGs answered whose contact the spool did not take")                                                         \
    X(trailing, "muster_gateway_bodies_with_rest_total", METRIC_COUNTER,                                               \
      "bodies taken although something followed the end of what was compressed")                                       \
    X(snmp_off, "muster_gateway_snmp_off_total", METRIC_COUNTER, "SNMP uploads answered 200: switched off")            \
    X(exported, "muster_gateway_exports_total{result=\"written\"}", METRIC_COUNTER,                                    \
      "uploads written to files (GENERATE_OCS_FILES)")                                                                 \
    X(export_failed, "muster_gateway_exports_total{result=\"failed\"}", METRIC_COUNTER,                                \
      "uploads written to files (GENERATE_OCS_FILES)")                                                                 \
    X(activity_lost, "muster_gateway_activity_lost_total", METRIC_COUNTER, "lines of activity.log not written")        \
    X(acked, OFFERS "{verdict=\"ack\"}", METRIC_COUNTER, "answers of consumers to deliveries")                         \
    X(retried, OFFERS "{verdict=\"retry\"}", METRIC_COUNTER, "answers of consumers to deliveries")                     \
    X(rejected, OFFERS "{verdict=\"reject\"}", METRIC_COUNTER, "answers of consumers to deliveries")                   \
    X(lost, OFFERS "{verdict=\"lost\"}", METRIC_COUNTER, "answers of consumers to deliveries")                         \
    X(lookups, "muster_gateway_lookups_total", METRIC_COUNTER, "questions answered for waiting agents")                \
    X(lookups_ahead, "muster_gateway_lookups_together_total", METRIC_COUNTER,                                          \
      "round trips that answered several waiting agents")                                                              \
    X(lookups_again, "muster_gateway_lookups_repeated_total", METRIC_COUNTER,                                          \
      "questions asked again on a new connection")                                                                     \
    X(options_read, "muster_gateway_options_read_total", METRIC_COUNTER, "times that OCS's options were read")         \
    X(database_read_only, "muster_gateway_database_read_only", METRIC_GAUGE,                                           \
      "1: the database refused to write for an answer, within the last minute")                                        \
    X(database_up, "muster_gateway_database_up", METRIC_GAUGE, "1: the database answers, 0: it is away")

METRICS_DECLARE(gateway_metrics, GATEWAY_METRICS);

#endif
