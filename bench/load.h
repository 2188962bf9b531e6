/**
 * The load generator: as many requests as a server takes over a number of connections, in one thread with epoll, like agents: POST of a
 * compressed body to /ocsinventory. Plain or TLS; connections are kept, or a new one for each request.
 *
 * Threads: one call, one thread; nothing is shared.
 */
#ifndef MUSTER_BENCH_LOAD_H
#define MUSTER_BENCH_LOAD_H

#include "common/base/bytes.h"
#include "common/base/status.h"

struct load_plan {
    const char *address;  /**< "127.0.0.1:8080" */
    bool tls;             /**< certificates are not checked */
    bool new_connections; /**< one for each request */
    unsigned connections; /**< open at a time */
    const struct view *bodies;
    size_t count; /**< requests; body number i % body_count */
    size_t body_count;
    double rate; /**< requests a second; 0: as many as can be */
};

struct load_result {
    size_t good;    /**< answered 200 */
    size_t refused; /**< another status */
    size_t broken;  /**< no whole answer */
    double seconds;
    double cpu_s; /**< of the generator */
    double p50_ms, p99_ms;
};

/** @retval ST_UNAVAILABLE  nobody listens there  @retval ST_NO_MEMORY  @retval ST_INVALID the address */
MUST_CHECK status load_run(const struct load_plan *plan, struct load_result *out);

#endif
