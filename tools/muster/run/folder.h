/**
 * The data folder of `muster up`: what is where, and who has it.
 *
 *   db/            the private MariaDB          tls/         certificate and key of the gateways
 *   spool/<n>/     of gateway n                 log/         one file per process, up.log of the supervisor
 *   run/           lock, up.json, sockets          tmp/         of that MariaDB alone
 *
 * The lock is a flock() on run/lock that the supervisor holds and its children inherit: it is free again only when the last of
 * them is gone, however they ended. So no process id has to be trusted.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_FOLDER_H
#define MUSTER_TOOLS_FOLDER_H

#include "common/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    FOLDER_MAX = 1024,      /**< bytes of the folder's path */
    FOLDER_PATH_MAX = 1200, /**< of a path below it */
    SOCKET_PATH_MAX = 107,  /**< of a unix socket: sun_path without its end */
};

struct folder {
    char data[FOLDER_MAX];    /**< absolute */
    char sockets[FOLDER_MAX]; /**< where the sockets are: <data>/run, or a short folder elsewhere */
    bool sockets_elsewhere;   /**< the path is too long or has characters that addresses of sockets cannot have */
};

/** `<data>/<name>`. */
void folder_path(const struct folder *f, const char *name, char out[static FOLDER_PATH_MAX]);

/** A folder that is there. @retval ST_NOT_FOUND  @retval ST_TOO_BIG path too long */
MUST_CHECK status folder_find(const char *data, struct folder *out, struct reason *why);

/** Make what is missing, for `up`. The folders of the database, the spools and the sockets are for their owner only. */
MUST_CHECK status folder_make(const char *data, struct folder *out, struct reason *why);

/** Would a socket of ours fit below `<data>/run`, and could its path stand in an address? Pure; for tests. */
bool folder_sockets_fit(const char *data);

/**
 * Take the lock. The descriptor is inherited by children on purpose and lives until the process ends.
 * @retval ST_CONFLICT  somebody has it: `why` names the folder and, when known, the process
 */
MUST_CHECK status folder_lock(const struct folder *f, int *fd_out, struct reason *why);
bool folder_in_use(const struct folder *f);

#endif
