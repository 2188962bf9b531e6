/**
 * A server with five routes:
 *   /echo    says what the handler saw, at once
 *   /later   the same, from another thread
 *   /hold    is kept until site_release(), on whatever thread that is called
 *   /big     answers more than the sockets' buffers take
 *   /secret  counts how often it was reached: what a smuggled request would ask for
 */
#ifndef MUSTER_TESTS_PROTOCOL_HTTP_SITE_H
#define MUSTER_TESTS_PROTOCOL_HTTP_SITE_H

#include "common/http/http.h"
#include "common/http/http_metrics.h"

#include <pthread.h>
#include <stdatomic.h>

enum { SITE_HELD_MAX = 64, SITE_BIG = 32 << 20 };

struct site {
    struct http_server *server;
    char *big; /**< SITE_BIG bytes */
    atomic_uint secrets;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_request *later[SITE_HELD_MAX]; /**< for the worker */
    size_t later_count;
    struct http_request *held[SITE_HELD_MAX];
    size_t held_count;
    bool stop;
    pthread_t worker;
};

/** Start; fails the test when that is not possible. */
struct site *site_new(const struct http_settings *set);
/** On 127.0.0.1, any port, defaults otherwise. */
struct site *site_plain(void);
const char *site_address(const struct site *site);
void site_wait_held(struct site *site, size_t count);
/** Answers all held requests, each with the length of its body. */
void site_release(struct site *site);
/** Wait until a counter of common/http has this value: h2o's own refusals are counted a moment later. */
bool site_wait_metric(metric *counter, int64_t want);
void site_free(struct site *site);
static inline void site_free_p(struct site **site)
{
    site_free(*site);
}

#endif
