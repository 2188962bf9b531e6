/**
 * The handlers of requests: one per QUERY and per GET, named in two tables (routes.c, handle_request.c). Each answers its
 * exchange exactly once, now or later, and never blocks the loop it is called on.
 */
#ifndef MUSTER_GATEWAY_HANDLERS_H
#define MUSTER_GATEWAY_HANDLERS_H

#include "common/upload/upload.h"
#include "services/gateway/exchange.h"

/** Every request below /ocsinventory: finds its row in the table of routes. `ctx` is the gateway. */
void gateway_route(void *ctx, struct http_request *request);

/** The same, for a request that was let in. */
void gateway_serve(struct exchange *x);

/** POST: unpack, read the envelope, find the QUERY's row. */
void handle_request(struct exchange *x, struct view unused);
/** GET .../deploy/NAME */
void handle_get_deploy(struct exchange *x, struct view name);
/** GET .../update/A/B/DIGITS */
void handle_get_update(struct exchange *x, struct view unused);

/* By QUERY. The envelope's views are valid during the call only. */
void handle_prolog(struct exchange *x, const struct upload_envelope *envelope);
void handle_inventory(struct exchange *x, const struct upload_envelope *envelope);
void handle_download(struct exchange *x, const struct upload_envelope *envelope);
void handle_notify(struct exchange *x, const struct upload_envelope *envelope);
void handle_snmp(struct exchange *x, const struct upload_envelope *envelope);
void handle_update(struct exchange *x, const struct upload_envelope *envelope);
/** NETDISCOVERY, SNMPQUERY: counted, not stored; 200 without a body. */
void handle_unstored(struct exchange *x, const struct upload_envelope *envelope);

#endif
