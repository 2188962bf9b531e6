/** What the writer counts. */
#ifndef MUSTER_WRITER_METRICS_H
#define MUSTER_WRITER_METRICS_H

#include "common/metrics/metrics.h"

/* clang-format off */
#define WRITER_METRICS(X)                                                                                              \
    X(batches, "muster_writer_batches_total", METRIC_COUNTER, "transactions committed")                                \
    X(uploads, "muster_writer_uploads_total", METRIC_COUNTER, "uploads taken from parsers")                            \
    X(devices_new, "muster_writer_devices_total{result=\"new\"}", METRIC_COUNTER, "inventories by what they did")      \
    X(devices_changed, "muster_writer_devices_total{result=\"changed\"}", METRIC_COUNTER, "inventories by what they did") \
    X(devices_unchanged, "muster_writer_devices_total{result=\"unchanged\"}", METRIC_COUNTER, "inventories by what they did") \
    X(skipped, "muster_writer_skipped_total", METRIC_COUNTER, "uploads older than what is stored, or stored already")  \
    X(contacts, "muster_writer_contacts_total", METRIC_COUNTER, "contacts, notices and results applied")               \
    X(contacts_unknown, "muster_writer_contacts_unknown_total", METRIC_COUNTER, "the same of devices that are not known") \
    X(snmp_stored, "muster_writer_snmp_uploads_total{result=\"stored\"}", METRIC_COUNTER, "SNMP uploads applied")        \
    X(snmp_stopped, "muster_writer_snmp_uploads_total{result=\"stopped\"}", METRIC_COUNTER, "SNMP uploads applied")      \
    X(snmp_rows, "muster_writer_snmp_rows_total", METRIC_COUNTER, "devices found over SNMP, written")                  \
    X(rows_inserted, "muster_writer_rows_inserted_total", METRIC_COUNTER, "rows of sections")                          \
    X(rows_deleted, "muster_writer_rows_deleted_total", METRIC_COUNTER, "rows of sections")                            \
    X(sections_compared, "muster_writer_sections_compared_total", METRIC_COUNTER, "sections read and compared because fingerprints were missing or not trusted") \
    X(sections_unknown, "muster_writer_sections_unknown_total", METRIC_COUNTER, "sections of uploads that were not written: no such table, or not declared to this writer") \
    X(fields_unknown, "muster_writer_fields_unknown_total", METRIC_COUNTER, "fields of written sections that their table has no column for") \
    X(values_adjusted, "muster_writer_values_adjusted_total", METRIC_COUNTER, "values of inserted rows that did not fit their column") \
    X(rejected_record, "muster_writer_rejected_total{reason=\"record\"}", METRIC_COUNTER, "uploads given back for quarantine") \
    X(rejected_too_big, "muster_writer_rejected_total{reason=\"too_big\"}", METRIC_COUNTER, "uploads given back for quarantine") \
    X(rejected_database, "muster_writer_rejected_total{reason=\"database\"}", METRIC_COUNTER, "uploads given back for quarantine") \
    X(given_back, "muster_writer_given_back_total", METRIC_COUNTER, "uploads given back to be offered again")          \
    X(retries_lock, "muster_writer_retries_total{reason=\"lock\"}", METRIC_COUNTER, "transactions repeated")           \
    X(retries_wait, "muster_writer_retries_total{reason=\"lock_wait\"}", METRIC_COUNTER, "transactions repeated")       \
    X(retries_lost, "muster_writer_retries_total{reason=\"connection\"}", METRIC_COUNTER, "transactions repeated")     \
    X(retries_schema, "muster_writer_retries_total{reason=\"schema\"}", METRIC_COUNTER, "transactions repeated")       \
    X(splits, "muster_writer_splits_total", METRIC_COUNTER, "batches split to find the record that fails")             \
    X(merges, "muster_writer_merges_total", METRIC_COUNTER, "devices merged into another one")                          \
    X(elections, "muster_writer_elections_total", METRIC_COUNTER, "devices that got a subnet to scan")                 \
    X(behind_failed, "muster_writer_behind_failed_total", METRIC_COUNTER, "discovery or merges of a batch that failed and were given up") \
    X(held, "muster_writer_held_total", METRIC_COUNTER, "inventories given back because the console worked on the device") \
    X(words_known, "muster_writer_words_total{result=\"hit\"}", METRIC_COUNTER, "words of software by where their id came from") \
    X(words_read, "muster_writer_words_total{result=\"miss\"}", METRIC_COUNTER, "words of software by where their id came from") \
    X(words_made, "muster_writer_words_total{result=\"new\"}", METRIC_COUNTER, "words of software by where their id came from") \
    X(database_us, "muster_writer_database_microseconds_total", METRIC_COUNTER, "time spent waiting for the database") \
    X(statements, "muster_writer_statements_total", METRIC_COUNTER, "statements sent")                                 \
    X(jobs_leader, "muster_writer_jobs_leader", METRIC_GAUGE, "1: this writer does the background jobs")               \
    X(jobs_done, "muster_writer_jobs_total{result=\"done\"}", METRIC_COUNTER, "background jobs looked at")             \
    X(jobs_failed, "muster_writer_jobs_total{result=\"failed\"}", METRIC_COUNTER, "background jobs looked at")         \
    X(groups_refreshed, "muster_writer_groups_total{result=\"refreshed\"}", METRIC_COUNTER, "groups computed anew")     \
    X(groups_failed, "muster_writer_groups_total{result=\"failed\"}", METRIC_COUNTER, "groups computed anew")          \
    X(caches_rebuilt, "muster_writer_caches_rebuilt_total", METRIC_COUNTER, "rebuilds of the caches of words")
/* clang-format on */
METRICS_DECLARE(writer_metrics, WRITER_METRICS);

#endif
