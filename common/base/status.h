/**
 * One error convention for the whole project: a function that can fail returns `status`; one that cannot
 * returns its value or nothing. Where an operator needs more than a word, the caller passes a `struct reason`.
 *
 * Threads: everything here is pure; a `struct reason` belongs to its caller.
 */
#ifndef MUSTER_COMMON_BASE_STATUS_H
#define MUSTER_COMMON_BASE_STATUS_H

#include <stddef.h>

#define STATUS_LIST(X)                                                                                                 \
    /* code            log name        HTTP */                                                                         \
    X(ST_OK, "ok", 200)                                                                                                \
    X(ST_AGAIN, "again", 503)             /* nothing happened; the same call may work later */                         \
    X(ST_UNAVAILABLE, "unavailable", 503) /* something we depend on is away (database, peer) */                        \
    X(ST_MALFORMED, "malformed", 400)     /* the input is wrong */                                                     \
    X(ST_TOO_BIG, "too_big", 413)         /* a limit of ours was reached */                                            \
    X(ST_REFUSED, "refused", 403)         /* understood, and not allowed */                                            \
    X(ST_NOT_FOUND, "not_found", 404)                                                                                  \
    X(ST_CONFLICT, "conflict", 409) /* somebody else holds or made it */                                               \
    X(ST_INVALID, "invalid", 500)   /* a setting or an argument of the operator is wrong */                            \
    X(ST_NO_SPACE, "no_space", 503) /* disk or spool is full */                                                        \
    X(ST_IO, "io", 500)             /* a system call or a statement failed; it was logged there */                     \
    X(ST_NO_MEMORY, "no_memory", 503)

typedef enum status {
#define X(code, name, http) code,
    STATUS_LIST(X)
#undef X
        ST_COUNT
} status;

/** A status must not be dropped; write `(void)` with a reason where it may be. */
#define MUST_CHECK __attribute__((warn_unused_result))

/** Name for logs and metric labels; never NULL. */
const char *status_name(status st);
/** The HTTP status that an agent gets for it. */
int status_http(status st);

/** Why something failed, for log lines, quarantine entries and metric labels; never sent to an agent. */
struct reason {
    char code[32];  /**< a word of `[a-z0-9_]`, bounded set: usable as a metric label */
    char text[224]; /**< one line for people: what, where, what to do; may quote input, control bytes replaced */
};

/** Set code and text (printf format); does nothing when `why` is NULL. Control bytes in the result become '?'. */
void reason_set(struct reason *why, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
