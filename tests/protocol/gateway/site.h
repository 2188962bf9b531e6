/**
 * A gateway for one test: its own spool, its own database, a unix socket to ask it through.
 */
#ifndef MUSTER_TESTS_PROTOCOL_GATEWAY_SITE_H
#define MUSTER_TESTS_PROTOCOL_GATEWAY_SITE_H

#include "services/gateway/server.h"

struct site {
    char folder[64];
    char http[128], bind[128], spool_dir[128];
    struct gateway_settings set;
    struct db_target target;
    struct spool *spool;
    struct lookup *lookup;
    struct offer *offer;
    struct exporter *exporter;
    struct server *server;
};

/**
 * @param database  name of its database, made with OCS's tables; NULL: a database that is away
 * @param sql       run before the start, NULL at the end; NULL: nothing
 * @param change    of the settings, may be NULL
 */
void site_start(struct site *s, const char *database, const char *const *sql,
                void (*change)(struct gateway_settings *set));
/** Drains and removes everything. */
void site_stop(struct site *s);

struct site_reply {
    int status;         /**< 0: no answer */
    char head[2048];    /**< with the empty line behind it */
    struct buffer body; /**< as it came */
};

/** Send `request`, everything from the request line to the body, and read until the gateway closes. */
void site_send(const struct site *s, struct view request, struct site_reply *out);
/** POST `body` to /ocsinventory; `headers` are further lines, each with CRLF. */
void site_post(const struct site *s, const char *headers, struct view body, struct site_reply *out);
void site_reply_clear(struct site_reply *r);

/** The next upload of the spool, acknowledged by this call, or NULL when nothing is pending. Owned by the caller: free(). */
uint8_t *site_take(struct site *s, struct upload_head *head, struct view *body);

#endif
