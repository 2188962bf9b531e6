#include "services/gateway/spool/calls.h"

#include "common/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int open_file(int folder, const char *name, int flags, mode_t mode)
{
    return openat(folder, name, flags | O_CLOEXEC, mode);
}

static int reserve(int fd, off_t len)
{
    return fallocate(fd, 0, 0, len);
}

static int punch(int fd, off_t at, off_t len)
{
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len);
}

static int rename_within(int folder, const char *from, const char *to)
{
    return renameat(folder, from, folder, to);
}

static int unlink_file(int folder, const char *name)
{
    return unlinkat(folder, name, 0);
}

const struct spool_calls spool_calls_real = {
    .open = open_file,
    .reserve = reserve,
    .punch = punch,
    .read = pread,
    .write = pwritev,
    .sync = fdatasync,
    .sync_folder = fsync,
    .rename = rename_within,
    .unlink = unlink_file,
    .wall_us = clock_wall_us,
};

status calls_status(int error)
{
    return error == ENOSPC || error == EDQUOT ? ST_NO_SPACE : ST_IO;
}

/* Go past what was written: whole parts, then the front of one. */
static void advance(struct iovec **parts, int *count, size_t written)
{
    while (*count > 0 && written >= (*parts)->iov_len) {
        written -= (*parts)->iov_len;
        ++*parts;
        --*count;
    }
    if (*count > 0) {
        (*parts)->iov_base = (char *)(*parts)->iov_base + written;
        (*parts)->iov_len -= written;
    }
}

status calls_write_all(const struct spool_calls *calls, int fd, struct iovec *parts, int count, off_t at)
{
    advance(&parts, &count, 0);
    while (count > 0) {
        ssize_t n = calls->write(fd, parts, count, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n == 0)
            errno = EIO;
        if (n <= 0)
            return calls_status(errno);
        at += n;
        advance(&parts, &count, (size_t)n);
    }
    return ST_OK;
}

status calls_read_all(const struct spool_calls *calls, int fd, void *out, size_t len, off_t at)
{
    char *p = out;
    while (len > 0) {
        ssize_t n = calls->read(fd, p, len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? ST_MALFORMED : ST_IO;
        p += n;
        at += n;
        len -= (size_t)n;
    }
    return ST_OK;
}
