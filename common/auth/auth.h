/**
 * User and password of HTTP's Basic scheme against a file of hashes: lines `user:hash`, '#' begins a comment; a hash is what crypt(3)
 * verifies and calls strong: yescrypt ($y$), bcrypt ($2b$, $2y$: `htpasswd -B`), SHA-512 ($6$: `openssl passwd -6`).
 *
 * Hashing is slow on purpose. So it is done on a thread of its own, once for each pair of user and password: a pair that was right is
 * remembered (as a digest with a salt of this process) and costs nothing from then on, until the file changes. Wrong pairs of one
 * client are counted: after AUTH_FAILURES in AUTH_WINDOW_S nothing unknown of it is hashed any more until the window is over; pairs that
 * are known to be right go through. Comparisons take the same time wherever texts differ, and an unknown user costs what a wrong
 * password does.
 *
 * Threads: auth_new, auth_refresh, auth_stop, auth_destroy in main; everything else from any thread.
 */
#ifndef MUSTER_COMMON_AUTH_AUTH_H
#define MUSTER_COMMON_AUTH_AUTH_H

#include "common/base/bytes.h"
#include "common/base/cleanup.h"
#include "common/base/status.h"

enum { AUTH_FAILURES = 10, AUTH_WINDOW_S = 60, AUTH_QUEUE = 1024 };

struct auth;

/** @param file  must be readable and have a user  @retval ST_INVALID a line is wrong: `why` names it  @retval ST_NOT_FOUND  @retval ST_IO */
MUST_CHECK status auth_new(const char *file, struct auth **out, struct reason *why);
/** Read the file again if it has changed, or whatever it is when `force`. Failures are forgotten with it. On a fault the users stay as they were.
 *  @param changed  whether new ones are in use now */
MUST_CHECK status auth_refresh(struct auth *a, bool force, bool *changed, struct reason *why);
/** What waits is answered AUTH_BUSY, and so is whatever comes later. */
void auth_stop(struct auth *a);
void auth_destroy(struct auth *a); /**< NULL is allowed */
AUTO_DEFINE(struct auth, auth_destroy)

enum auth_verdict {
    AUTH_YES,
    AUTH_MISSING, /**< no credentials, or none of the Basic scheme */
    AUTH_WRONG,
    AUTH_LIMITED, /**< too many wrong pairs of this client */
    AUTH_BUSY,    /**< too many wait to be hashed */
    AUTH_LATER,   /**< auth_check() only: `done` will be called */
};

typedef void auth_done_fn(void *ctx, enum auth_verdict verdict);

/**
 * Is this who he says?
 *
 * @param header  value of Authorization; must stay valid until `done`
 * @param client  bytes of the client's address, for counting; of 16 bytes the first 8 count (an IPv6 host has a whole network)
 * @param done    called on auth's thread when AUTH_LATER was returned, with any other verdict, once; must not block
 */
enum auth_verdict auth_check(struct auth *a, struct view header, struct view client, auth_done_fn *done, void *ctx);

#endif
