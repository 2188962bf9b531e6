/**
 * Sends files to a gateway, several at a time, each with its own kept connection.
 *
 * A gateway that is full (503) or away is asked again after a pause that grows, up to five times for one file.
 *
 * Threads: one caller.
 */
#ifndef MUSTER_TOOLS_SENDER_H
#define MUSTER_TOOLS_SENDER_H

#include "tools/muster/import/files.h"

/** What became of one file: `text` is NULL when it was accepted, else why not. Called once for each file. */
typedef void sender_done_fn(void *ctx, const char *path, const char *text);

struct sender {
    const char *url;
    const char *ca;    /**< file with certificates to trust; "": the system's */
    unsigned parallel; /**< at most 64 */
    sender_done_fn *done;
    void *ctx;
};

/** Returns when every file was reported. @retval ST_NO_MEMORY some were not sent */
MUST_CHECK status sender_run(const struct sender *s, const struct files *files);

#endif
