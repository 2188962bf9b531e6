/**
 * The admin port of a service: GET /healthz (the process works), /readyz (every named condition holds), /metrics (Prometheus
 * text), /status (the same as JSON, for `muster status`), /events?device=DEVICEID&from=ADDRESS (what the log keeps about a device,
 * for `muster why`). No agent ever talks to it.
 *
 * Threads: conditions and last error may be set from any thread.
 */
#ifndef MUSTER_COMMON_ADMIN_ADMIN_H
#define MUSTER_COMMON_ADMIN_ADMIN_H

#include "common/base/buffer.h"
#include "common/base/cleanup.h"

struct admin;

/** More lines for /status: append `"name": value` pairs, each followed by a comma. Called on the admin thread. */
typedef void admin_status_fn(void *ctx, struct buffer *out);

/**
 * @param address     "127.0.0.1:9101", "unix:/run/gateway-1.admin"; "" or NULL: no port is opened, everything else works
 * @param service     name in /status
 * @param conditions  names, NULL at the end, all false at first; /readyz is 200 when all are true. Must stay valid.
 * @retval ST_INVALID  @retval ST_CONFLICT  @retval ST_IO  (`why` says which)
 */
MUST_CHECK status admin_start(const char *address, const char *service, const char *const *conditions,
                              struct admin **out, struct reason *why);
void admin_set(struct admin *a, const char *condition, bool holds);
/** The last fault, for /status: kept with its time until the next one. */
void admin_last_error(struct admin *a, const struct reason *why);
/** `ctx` must outlive the admin port or be taken back with NULL. */
void admin_on_status(struct admin *a, admin_status_fn *fn, void *ctx);
/** The same for /events: what is known about a device beside its events. `deviceid` is as it was asked. */
typedef void admin_device_fn(void *ctx, struct view deviceid, struct buffer *out);
void admin_on_device(struct admin *a, admin_device_fn *fn, void *ctx);
void admin_stop(struct admin *a); /**< NULL is allowed */
AUTO_DEFINE(struct admin, admin_stop)

#endif
