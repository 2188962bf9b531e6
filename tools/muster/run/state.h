/**
 * <data>/run/up.json: what runs, for the other commands. Written by the supervisor as a whole (never half a file); who reads
 * it asks the folder's lock whether it is still true.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_STATE_H
#define MUSTER_TOOLS_STATE_H

#include "common/base/cleanup.h"

#include "tools/muster/run/child.h"
#include "tools/muster/run/folder.h"

struct state_service {
    char name[24], kind[16];
    long pid;                        /**< 0: not running just now */
    char admin[SOCKET_PATH_MAX + 1]; /**< path of the admin socket; "" for mariadb */
    char http[96], https[96];        /**< gateway: addresses as bound */
    char log[FOLDER_PATH_MAX];
};

/** state_free(). */
struct state {
    long pid;                           /**< the supervisor */
    bool ready;                         /**< everything was ready once since it was started */
    char database[FOLDER_PATH_MAX * 3]; /**< URL; may hold a password: the file is for its owner only */
    size_t count;
    struct state_service services[];
};

MUST_CHECK status state_write(const struct folder *f, const struct plan *plan, const struct child *children, bool ready,
                              struct reason *why);

/**
 * What runs on this folder.
 * @retval ST_NOT_FOUND  nothing does  @retval ST_MALFORMED the file is not ours  @retval ST_NO_MEMORY
 */
MUST_CHECK status state_read(const struct folder *f, struct state **out, struct reason *why);
void state_free(struct state *s); /**< NULL is allowed */
AUTO_DEFINE(struct state, state_free)

#endif
