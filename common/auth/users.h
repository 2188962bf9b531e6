/**
 * The users of one file. Inner header of common/auth.
 *
 * Threads: one at a time, but for users_find().
 */
#ifndef MUSTER_COMMON_AUTH_USERS_H
#define MUSTER_COMMON_AUTH_USERS_H

#include "common/auth/auth.h"

enum { USER_DIGEST = 32 };

struct user {
    const char *name, *hash;
    bool is_known;                    /**< a password of it was right: */
    unsigned char known[USER_DIGEST]; /**< the digest of that pair */
};

struct users {
    char *text;
    struct user *list; /**< sorted by name */
    size_t count;
};

/** @retval as auth_new() */
MUST_CHECK status users_read(const char *file, struct users *out, struct reason *why);
void users_clear(struct users *u);
struct user *users_find(const struct users *u, const char *name);

#endif
