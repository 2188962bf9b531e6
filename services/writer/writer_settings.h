/** The writer's settings: one row each (common/settings). */
#ifndef MUSTER_WRITER_SETTINGS_H
#define MUSTER_WRITER_SETTINGS_H

#include "common/settings/settings.h"

/* clang-format off */
#define WRITER_SETTINGS(X)                                                                                             \
    X(parsers, "MUSTER_WRITER_PARSERS", SET_TEXT, "", 0, 0,                                                            \
      "required: addresses of parsers, comma separated: tcp://name:port, ipc:///path")                                 \
    X(link_key, "MUSTER_LINK_KEY", SET_SECRET, "", 0, 0,                                                               \
      "secret key of the links between the services, made by muster keys; empty: plain text, anybody")                 \
    X(database, "MUSTER_DATABASE", SET_SECRET, "", 0, 0,                                                               \
      "required: mysql://user:password@host:port/name?socket=/path&time_zone=...&ssl=...")                             \
    X(admin, "MUSTER_ADMIN", SET_TEXT, "", 0, 0, "address of the admin port; empty: none")                             \
    X(log_format, "MUSTER_LOG_FORMAT", SET_TEXT, "logfmt", 0, 0, "logfmt or json")                                     \
    X(log_level, "MUSTER_LOG_LEVEL", SET_TEXT, "info", 0, 0, "debug, info, warning or error")                          \
    X(connections, "MUSTER_WRITER_CONNECTIONS", SET_COUNT, "2", 1, 64,                                                   \
      "connections to the database: while one writes rows the next batch is prepared on another one")                       \
    X(batch, "MUSTER_WRITER_BATCH", SET_COUNT, "50", 1, 1000, "uploads in one transaction at most")                    \
    X(credit, "MUSTER_WRITER_CREDIT", SET_COUNT, "128", 1, 1024, "uploads held and not answered, for each parser")     \
    X(gather, "MUSTER_WRITER_GATHER", SET_MS, "50ms", 0, 10000,                                                          \
      "how long a batch is waited for that is not full while uploads come one after the other; a single one never waits") \
    X(record_max, "MUSTER_WRITER_RECORD_MAX", SET_BYTES, "256MiB", 1 << 20, 1LL << 31,                                 \
      "bytes of one unpacked record at most")                                                                          \
    X(memory_max, "MUSTER_WRITER_MEMORY_MAX", SET_BYTES, "1GiB", 16 << 20, 1LL << 40,                                  \
      "memory for one transaction's plan at most")                                                                     \
    X(dictionary, "MUSTER_WRITER_DICTIONARY", SET_COUNT, "200000", 1000, 100000000,                                    \
      "words kept in memory for each of the three software dictionaries")                                              \
    X(sections_absent, "MUSTER_WRITER_SECTIONS_ABSENT", SET_TEXT, "keep", 0, 0,                                        \
      "what an absent section of an upload means: keep its rows (as OCS does) or clear them")                          \
    X(sections, "MUSTER_SECTIONS_FILE", SET_TEXT, "", 0, 0,                                                            \
      "file that declares further sections, the same as the parsers have; empty: none")                                \
    X(ocs_sessions, "MUSTER_OCS_SESSIONS", SET_FLAG, "no", 0, 0,                                                        \
      "end sessions in OCS's table prolog_conntrack too; the same as the gateways have")                               \
    X(accept_tag, "MUSTER_WRITER_ACCEPT_TAG", SET_FLAG, "no", 0, 0,                                                    \
      "take ACCOUNTINFO of known devices too (OCS: ACCEPT_TAG_UPDATE_FROM_CLIENT); as for the gateways")               \
    X(asset_tag_duplicates, "MUSTER_WRITER_ASSET_TAG_DUPLICATES", SET_FLAG, "yes", 0, 0,                                 \
      "AUTO_DUPLICATE_LVL 32: equal asset tags count; no: as with OCS nothing is merged when the level has 32")         \
    X(columns_refresh, "MUSTER_WRITER_COLUMNS_REFRESH", SET_MS, "5min", 10, 86400000,                                \
      "how often the columns of the database are read again")                                                          \
    X(config_refresh, "MUSTER_WRITER_CONFIG_REFRESH", SET_MS, "2s", 10, 60000,                                          \
      "age at most of OCS's options (table config)")                                                                   \
    X(assets_refresh, "MUSTER_WRITER_ASSETS_REFRESH", SET_MS, "5min", 10, 86400000,                                    \
      "how often the queries of asset categories are run again")                                                       \
    X(retry_for, "MUSTER_WRITER_RETRY_FOR", SET_MS, "30s", 0, 3600000,                                                 \
      "how long a batch is held and tried again while the database is away")                                           \
    X(jobs_period, "MUSTER_WRITER_JOBS_PERIOD", SET_MS, "10s", 20, 3600000,                                            \
      "how often background jobs (groups, caches of words) are looked at")                                             \
    X(jobs_statement, "MUSTER_WRITER_JOBS_STATEMENT", SET_MS, "60s", 100, 3600000,                                     \
      "what one statement of a background job may take at most")                                                       \
    X(drain, "MUSTER_WRITER_DRAIN", SET_MS, "25s", 0, 3600000, "time to finish the batch in hand after SIGTERM")
/* clang-format on */

struct writer_settings {
    WRITER_SETTINGS(SETTING_FIELD)
};

#endif
