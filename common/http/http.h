/**
 * The HTTP server: libh2o (evloop) in one place. Listeners, threads, limits, the framing check, trusted proxies, TLS, answers
 * from other threads, drain. A service gives it a table of routes.
 *
 * HTTP/1.1 and 1.0 only: no h2 in ALPN, no upgrade (the packaged h2o's HTTP/2 has known denial-of-service holes). A request whose
 * end could be read differently by a proxy in front of us is answered 400 and its connection closed, before any handler; bodies in
 * chunks are decoded by a decoder of our own (chunks.h).
 *
 * Answered without a handler: 400 (framing, broken chunks), 404 (no route), 408 (slower than `rate_min`, longer than
 * `request_ms`), 413 (`body_max`), 417 (an Expect that is not 100-continue), 431 (headers above 64 KiB), 503 (`bodies_max`).
 * All but 404 close the connection. An idle connection that has had its time is closed without a word.
 *
 * No type of h2o crosses this header.
 *
 * Threads: handlers run on a loop's thread and must not block. http_answer() may be called from any thread.
 */
#ifndef MUSTER_COMMON_HTTP_HTTP_H
#define MUSTER_COMMON_HTTP_HTTP_H

#include "common/base/cleanup.h"
#include "common/upload/upload.h"

struct http_server;
struct http_request;
struct tls_context;  /* common/tls/tls.h */
struct metric_table; /* common/metrics/metrics.h */

/** Counters of all servers of the process; for metrics_register(). */
extern const struct metric_table http_metrics_table;

/** What a handler sees. Valid until http_answer(), for any thread, unmoved. */
struct http_view {
    struct view method;         /**< "POST" */
    struct view path;           /**< normalised, without query string, percent-decoded: "/ocsinventory/deploy/label" */
    struct view query;          /**< behind the '?', absent when none */
    struct view agent;          /**< User-Agent as sent, absent when none */
    struct view content_type;   /**< absent when none */
    struct view authorization;  /**< absent when none */
    struct view body;           /**< whole body; empty when none */
    struct upload_address from; /**< the peer, or what a trusted proxy said about it */
    struct view
        client_key; /**< SHA-256 of the key in the client's certificate, 64 hex digits; absent: it showed none */
    bool https;     /**< TLS here, or at a trusted proxy (X-Forwarded-Proto, Forwarded) */
    bool http10;
    unsigned thread; /**< number of the loop thread, from 0 */
};

typedef void http_handler(void *ctx, struct http_request *request);

struct http_route {
    const char *path; /**< prefix at a '/' border: "/ocsinventory" takes "/ocsinventory", "/ocsinventory/" and below */
    http_handler *handler;
    void *ctx;
};

/** Bounds and addresses. 0 and NULL mean: default. */
struct http_settings {
    const char *http;         /**< "127.0.0.1:8080", "[::1]:80", "unix:/path"; NULL or "": none; port 0: any free one */
    const char *https;        /**< the same; needs `tls` */
    const char *http_proxied; /**< a further plain listener on which every connection must begin with a PROXY v1 or v2
                                    header, believed only from `proxies`; NULL or "": none */
    struct tls_context *tls;
    const char *proxies; /**< trusted proxies: addresses and networks, separated by commas or blanks; the word "unix"
                                    trusts the peers of a unix socket */
    unsigned unix_mode;  /**< of the file of a unix socket; default 0660 */
    unsigned threads;    /**< event loops; default 1 */
    size_t body_max;     /**< bytes of one body; above: 413 (chunked: from it on); default 32 MiB */
    size_t bodies_max;   /**< bytes of all bodies in memory, also of those on their way; above: 503 with
                                    Retry-After; default 512 MiB. While a body grows, h2o's buffer may take three times as much */
    unsigned connections_max; /**< over all threads; above: not accepted until one ends, and the one that has been
                                    idle longest is ended; default 10000 */
    unsigned request_ms;      /**< header and body together; what an answer may take to be read; default 120000 */
    unsigned idle_ms;         /**< until a connection on which nothing was begun is closed; default `request_ms` */
    unsigned rate_min;        /**< bytes a second that a body must bring after its first 5 s; default 500 */
    unsigned handshake_ms;    /**< TLS, PROXY header; default 10000 */
    unsigned retry_after_s;   /**< for 503 and 429; default 30 */
};

/**
 * Open the listeners and start the threads; requests are served when it returns.
 *
 * @param routes  the first that fits is taken; no route: 404. Copied; ctx must outlive the server.
 * @retval ST_INVALID an address or network is wrong  @retval ST_CONFLICT address in use  @retval ST_IO  (`why` says which)
 */
MUST_CHECK status http_server_new(const struct http_settings *set, const struct http_route *routes, size_t route_count,
                                  struct http_server **out, struct reason *why);
/** The address as bound, "127.0.0.1:43211", for a listener of port 0; "" when there is none. */
const char *http_server_address(const struct http_server *s, bool https);
const char *http_server_proxied_address(const struct http_server *s); /**< the same for `http_proxied` */
/** Stop listening, close idle connections, wait until what was begun is answered, at most `wait_ms`.
 *  @return connections that were still busy at the deadline; they are closed, those whose request a handler has as soon as it
 *          is answered */
size_t http_server_drain(struct http_server *s, int wait_ms);
/** Drains with 0 ms if that was not done, ends the threads. Every request must have been answered. NULL is allowed. */
void http_server_destroy(struct http_server *s);
AUTO_DEFINE(struct http_server, http_server_destroy)

const struct http_view *http_request_view(const struct http_request *request);
/** Memory that lives as long as the request (until http_answer()); NULL when out. Loop thread only, inside the handler. */
void *http_request_alloc(struct http_request *request, size_t len);

struct http_response {
    int status;
    const char *content_type;  /**< NULL: none */
    const char *cache_control; /**< NULL: none */
    const char *challenge;     /**< of a 401: WWW-Authenticate; NULL: none */
    struct view body;          /**< copied; Content-Length is always sent */
    unsigned retry_after_s;    /**< 0: none */
    bool close;                /**< close the connection behind it */
};

/** Answer a request, once; `request` and its view are gone afterwards. Any thread. */
void http_answer(struct http_request *request, const struct http_response *response);
/** Call the handler again on the request's own loop, as if it had just come: for who had to ask something on another thread before it
 *  could be served. Instead of an answer; any thread. If its connection has gone meanwhile it is not called. */
void http_resume(struct http_request *request, http_handler *handler, void *ctx);
/** Status with a short plain text body; 400, 429 and 5xx close the connection, 503 and 429 say Retry-After. */
void http_answer_status(struct http_request *request, int code, const char *text);

#endif
