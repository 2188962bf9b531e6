/**
 * What the parts of the server know of each other. Inner header of common/http; the only one with h2o's types.
 *
 * One server has a few loops, each a thread with an event loop of its own. A loop has its listeners and its connections;
 * nothing of one loop is touched by another thread but `answers` (h2o's queue) and the atomics of the server.
 *
 *   server.c      settings, start, drain, end       listen.c        listening sockets
 *   loop.c        a loop's thread                   accept.c        caps, PROXY header, on to h2o
 *   connection.c  list of connections, time limits  refuse.c        answers to requests that never end
 *   request.c     from h2o's request to a handler       answer.c    and back
 *   framing.c, chunks.c, proxy.c, proxy_header.c   decisions about bytes, without sockets
 */
#ifndef MUSTER_COMMON_HTTP_INNER_H
#define MUSTER_COMMON_HTTP_INNER_H

#include "common/http/http.h"
#include "common/http/listen.h"
#include "common/http/proxy.h"
#include "common/tls/tls.h"

#include <h2o.h>
#include <pthread.h>
#include <stdatomic.h>

enum listener { LISTENER_HTTP, LISTENER_HTTPS, LISTENER_PROXIED, LISTENER_COUNT };

struct loop;

/** One listener of one loop. */
struct acceptor {
    struct loop *loop;
    enum listener kind;
    int fd;               /**< -1: there is none, or h2o owns it now */
    h2o_socket_t *socket; /**< NULL: there is none, or it was closed */
    h2o_accept_ctx_t accept;
};

/*
 *               +--------------------- answered, connection kept ----------------------+
 *               v                                                                      |
 *   PROXY --> OPEN (waits for a request, or receives one) --> PENDING (a handler) --> WRITING --> closed
 */
enum connection_state {
    CONNECTION_PROXY,   /**< its PROXY header is being read */
    CONNECTION_OPEN,    /**< handshake, waiting for a request, receiving one, or h2o is answering an error of its own */
    CONNECTION_PENDING, /**< a handler has the request: never closed by us, somebody reads its body */
    CONNECTION_WRITING, /**< the answer goes out */
};

/** One accepted socket, from accept until h2o has closed it. Its loop's thread only. */
struct connection {
    h2o_linklist_t link; /**< in loop->open or loop->busy, the longest there first */
    h2o_linklist_t turn; /**< in loop->turns */
    struct loop *loop;
    struct acceptor *acceptor;
    h2o_socket_t *socket;
    enum connection_state state;
    int64_t since_ms;   /**< when it came into this state */
    int64_t began_ms;   /**< OPEN: when a request was first seen to have begun; 0: none has */
    size_t read_before; /**< bytes that the connection had brought before that request */
    size_t counted;     /**< bytes of its body that are counted in server->bodies */
    size_t given;       /**< bytes that it had got when the last answer was written */
    bool is_ended;      /**< we have asked for its end */
    bool is_shaken;     /**< TLS: the handshake is done */
    bool is_refused;    /**< TLS: the handshake, or another one, was refused and counted */
    struct upload_address peer;
    h2o_socket_cb on_read;         /**< h2o's, kept while we refuse the request; else NULL */
    char client_key[TLS_KEY_TEXT]; /**< "": it showed no certificate */
    uint8_t *header;               /**< PROXY: PROXY_HEADER_MAX bytes, `header_len` of them read */
    size_t header_len;
};

/** A request that a handler has, from its dispatch until h2o is done with the answer. */
struct http_request {
    h2o_multithread_message_t message; /**< first: how an answer comes back to the loop */
    struct loop *loop;
    struct connection *connection; /**< valid while `req` is */
    h2o_req_t *req;                /**< NULL once h2o has disposed of it; loop's thread only */
    bool is_answered;              /**< the answer has been given to h2o; loop's thread only */
    struct http_view view;
    http_handler *resume; /**< instead of an answer */
    void *resume_ctx;
    struct http_response response; /**< its texts point into `copies` */
    char *copies;
};

struct loop {
    struct http_server *server;
    unsigned number;
    pthread_t thread; /**< for joining; main only */
    pthread_t self;   /**< the same, set by the thread itself before it is ready */
    h2o_context_t context;
    h2o_multithread_receiver_t answers;
    struct acceptor acceptors[LISTENER_COUNT];
    h2o_linklist_t open;                        /**< connections in PROXY and OPEN */
    h2o_linklist_t busy;                        /**< connections in PENDING and WRITING */
    h2o_linklist_t turns;                       /**< all of them; the next to be watched first */
    size_t count;                               /**< of all of them */
    uint64_t errors_seen[H2O_STATUS_ERROR_MAX]; /**< of h2o's own refusals, by status: those that are counted */
    h2o_timeout_t tick;
    h2o_timeout_entry_t tick_entry;
    bool is_paused; /**< not accepting */
    bool is_draining;
    bool is_cut;
};

/** How far the end has come; only ever rises. */
enum stage { STAGE_SERVE, STAGE_DRAIN, STAGE_CUT, STAGE_FINISH };

struct http_server {
    struct http_settings set; /**< numbers with defaults filled in; the texts are not kept */
    struct networks proxies;
    struct http_route *routes;
    size_t route_count;
    h2o_globalconf_t conf; /**< read-only once the threads run */
    bool has_conf;
    char bound[LISTENER_COUNT][LISTEN_TEXT];
    char slow_reply[160], full_reply[160]; /**< of refuse.c: h2o writes from here, long after the call */
    struct loop *loops;
    unsigned started; /**< threads to be joined */
    atomic_uint connections;
    atomic_size_t bodies; /**< bytes of bodies in memory, complete or not */
    atomic_int stage;     /**< enum stage; set by main, followed by the loops */
    pthread_mutex_t lock;
    pthread_cond_t changed;     /**< one of the three below */
    unsigned ready, empty, cut; /**< loops that serve; that have no connection left since the drain; that were cut */
    size_t busy_at_cut;
};

/* loop.c */
void *loop_run(void *loop); /**< the thread; NULL */

/* tls.c */
/** Watch handshakes: refused ones are counted, and a client's certificate is noted in its connection. `ctx` is an SSL_CTX. */
void handshakes_watch(void *ctx);

/* accept.c */
void acceptors_open(struct loop *loop);
void acceptors_listen(struct loop *loop, bool on);
void acceptors_resume(struct loop *loop); /**< listen again, if there is room */
void acceptors_press(struct loop *loop);  /**< make room, if somebody may be waiting for it */
void acceptors_close(struct loop *loop);

/* connection.c */
/** @return NULL when memory is out */
struct connection *connection_new(struct acceptor *acceptor, h2o_socket_t *socket);
void connection_enter(struct connection *c, enum connection_state state);
struct connection *connection_of(h2o_req_t *req);
/** Count `len` bytes for the connection's body in place of what was counted. */
void connection_count_body(struct connection *c, size_t len);
enum { WATCH_PARTS = 5 /**< calls in which every connection has had its turn */ };
/** Time limits, minimum rate and memory of the connections whose turn it is; while draining, the idle ones' end. */
void connections_watch(struct loop *loop);
/** Make room: close the one that has been idle longest. */
void connections_shed(struct loop *loop);
/** Close all but those whose request a handler has. @return how many were busy, those included */
size_t connections_cut(struct loop *loop);

/* refuse.c */
/** Count a request that h2o has refused by itself. */
void refusals_count(struct loop *loop);
void refusals_prepare(struct http_server *server);
/** Answer a request that has not arrived completely, and close. @param code 408 or 503 */
void connection_refuse(struct connection *c, int code);

/* request.c */
void requests_configure(h2o_hostconf_t *host);

/* answer.c */
void request_free(struct http_request *r);
void requests_on_answers(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages);
const char *status_phrase(int code);

#endif
