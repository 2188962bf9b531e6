/**
 * Addresses of listeners and the sockets behind them. Inner header of common/http.
 *
 * TCP: one socket for each loop thread with SO_REUSEPORT, so that the kernel spreads connections (one socket shared by four
 * threads gave one of them half of all connections). Unix: one socket, a descriptor of it for each thread.
 *
 * Threads: main only.
 */
#ifndef MUSTER_COMMON_HTTP_LISTEN_H
#define MUSTER_COMMON_HTTP_LISTEN_H

#include "common/base/status.h"

enum { LISTEN_TEXT = 128 };

/**
 * @param address    "127.0.0.1:8080", "[::1]:80", "unix:/path"
 * @param unix_mode  of the socket's file
 * @param fds        `count` descriptors, owned by the caller
 * @param bound      the address with the port that was really taken
 * @retval ST_INVALID  no such form  @retval ST_CONFLICT  somebody listens there  @retval ST_IO
 */
MUST_CHECK status listen_open(const char *address, unsigned unix_mode, int *fds, unsigned count,
                              char bound[LISTEN_TEXT], struct reason *why);
/** Remove the file of a unix socket; nothing for any other address. */
void listen_remove(const char *address);

#endif
