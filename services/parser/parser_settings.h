/** The parser's settings: one row each. */
#ifndef MUSTER_PARSER_SETTINGS_H
#define MUSTER_PARSER_SETTINGS_H

#include "common/settings/settings.h"

/* clang-format off */
/*    field          environment                  type       default                          min     max        meaning */
#define PARSER_SETTINGS(X) \
    X(gateways,      "MUSTER_PARSER_GATEWAYS",     SET_TEXT,  "ipc:///run/muster/gateway.sock", 0,     0,         "link addresses of the gateways, separated by commas; a TCP name stands for all its addresses") \
    X(bind,          "MUSTER_PARSER_BIND",         SET_TEXT,  "ipc:///run/muster/parser.sock",  0,     0,         "link address for writers") \
    X(link_key,      "MUSTER_LINK_KEY",            SET_SECRET, "",                             0,     0,         "secret key of the links between the services, made by muster keys; empty: plain text, anybody") \
    X(threads,       "MUSTER_PARSER_THREADS",      SET_COUNT, "1",                             1,     64,        "threads that parse") \
    X(credit,        "MUSTER_PARSER_CREDIT",       SET_COUNT, "128",                           1,     1024,      "uploads held and not yet in the database, per gateway") \
    X(inflated_max,  "MUSTER_PARSER_INFLATED_MAX", SET_BYTES, "128MiB",                        65536, 1LL << 31, "largest text of one upload") \
    X(ratio_max,     "MUSTER_PARSER_RATIO_MAX",    SET_COUNT, "1100",                          2,     100000,    "largest text above 1 MiB, in times the body") \
    X(depth_max,     "MUSTER_PARSER_DEPTH_MAX",    SET_COUNT, "64",                            8,     1000,      "elements open at once") \
    X(elements_max,  "MUSTER_PARSER_ELEMENTS_MAX", SET_COUNT, "4000000",                       1000,  100000000, "elements of one document") \
    X(names_max,     "MUSTER_PARSER_NAMES_MAX",    SET_COUNT, "32768",                         100,   100000,    "different names of elements and attributes in one document") \
    X(rows_max,      "MUSTER_PARSER_ROWS_MAX",     SET_COUNT, "250000",                        1000,  10000000,  "rows of one section") \
    X(value_max,     "MUSTER_PARSER_VALUE_MAX",    SET_BYTES, "4MiB",                          65536, 1 << 30,   "one value") \
    X(record_max,    "MUSTER_PARSER_RECORD_MAX",   SET_BYTES, "60MiB",                         65536, 1 << 30,   "one record on its way to a writer") \
    X(held_max,      "MUSTER_PARSER_HELD_MAX",     SET_BYTES, "256MiB",                        1 << 20, 1LL << 40, "records that wait for writers; above it nothing more is parsed") \
    X(lost_max,      "MUSTER_PARSER_LOST_MAX",     SET_COUNT, "1",                             1,     100,       "writers that may fall silent over one record before the gateway gets its upload back") \
    X(lz4,           "MUSTER_PARSER_LZ4",          SET_FLAG,  "no",                            0,     0,         "pack records; worth it where they leave the host") \
    X(sanitize,      "MUSTER_PARSER_SANITIZE",     SET_FLAG,  "no",                            0,     0,         "as OCS, put 1 for values that look like an attack on SQL: a=(b), if (x), sleep(1)") \
    X(sections,      "MUSTER_SECTIONS_FILE",       SET_TEXT,  "",                              0,     0,         "file that declares further sections, the same as the writers have; empty: none") \
    X(drain_time,    "MUSTER_PARSER_DRAIN_TIME",   SET_MS,    "10s",                           0,     600000,    "from SIGTERM until what writers have not answered goes back to the gateways") \
    X(admin,         "MUSTER_ADMIN",               SET_TEXT,  "",                              0,     0,         "admin port: host:port or unix:/path; empty: none") \
    X(log_format,    "MUSTER_LOG_FORMAT",          SET_TEXT,  "logfmt",                        0,     0,         "logfmt or json") \
    X(log_level,     "MUSTER_LOG_LEVEL",           SET_TEXT,  "info",                          0,     0,         "debug, info, warning or error")
/* clang-format on */

struct parser_settings {
    PARSER_SETTINGS(SETTING_FIELD)
};

#endif
