/**
 * Listening at an address that an operator wrote. Private to common/link.
 *
 * Threads: the caller's.
 */
#ifndef MUSTER_COMMON_LINK_BIND_H
#define MUSTER_COMMON_LINK_BIND_H

#include "common/link/addresses.h"

/** @param bound  where it listens, the port filled in  @retval ST_INVALID  @retval ST_CONFLICT in use  @retval ST_IO */
MUST_CHECK status bind_at(void *socket, const char *text, char bound[ADDRESS_TEXT], struct reason *why);

#endif
