/**
 * OCS's own options: table `config` of the database over our defaults, as one snapshot that many threads read.
 * Which keys there are, where their value stands and what they default to is a table in ocs_config.c (spec: config.md).
 *
 * Threads: a snapshot never changes; ocs_config_get() and _release() from any thread.
 */
#ifndef MUSTER_COMMON_OCS_CONFIG_OCS_CONFIG_H
#define MUSTER_COMMON_OCS_CONFIG_OCS_CONFIG_H

#include "common/db/db.h"

/** X(field, "NAME in config", default number) for options in IVALUE */
#define OCS_CONFIG_NUMBERS(X)                                                                                          \
    X(frequency, "FREQUENCY", 0)                                                                                       \
    X(prolog_freq, "PROLOG_FREQ", 24)                                                                                  \
    X(inventory_on_startup, "INVENTORY_ON_STARTUP", 1)                                                                 \
    X(compress_try_others, "COMPRESS_TRY_OTHERS", 1)                                                                   \
    X(inventory_write_diff, "INVENTORY_WRITE_DIFF", 0)                                                                 \
    X(inventory_cache_enabled, "INVENTORY_CACHE_ENABLED", 1)                                                           \
    X(inventory_cache_revalidate, "INVENTORY_CACHE_REVALIDATE", 7)                                                     \
    X(inventory_cache_keep, "INVENTORY_CACHE_KEEP", 1)                                                                 \
    X(auto_duplicate_lvl, "AUTO_DUPLICATE_LVL", 7)                                                                     \
    X(trace_deleted, "TRACE_DELETED", 0)                                                                               \
    X(lock_reuse_time, "LOCK_REUSE_TIME", 600)                                                                         \
    X(session_validity_time, "SESSION_VALIDITY_TIME", 600)                                                             \
    X(session_clean_time, "SESSION_CLEAN_TIME", 86400)                                                                 \
    X(inventory_session_only, "INVENTORY_SESSION_ONLY", 0)                                                             \
    X(enable_groups, "ENABLE_GROUPS", 1)                                                                               \
    X(groups_cache_revalidate, "GROUPS_CACHE_REVALIDATE", 43200)                                                       \
    X(groups_cache_offset, "GROUPS_CACHE_OFFSET", 43200)                                                               \
    X(ipdiscover, "IPDISCOVER", 2)                                                                                     \
    X(ipdiscover_max_alive, "IPDISCOVER_MAX_ALIVE", 7)                                                                 \
    X(ipdiscover_better_threshold, "IPDISCOVER_BETTER_THRESHOLD", 1)                                                   \
    X(ipdiscover_latency, "IPDISCOVER_LATENCY", 100)                                                                   \
    X(ipdiscover_use_groups, "IPDISCOVER_USE_GROUPS", 1)                                                               \
    X(ipdiscover_no_postpone, "IPDISCOVER_NO_POSTPONE", 0)                                                             \
    X(ipdiscover_link_tag_network, "IPDISCOVER_LINK_TAG_NETWORK", 0)                                                   \
    X(scan_arp_bandwidth, "SCAN_ARP_BANDWIDTH", 256)                                                                   \
    X(registry, "REGISTRY", 0)                                                                                         \
    X(download, "DOWNLOAD", 0)                                                                                         \
    X(download_frag_latency, "DOWNLOAD_FRAG_LATENCY", 10)                                                              \
    X(download_cycle_latency, "DOWNLOAD_CYCLE_LATENCY", 60)                                                            \
    X(download_period_latency, "DOWNLOAD_PERIOD_LATENCY", 1)                                                           \
    X(download_period_length, "DOWNLOAD_PERIOD_LENGTH", 10)                                                            \
    X(download_timeout, "DOWNLOAD_TIMEOUT", 30)                                                                        \
    X(download_execution_timeout, "DOWNLOAD_EXECUTION_TIMEOUT", 120)                                                   \
    X(download_groups_trace_events, "DOWNLOAD_GROUPS_TRACE_EVENTS", 1)                                                 \
    X(snmp, "SNMP", 0)                                                                                                 \
    X(snmp_link_tag, "SNMP_LINK_TAG", 0)                                                                               \
    X(generate_ocs_files, "GENERATE_OCS_FILES", 0)                                                                     \
    X(generate_ocs_files_snmp, "GENERATE_OCS_FILES_SNMP", 0)                                                           \
    X(ocs_files_overwrite, "OCS_FILES_OVERWRITE", 0)                                                                   \
    X(inventory_filter_on, "INVENTORY_FILTER_ON", 0)                                                                   \
    X(inventory_filter_flood_ip, "INVENTORY_FILTER_FLOOD_IP", 0)                                                       \
    X(inventory_filter_flood_ip_cache_time, "INVENTORY_FILTER_FLOOD_IP_CACHE_TIME", 300)                               \
    X(deploy, "DEPLOY", 1)                                                                                             \
    X(update, "UPDATE", 0)                                                                                             \
    X(proxy_revalidate_delay, "PROXY_REVALIDATE_DELAY", 3600)                                                          \
    X(default_category, "DEFAULT_CATEGORY", 0)                                                                         \
    X(inventory_saas_enabled, "INVENTORY_SAAS_ENABLED", 0)

/** X(field, "NAME in config", default text) for options in TVALUE */
#define OCS_CONFIG_TEXTS(X)                                                                                            \
    X(scan_type_ipdiscover, "SCAN_TYPE_IPDISCOVER", "ICMP")                                                            \
    X(scan_type_snmp, "SCAN_TYPE_SNMP", "ICMP")                                                                        \
    X(ocs_files_format, "OCS_FILES_FORMAT", "OCS")                                                                     \
    X(ocs_files_path, "OCS_FILES_PATH", "/tmp")

enum { OCS_CONFIG_TEXT_MAX = 256 };

struct ocs_config {
#define X(field, name, dflt) int64_t field;
    OCS_CONFIG_NUMBERS(X)
#undef X
#define X(field, name, dflt) char field[OCS_CONFIG_TEXT_MAX];
    OCS_CONFIG_TEXTS(X)
#undef X
    bool frequency_is_null; /**< a row FREQUENCY with NULL: PROLOG answers STOP (protocol.md 3.2) */
    bool from_database;     /**< false: defaults only, the database was never read */
};

/** The defaults alone. */
void ocs_config_defaults(struct ocs_config *out);
/** Defaults, then the rows of table `config` over them. `out` is left alone on failure. */
MUST_CHECK status ocs_config_read(struct db *db, struct ocs_config *out);

#endif
