#include "disk.h"
#include "platter.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FULL_CALLS = 6 };

static struct {
    pthread_mutex_t lock;
    enum disk_fault fault;
    int at, count;
    unsigned random;
    bool was_hit, is_dead;
    int holes;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int fail(int error)
{
    errno = error;
    return -1;
}

/* ---------------------------------------------------------------- faults ---- */

enum step { GO_ON, FAIL, PART }; /* PART: of a write */

/* What becomes of this call. @param takes_room  it may fail for want of it  @param is_write */
static enum step step(bool takes_room, bool is_write, int *error)
{
    if (disk.is_dead)
        return *error = EIO, FAIL;
    disk.count++;
    bool is_it = disk.count == disk.at;
    disk.was_hit |= is_it;
    switch (is_it                                                                          ? disk.fault
            : disk.fault == DISK_FULL && disk.was_hit && disk.count < disk.at + FULL_CALLS ? DISK_FULL
                                                                                           : DISK_NO_FAULT) {
    case DISK_KILL:
    case DISK_POWER: disk.is_dead = true; return *error = EIO, FAIL;
    case DISK_TORN: disk.is_dead = true; return *error = EIO, is_write ? PART : FAIL;
    case DISK_EIO: return *error = EIO, is_write ? PART : FAIL;
    case DISK_FULL: return takes_room ? (*error = ENOSPC, is_write ? PART : FAIL) : GO_ON;
    case DISK_SHORT: return is_write ? (*error = 0, PART) : GO_ON;
    case DISK_EINTR: return takes_room ? (*error = EINTR, FAIL) : GO_ON;
    default: return GO_ON;
    }
}

/* ----------------------------------------------------------------- calls ---- */

static int do_open(int folder, const char *name, int flags, mode_t mode)
{
    pthread_mutex_lock(&disk.lock);
    struct stat info;
    int error = 0, fd = -1, where = platter_folder(folder);
    bool is_there = fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    bool changes = (flags & O_TRUNC) || ((flags & O_CREAT) && !is_there);
    if (!changes || step(true, false, &error) == GO_ON) {
        fd = openat(folder, name, flags | O_CLOEXEC, mode);
        error = errno;
    }
    if (fd >= 0 && changes && !is_there)
        platter_made(where, name, fd);
    else if (fd >= 0 && changes)
        platter_truncate(platter_file(fd));
    pthread_mutex_unlock(&disk.lock);
    return fd >= 0 ? fd : fail(error);
}

static int do_reserve(int fd, off_t len)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(true, false, &error);
    if (what == GO_ON) {
        cr_assert_eq(ftruncate(fd, len), 0);
        platter_reserve(platter_file(fd), (size_t)len);
    }
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

static int do_punch(int fd, off_t at, off_t len)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(true, false, &error);
    if (what == GO_ON) {
        platter_punch(platter_file(fd), (size_t)at, (size_t)len);
        AUTO(mem_free) void *zeros = calloc(1, (size_t)len);
        cr_assert_eq(pwrite(fd, zeros, (size_t)len, at), (ssize_t)len);
        disk.holes++;
    }
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

static ssize_t do_read(int fd, void *out, size_t len, off_t at)
{
    return pread(fd, out, len, at);
}

static ssize_t write_some(int fd, const struct iovec *parts, int count, off_t at, size_t most)
{
    struct file *f = platter_file(fd);
    size_t done = 0;
    for (int i = 0; i < count && done < most; i++) {
        size_t n = parts[i].iov_len < most - done ? parts[i].iov_len : most - done;
        cr_assert_eq(pwrite(fd, parts[i].iov_base, n, at + (off_t)done), (ssize_t)n);
        cr_assert(platter_has_room(f, (size_t)at + done, n), "a write to what was given back may find no room");
        platter_write(f, parts[i].iov_base, n, (size_t)at + done);
        done += n;
    }
    return (ssize_t)done;
}

static ssize_t do_write(int fd, const struct iovec *parts, int count, off_t at)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    size_t all = 0;
    ssize_t done = -1;
    for (int i = 0; i < count; i++)
        all += parts[i].iov_len;
    enum step what = step(!platter_is_dirty(platter_file(fd), (size_t)at, all), true, &error);
    if (what == GO_ON)
        done = write_some(fd, parts, count, at, all);
    else if (what == PART)
        done = write_some(fd, parts, count, at,
                          error ? platter_roll(&disk.random, (unsigned)all + 1)
                                : 1 + platter_roll(&disk.random, (unsigned)all));
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON || (what == PART && !error) ? done : fail(error);
}

static int do_sync(int fd)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(false, false, &error);
    if (what == GO_ON)
        platter_sync(platter_file(fd));
    else if (!disk.is_dead)
        platter_forget(platter_file(fd));
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

static int do_sync_folder(int fd)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(false, false, &error);
    if (what == GO_ON)
        platter_sync_folder(platter_folder(fd));
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

static int do_rename(int folder, const char *from, const char *to)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0, result = -1;
    if (step(true, false, &error) == GO_ON) {
        result = renameat(folder, from, folder, to);
        error = errno;
    }
    if (result == 0)
        platter_renamed(platter_folder(folder), from, to);
    pthread_mutex_unlock(&disk.lock);
    return result == 0 ? 0 : fail(error);
}

static int do_unlink(int folder, const char *name)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0, result = -1;
    if (step(false, false, &error) == GO_ON) {
        result = unlinkat(folder, name, 0);
        error = errno;
    }
    if (result == 0)
        platter_removed(platter_folder(folder), name);
    pthread_mutex_unlock(&disk.lock);
    return result == 0 ? 0 : fail(error);
}

static int64_t do_wall_us(void)
{
    return spool_calls_real.wall_us();
}

const struct spool_calls disk_calls = {
    .open = do_open,
    .reserve = do_reserve,
    .punch = do_punch,
    .read = do_read,
    .write = do_write,
    .sync = do_sync,
    .sync_folder = do_sync_folder,
    .rename = do_rename,
    .unlink = do_unlink,
    .wall_us = do_wall_us,
};

/* -------------------------------------------------------------- the test ---- */

int disk_folder(const char *folder, const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(fd, 0, "%s", path);
    return fd;
}

void disk_start(const char *folder)
{
    platter_start(folder);
    disk_plan(DISK_NO_FAULT, 0, 0);
}

void disk_plan(enum disk_fault fault, int at, unsigned seed)
{
    disk.fault = fault;
    disk.at = at;
    disk.count = 0;
    disk.random = seed;
    disk.was_hit = disk.is_dead = false;
}

bool disk_was_hit(void)
{
    pthread_mutex_lock(&disk.lock);
    bool was_hit = disk.was_hit;
    pthread_mutex_unlock(&disk.lock);
    return was_hit;
}

bool disk_is_dead(void)
{
    pthread_mutex_lock(&disk.lock);
    bool is_dead = disk.is_dead;
    pthread_mutex_unlock(&disk.lock);
    return is_dead;
}

int disk_holes(void)
{
    return disk.holes;
}

void disk_cut_power(unsigned seed)
{
    platter_cut_power(seed);
}

void disk_end(void)
{
    platter_end();
}
