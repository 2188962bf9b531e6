/** The gateway's settings: one row each. A default of 0 or "" is explained in the row. */
#ifndef MUSTER_GATEWAY_GATEWAY_SETTINGS_H
#define MUSTER_GATEWAY_GATEWAY_SETTINGS_H

#include "common/settings/settings.h"

#define GATEWAY_SETTINGS(X)                                                                                            \
    X(http, "MUSTER_GATEWAY_HTTP", SET_TEXT, "0.0.0.0:8080", 0, 0, "address for agents, plain HTTP; empty: none")      \
    X(https, "MUSTER_GATEWAY_HTTPS", SET_TEXT, "", 0, 0, "address for agents, HTTPS; empty: none")                     \
    X(http_proxied, "MUSTER_GATEWAY_HTTP_PROXIED", SET_TEXT, "", 0, 0,                                                 \
      "address for a load balancer that speaks the PROXY protocol; empty: none")                                       \
    X(proxies, "MUSTER_GATEWAY_PROXIES", SET_TEXT, "", 0, 0,                                                           \
      "addresses and networks whose X-Forwarded-For and PROXY headers are believed")                                   \
    X(certificate, "MUSTER_GATEWAY_CERTIFICATE", SET_TEXT, "", 0, 0,                                                   \
      "PEM file, leaf first; empty: a self-signed one is made in tls-folder")                                          \
    X(key, "MUSTER_GATEWAY_KEY", SET_TEXT, "", 0, 0, "PEM file with the certificate's key")                            \
    X(tls_folder, "MUSTER_GATEWAY_TLS_FOLDER", SET_TEXT, "/var/lib/muster/tls", 0, 0,                                  \
      "where a self-signed certificate is kept")                                                                       \
    X(tls_names, "MUSTER_GATEWAY_TLS_NAMES", SET_TEXT, "", 0, 0,                                                       \
      "further names and addresses for the self-signed certificate")                                                   \
    X(client_ca, "MUSTER_GATEWAY_CLIENT_CA", SET_TEXT, "", 0, 0,                                                       \
      "PEM file: authorities of clients' certificates, and lists of revoked ones; empty: none is asked for")           \
    X(client_required, "MUSTER_GATEWAY_CLIENT_REQUIRED", SET_FLAG, "no", 0, 0,                                         \
      "who shows no such certificate is answered 403, also over plain HTTP")                                           \
    X(pin, "MUSTER_GATEWAY_PIN", SET_FLAG, "no", 0, 0,                                                                 \
      "a device that once showed a certificate is served only with one of the same key (table muster_pin)")            \
    X(users, "MUSTER_GATEWAY_USERS", SET_TEXT, "", 0, 0,                                                               \
      "file with user:hash lines; who is not in it is answered 401; empty: everybody is served")                       \
    X(realm, "MUSTER_GATEWAY_REALM", SET_TEXT, "OCS Inventory", 0, 0,                                                  \
      "what a 401 names; agents' setting realm must be the same")                                                      \
    X(bind, "MUSTER_GATEWAY_BIND", SET_TEXT, "ipc:///run/muster/gateway.sock", 0, 0,                                   \
      "address for parsers: ipc:///path or tcp://host:port")                                                           \
    X(link_key, "MUSTER_LINK_KEY", SET_SECRET, "", 0, 0,                                                               \
      "secret key of the links between the services, made by muster keys; empty: plain text, anybody")                 \
    X(spool_dir, "MUSTER_GATEWAY_SPOOL_DIR", SET_TEXT, "/var/spool/muster", 0, 0,                                      \
      "where accepted uploads rest until they are in the database")                                                    \
    X(spool_max, "MUSTER_GATEWAY_SPOOL_MAX", SET_BYTES, "2GiB", 1 << 20, 1LL << 44,                                    \
      "size of the spool; uploads above it are answered 503")                                                          \
    X(segment_size, "MUSTER_GATEWAY_SEGMENT_SIZE", SET_BYTES, "64MiB", 1 << 20, 1LL << 32,                             \
      "size of one file of the spool; larger than body-max")                                                           \
    X(spool_queue, "MUSTER_GATEWAY_SPOOL_QUEUE", SET_BYTES, "64MiB", 1 << 20, 1LL << 32,                               \
      "uploads that may wait for the disk; above: 503")                                                                \
    X(spool_uploads, "MUSTER_GATEWAY_SPOOL_UPLOADS", SET_COUNT, "2000000", 1000, 50000000,                             \
      "uploads that may rest in the spool, about 90 bytes of memory each; above: 503")                                 \
    X(attempts_max, "MUSTER_GATEWAY_ATTEMPTS_MAX", SET_COUNT, "3", 1, 1000,                                            \
      "deliveries of an upload that end with a dead consumer before it goes to quarantine")                            \
    X(suspect_pause, "MUSTER_GATEWAY_SUSPECT_PAUSE", SET_MS, "5s", 10, 600000,                                         \
      "how long an upload that was lost with two consumers waits at least before it is given to a third")              \
    X(id, "MUSTER_GATEWAY_ID", SET_COUNT, "0", 0, 65535,                                                               \
      "number of this gateway, different for each one of an installation")                                             \
    X(threads, "MUSTER_GATEWAY_THREADS", SET_COUNT, "2", 1, 64, "event loops")                                         \
    X(body_max, "MUSTER_GATEWAY_BODY_MAX", SET_BYTES, "32MiB", 1 << 10, 1LL << 30, "largest body; above: 413")         \
    X(bodies_max, "MUSTER_GATEWAY_BODIES_MAX", SET_BYTES, "512MiB", 1 << 20, 1LL << 36,                                \
      "all bodies in memory; above: 503")                                                                              \
    X(inflated_max, "MUSTER_GATEWAY_INFLATED_MAX", SET_BYTES, "128MiB", 1 << 16, 1LL << 31,                            \
      "largest unpacked body; above: 413")                                                                             \
    X(ratio_max, "MUSTER_GATEWAY_RATIO_MAX", SET_COUNT, "1100", 10, 2000,                                              \
      "times that a body may grow when unpacked; above: 413")                                                          \
    X(connections_max, "MUSTER_GATEWAY_CONNECTIONS_MAX", SET_COUNT, "10000", 1, 1000000,                               \
      "connections of agents; above: not accepted until one ends")                                                     \
    X(request_time, "MUSTER_GATEWAY_REQUEST_TIME", SET_MS, "120s", 100, 3600000,                                       \
      "for a request's header and body, and for an answer to be taken")                                                \
    X(rate_min, "MUSTER_GATEWAY_RATE_MIN", SET_BYTES, "500B", 1, 1 << 30,                                              \
      "a second that a request must bring after its first 5 s; below: 408")                                            \
    X(idle_time, "MUSTER_GATEWAY_IDLE_TIME", SET_MS, "120s", 100, 3600000,                                             \
      "until a connection on which nothing was begun is closed")                                                       \
    X(handshake_time, "MUSTER_GATEWAY_HANDSHAKE_TIME", SET_MS, "10s", 100, 600000, "for TLS and for a PROXY header")   \
    X(retry_after, "MUSTER_GATEWAY_RETRY_AFTER", SET_MS, "30s", 1000, 86400000, "Retry-After of 503 and 429")          \
    X(rate_max, "MUSTER_GATEWAY_RATE_MAX", SET_COUNT, "60000", 0, 6000000,                                             \
      "requests a minute from one address (IPv6: /64), but for trusted ones; above: 429; 0: no limit")                 \
    X(rate_addresses, "MUSTER_GATEWAY_RATE_ADDRESSES", SET_COUNT, "65536", 8, 1 << 24,                                 \
      "addresses whose requests are counted, 16 bytes each")                                                           \
    X(lag_uploads, "MUSTER_GATEWAY_LAG_UPLOADS", SET_COUNT, "50000", 0, 1LL << 40,                                     \
      "uploads in the spool above which a PROLOG is answered STOP and the device spread over PROLOG_FREQ; 0: any")     \
    X(lag_age, "MUSTER_GATEWAY_LAG_AGE", SET_MS, "10min", 0, 31536000000,                                              \
      "the same by the age of the oldest upload, when at least 100 wait; 0: any")                                      \
    X(lag_fill, "MUSTER_GATEWAY_LAG_FILL", SET_COUNT, "75", 1, 100,                                                    \
      "the same by percent of spool-max in use; 100: never")                                                           \
    X(drain_time, "MUSTER_GATEWAY_DRAIN_TIME", SET_MS, "25s", 0, 600000, "from SIGTERM to exit at most")               \
    X(lookup_threads, "MUSTER_GATEWAY_LOOKUP_THREADS", SET_COUNT, "2", 1, 64,                                          \
      "threads (and connections) that ask the database for waiting agents")                                            \
    X(lookup_queue, "MUSTER_GATEWAY_LOOKUP_QUEUE", SET_COUNT, "4096", 1, 1000000,                                      \
      "questions that may wait for the database; above: 503")                                                          \
    X(config_refresh, "MUSTER_GATEWAY_CONFIG_REFRESH", SET_MS, "2s", 10, 60000,                                        \
      "age at most of OCS's options (table config)")                                                                   \
    X(accept_tag, "MUSTER_GATEWAY_ACCEPT_TAG", SET_FLAG, "no", 0, 0,                                                   \
      "take ACCOUNTINFO of known devices too (OCS: ACCEPT_TAG_UPDATE_FROM_CLIENT); as for the writers")                \
    X(agents, "MUSTER_GATEWAY_AGENTS", SET_TEXT, "*", 0, 0,                                                            \
      "User-Agents that may ask for a PROLOG: PREFIX, PREFIX=FIRST..LAST, separated by commas; * is everybody")        \
    X(trusted, "MUSTER_GATEWAY_TRUSTED", SET_TEXT, "127.0.0.1", 0, 0,                                                  \
      "addresses, networks and patterns of clients that neither INVENTORY_SESSION_ONLY nor a filter concerns")         \
    X(ocs_sessions, "MUSTER_OCS_SESSIONS", SET_FLAG, "no", 0, 0,                                                       \
      "with INVENTORY_SESSION_ONLY: keep sessions in OCS's table prolog_conntrack too, for a cluster with OCS "        \
      "servers")                                                                                                       \
    X(agents_file, "MUSTER_GATEWAY_AGENTS_FILE", SET_TEXT, "", 0, 0,                                                   \
      "file with further User-Agents, one a line, each let in as it stands there (OCS_OPT_EXT_USERAGENTS_FILE_PATH)")  \
    X(activity_log, "MUSTER_GATEWAY_ACTIVITY_LOG", SET_TEXT, "", 0, 0,                                                 \
      "file for lines as in OCS's activity.log; opened again on SIGHUP; empty: none")                                  \
    X(database, "MUSTER_DATABASE", SET_SECRET, "mysql://ocs@localhost/ocsweb", 0, 0,                                   \
      "mysql://user:password@host:port/name?socket=/path")                                                             \
    X(admin, "MUSTER_ADMIN", SET_TEXT, "127.0.0.1:9101", 0, 0,                                                         \
      "address of the admin port: /healthz /readyz /metrics /status; empty: none")                                     \
    X(log_format, "MUSTER_LOG_FORMAT", SET_TEXT, "logfmt", 0, 0, "logfmt or json")                                     \
    X(log_level, "MUSTER_LOG_LEVEL", SET_TEXT, "info", 0, 0, "debug, info, warning or error")

struct gateway_settings {
    GATEWAY_SETTINGS(SETTING_FIELD)
};

#endif
