/**
 * The system calls of the spool, in a table: what a disk can do to us, a test can do, too.
 *
 * Threads: all functions may be called from any thread. Errors as those of the calls: -1 and errno.
 */
#ifndef MUSTER_GATEWAY_SPOOL_CALLS_H
#define MUSTER_GATEWAY_SPOOL_CALLS_H

#include "services/gateway/spool/spool.h"

#include <sys/types.h>
#include <sys/uio.h>

struct spool_calls {
    int (*open)(int folder, const char *name, int flags, mode_t mode);
    int (*reserve)(int fd, off_t len);         /**< fallocate() from the start of the file */
    int (*punch)(int fd, off_t at, off_t len); /**< fallocate(): give these bytes back, they read as zeros */
    ssize_t (*read)(int fd, void *out, size_t len, off_t at);
    ssize_t (*write)(int fd, const struct iovec *parts, int count, off_t at);
    int (*sync)(int fd);        /**< fdatasync() */
    int (*sync_folder)(int fd); /**< fsync() */
    int (*rename)(int folder, const char *from, const char *to);
    int (*unlink)(int folder, const char *name);
    int64_t (*wall_us)(void);
};

extern const struct spool_calls spool_calls_real;

/** spool_open() with other system calls. @param calls  must outlive the spool */
MUST_CHECK status spool_open_with(const struct spool_settings *set, const struct spool_calls *calls, struct spool **out,
                                  struct reason *why);

/** What errno means to a caller: ST_NO_SPACE or ST_IO. */
status calls_status(int error);
/** Write all of `parts`, which are changed on the way. @retval ST_NO_SPACE  @retval ST_IO; errno says which */
MUST_CHECK status calls_write_all(const struct spool_calls *calls, int fd, struct iovec *parts, int count, off_t at);
/** Read exactly `len` bytes. @retval ST_MALFORMED  the file ends before  @retval ST_IO */
MUST_CHECK status calls_read_all(const struct spool_calls *calls, int fd, void *out, size_t len, off_t at);

#endif
