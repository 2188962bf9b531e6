/** The bare parts that an intake cannot do without: the HTTP server with a handler that only answers, and the disk. */
#ifndef MUSTER_BENCH_BARE_H
#define MUSTER_BENCH_BARE_H

#include "common/base/status.h"

#include <sys/types.h>

/** A process with common/http (h2o) alone: every POST is answered 200 with a small body, nothing is kept. */
struct bare_server {
    pid_t pid;
    int hold; /**< closing it ends the process */
    char http[64], https[64];
};

/** @param tls_folder  of its certificate  @retval ST_IO */
MUST_CHECK status bare_server_start(struct bare_server *s, const char *tls_folder);
void bare_server_stop(struct bare_server *s);

/**
 * Group commits into a file that was written before: `count` records of `len` bytes, `together` of them at a time with one pwritev() and
 * one fdatasync().
 * @return records a second; 0 when the file cannot be written
 */
double bare_commits(const char *folder, size_t len, unsigned together, unsigned count);

#endif
