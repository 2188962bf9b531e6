/**
 * The gateway put together: HTTP in front, the spool behind, the look-ups beside, the link to the parsers at its end.
 */
#ifndef MUSTER_GATEWAY_SERVER_H
#define MUSTER_GATEWAY_SERVER_H

#include "common/base/buffer.h"
#include "common/base/cleanup.h"
#include "common/inflate/inflate.h"
#include "services/gateway/access.h"
#include "services/gateway/account_reply.h"
#include "services/gateway/activity.h"
#include "services/gateway/agent_gate.h"
#include "services/gateway/export.h"
#include "services/gateway/gateway_settings.h"
#include "services/gateway/herd.h"
#include "services/gateway/lookup.h"
#include "services/gateway/offer.h"
#include "services/gateway/rate_limit.h"
#include "services/gateway/spool/spool.h"
#include "services/gateway/trusted.h"

/** What a loop's thread needs to read a request; never shared. */
struct loop_tools {
    struct inflater *inflater;
    char *scratch;        /**< LOOP_SCRATCH bytes for the envelope */
    struct buffer memory; /**< for a document that must be converted to UTF-8 */
};

enum { LOOP_SCRATCH = 64 << 10 };

/** What handlers see. Unchanged while requests are served, but for what locks itself. */
struct gateway {
    const struct gateway_settings *set;
    struct spool *spool;
    struct lookup *lookup;
    struct agent_gate *gate;
    struct trusted *trusted;
    struct rate_limit *rate;
    struct herd herd;
    struct exporter *exporter;
    struct access *access;
    struct activity *activity;
    struct account_columns *columns;
    struct reply_coders *coders;
    struct loop_tools *loops; /**< one for each HTTP thread */
};

struct server;

/** What the server is put together from; all of it must stay until server_drain() is over. */
struct server_parts {
    const struct gateway_settings *set;
    struct spool *spool;
    struct lookup *lookup;
    struct offer *offer;
    struct exporter *exporter; /**< must stay until the spool is closed; NULL: nothing is exported */
};

/**
 * Open the listeners: requests are served when it returns.
 * @retval ST_INVALID  @retval ST_CONFLICT  @retval ST_IO  @retval ST_NOT_FOUND  @retval ST_NO_MEMORY  (`why` says which)
 */
MUST_CHECK status server_start(const struct server_parts *parts, struct server **out, struct reason *why);
/** One log line: the addresses as bound; a second one when the certificate is our own. */
void server_announce(const struct server *s);
/** Lines for /status: see admin_status_fn. `ctx` is the server. */
void server_status(void *ctx, struct buffer *out);
/** Lines for /events: whether an INVENTORY of the device rests in the spool. See admin_device_fn. `ctx` is the server. */
void server_device(void *ctx, struct view deviceid, struct buffer *out);

/**
 * Refuse new requests, answer what was begun, then let parsers take what rests in the spool, until it is empty, nobody takes, or the
 * time is over.
 * @param left  uploads that still rest in the spool: safe, offered again at the next start
 * @return requests that were cut at the deadline
 */
size_t server_drain(struct server *s, int64_t drain_ms, int64_t *left);
/** Once a second. activity.log: opened again when `force`. Files of certificates and users: read again if they have changed, or whatever
 *  they are when `force`; a fault is logged, and what was read before stays in use. Whether the pipeline lags: see herd.h. Main's thread. */
void server_refresh(struct server *s, bool force);
/** Only after everything that may still answer a request (look-ups, spool) has ended. NULL is allowed. */
void server_destroy(struct server *s);
AUTO_DEFINE(struct server, server_destroy)

#endif
