/**
 * Asks a service's admin socket. The connection is kept, so a question takes far less than a millisecond.
 *
 * Threads: one client, one thread at a time. curl is known here and in commands/import.c only.
 */
#ifndef MUSTER_TOOLS_ADMIN_CLIENT_H
#define MUSTER_TOOLS_ADMIN_CLIENT_H

#include "common/base/buffer.h"

struct admin_client;

/** @param socket  path; copied  @return NULL when memory is out */
struct admin_client *admin_client_new(const char *socket);
void admin_client_free(struct admin_client *c); /**< NULL is allowed */
AUTO_DEFINE(struct admin_client, admin_client_free)

/**
 * GET `path` ("/status", "/readyz", "/metrics").
 *
 * @param body  its content becomes the answer; NULL: not wanted
 * @param code  the HTTP status
 * @retval ST_UNAVAILABLE  no answer within a second  @retval ST_TOO_BIG  @retval ST_NO_MEMORY
 */
MUST_CHECK status admin_client_get(struct admin_client *c, const char *path, struct buffer *body, long *code);

#endif
