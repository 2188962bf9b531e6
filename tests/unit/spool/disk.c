#include "disk.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, FILES_MAX = 512, OPS_MAX = 4096, FULL_CALLS = 6, NAME_MAX_ = 64 };

/* A file, which lives as long as a name on the disk or in the cache may mean it. */
struct file {
    ino_t inode;
    bool is_current; /* the inode is still this file's */
    uint8_t *now, *stable;
    bool *is_dirty; /* by sector */
    bool *is_hole;  /* by sector: given back and not reserved since */
    size_t now_size, stable_size, room;
};

enum { SEGMENTS, QUARANTINE, FOLDERS };

struct name {
    char text[NAME_MAX_];
    struct file *file;
};

enum op_kind { OP_LINK, OP_RENAME, OP_UNLINK };

struct op {
    enum op_kind kind;
    int folder;
    char from[NAME_MAX_], to[NAME_MAX_];
    struct file *file;
};

static struct {
    pthread_mutex_t lock;
    char folder[64];
    ino_t folder_inodes[FOLDERS];
    struct file files[FILES_MAX];
    size_t file_count;
    struct name names[FOLDERS][FILES_MAX]; /* on stable storage */
    size_t name_count[FOLDERS];
    struct op ops[OPS_MAX]; /* not yet on stable storage, in their order */
    size_t op_count;

    enum disk_fault fault;
    int at, count;
    unsigned random;
    bool was_hit, is_dead;
    int holes;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *const folder_names[FOLDERS] = {"segments", "quarantine"};

static unsigned roll(unsigned sides)
{
    disk.random = disk.random * 1664525U + 1013904223U;
    return sides ? (disk.random >> 8) % sides : 0;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

/* ----------------------------------------------------------------- files ---- */

static void grow(struct file *f, size_t size)
{
    if (size <= f->room)
        return;
    size_t room = (size + SECTOR - 1) / SECTOR * SECTOR;
    f->now = realloc(f->now, room);
    f->stable = realloc(f->stable, room);
    f->is_dirty = realloc(f->is_dirty, room / SECTOR * sizeof *f->is_dirty);
    f->is_hole = realloc(f->is_hole, room / SECTOR * sizeof *f->is_hole);
    cr_assert(f->now && f->stable && f->is_dirty && f->is_hole);
    memset(f->now + f->room, 0, room - f->room);
    memset(f->stable + f->room, 0, room - f->room);
    memset(f->is_dirty + f->room / SECTOR, 0, (room - f->room) / SECTOR * sizeof *f->is_dirty);
    memset(f->is_hole + f->room / SECTOR, 0, (room - f->room) / SECTOR * sizeof *f->is_hole);
    f->room = room;
}

static struct file *file_of(int fd)
{
    struct stat info;
    cr_assert_eq(fstat(fd, &info), 0);
    for (size_t i = 0; i < disk.file_count; i++)
        if (disk.files[i].is_current && disk.files[i].inode == info.st_ino)
            return &disk.files[i];
    return NULL;
}

static struct file *new_file(int fd)
{
    struct stat info;
    struct file *before = file_of(fd);
    if (before)
        before->is_current = false; /* that one was removed, and the inode is used again */
    cr_assert_eq(fstat(fd, &info), 0);
    cr_assert_lt(disk.file_count, FILES_MAX);
    disk.files[disk.file_count] = (struct file){.inode = info.st_ino, .is_current = true};
    return &disk.files[disk.file_count++];
}

static void put_now(struct file *f, const void *data, size_t len, size_t at)
{
    grow(f, at + len);
    memcpy(f->now + at, data, len);
    for (size_t i = at / SECTOR; len > 0 && i <= (at + len - 1) / SECTOR; i++)
        f->is_dirty[i] = true;
    if (at + len > f->now_size)
        f->now_size = at + len;
}

static void truncate_now(struct file *f)
{
    memset(f->now, 0, f->room);
    for (size_t i = 0; i < f->room / SECTOR; i++)
        f->is_dirty[i] = true;
    f->now_size = 0;
}

static void forget_dirt(struct file *f)
{
    for (size_t i = 0; i < f->room / SECTOR; i++)
        f->is_dirty[i] = false;
}

/* Then writing it once more takes no room, on whatever file system. */
static bool is_all_dirty(const struct file *f, size_t at, size_t len)
{
    bool is_all = len > 0 && at + len <= f->room;
    for (size_t i = at / SECTOR; is_all && i <= (at + len - 1) / SECTOR; i++)
        is_all = f->is_dirty[i];
    return is_all;
}

static void make_stable(struct file *f)
{
    for (size_t i = 0; i < f->room / SECTOR; i++)
        if (f->is_dirty[i])
            memcpy(f->stable + i * SECTOR, f->now + i * SECTOR, SECTOR);
    forget_dirt(f);
    f->stable_size = f->now_size;
}

/* ----------------------------------------------------------------- names ---- */

static int folder_of(int fd)
{
    struct stat info;
    cr_assert_eq(fstat(fd, &info), 0);
    for (int i = 0; i < FOLDERS; i++)
        if (disk.folder_inodes[i] == info.st_ino)
            return i;
    return -1; /* the spool's own folder, or the one above it: no file in it changes */
}

static size_t find_name(int folder, const char *text)
{
    size_t i = 0;
    while (i < disk.name_count[folder] && strcmp(disk.names[folder][i].text, text) != 0)
        i++;
    return i;
}

static void remove_name(int folder, const char *text)
{
    size_t i = find_name(folder, text);
    if (i < disk.name_count[folder])
        disk.names[folder][i] = disk.names[folder][--disk.name_count[folder]];
}

static void add_name(int folder, const char *text, struct file *file)
{
    remove_name(folder, text);
    cr_assert_lt(disk.name_count[folder], FILES_MAX);
    struct name *n = &disk.names[folder][disk.name_count[folder]++];
    snprintf(n->text, sizeof n->text, "%s", text);
    n->file = file;
}

static void apply(const struct op *op)
{
    if (op->kind == OP_LINK)
        add_name(op->folder, op->from, op->file);
    if (op->kind == OP_UNLINK)
        remove_name(op->folder, op->from);
    if (op->kind == OP_RENAME) {
        size_t i = find_name(op->folder, op->from);
        cr_assert_lt(i, disk.name_count[op->folder], "%s", op->from);
        struct file *file = disk.names[op->folder][i].file;
        remove_name(op->folder, op->from);
        add_name(op->folder, op->to, file);
    }
}

static void add_op(enum op_kind kind, int folder, const char *from, const char *to, struct file *file)
{
    cr_assert_lt(disk.op_count, OPS_MAX);
    struct op *op = &disk.ops[disk.op_count++];
    *op = (struct op){.kind = kind, .folder = folder, .file = file};
    snprintf(op->from, sizeof op->from, "%s", from);
    snprintf(op->to, sizeof op->to, "%s", to);
}

static void apply_all(int folder)
{
    size_t kept = 0;
    for (size_t i = 0; i < disk.op_count; i++)
        if (disk.ops[i].folder == folder)
            apply(&disk.ops[i]);
        else
            disk.ops[kept++] = disk.ops[i];
    disk.op_count = kept;
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
    int error = 0, fd = -1, where = folder_of(folder);
    bool is_there = fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
    bool changes = (flags & O_TRUNC) || ((flags & O_CREAT) && !is_there);
    if (!changes || step(true, false, &error) == GO_ON) {
        fd = openat(folder, name, flags | O_CLOEXEC, mode);
        error = errno;
    }
    if (fd >= 0 && changes && !is_there)
        add_op(OP_LINK, where, name, "", new_file(fd));
    else if (fd >= 0 && changes)
        truncate_now(file_of(fd));
    pthread_mutex_unlock(&disk.lock);
    return fd >= 0 ? fd : fail(error);
}

static int do_reserve(int fd, off_t len)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(true, false, &error);
    if (what == GO_ON) {
        struct file *f = file_of(fd);
        cr_assert_eq(ftruncate(fd, len), 0);
        grow(f, (size_t)len);
        f->now_size = (size_t)len;
        memset(f->is_hole, 0, (size_t)len / SECTOR * sizeof *f->is_hole);
    }
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

/* The blocks are gone from the cache at once, and from the disk each by itself, as what is written. */
static int do_punch(int fd, off_t at, off_t len)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(true, false, &error);
    if (what == GO_ON) {
        struct file *f = file_of(fd);
        cr_assert(at % SECTOR == 0 && len % SECTOR == 0 && (size_t)(at + len) <= f->now_size,
                  "a hole in whole sectors");
        AUTO(mem_free) void *zeros = calloc(1, (size_t)len);
        cr_assert_eq(pwrite(fd, zeros, (size_t)len, at), (ssize_t)len);
        put_now(f, zeros, (size_t)len, (size_t)at);
        memset(f->is_hole + at / SECTOR, 1, (size_t)len / SECTOR * sizeof *f->is_hole);
        disk.holes++;
    }
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

static ssize_t do_read(int fd, void *out, size_t len, off_t at)
{
    return pread(fd, out, len, at);
}

static bool has_room(const struct file *f, size_t at, size_t len)
{
    bool has = true;
    for (size_t i = at / SECTOR; has && len > 0 && i < f->room / SECTOR && i <= (at + len - 1) / SECTOR; i++)
        has = !f->is_hole[i];
    return has;
}

static ssize_t write_some(int fd, const struct iovec *parts, int count, off_t at, size_t most)
{
    struct file *f = file_of(fd);
    size_t done = 0;
    for (int i = 0; i < count && done < most; i++) {
        size_t n = parts[i].iov_len < most - done ? parts[i].iov_len : most - done;
        cr_assert_eq(pwrite(fd, parts[i].iov_base, n, at + (off_t)done), (ssize_t)n);
        cr_assert(has_room(f, (size_t)at + done, n), "a write to what was given back may find no room");
        put_now(f, parts[i].iov_base, n, (size_t)at + done);
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
    enum step what = step(!is_all_dirty(file_of(fd), (size_t)at, all), true, &error);
    if (what == GO_ON)
        done = write_some(fd, parts, count, at, all);
    else if (what == PART)
        done = write_some(fd, parts, count, at, error ? roll((unsigned)all + 1) : 1 + roll((unsigned)all));
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON || (what == PART && !error) ? done : fail(error);
}

static int do_sync(int fd)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(false, false, &error);
    if (what == GO_ON)
        make_stable(file_of(fd));
    else if (!disk.is_dead)
        forget_dirt(file_of(fd));
    pthread_mutex_unlock(&disk.lock);
    return what == GO_ON ? 0 : fail(error);
}

static int do_sync_folder(int fd)
{
    pthread_mutex_lock(&disk.lock);
    int error = 0;
    enum step what = step(false, false, &error);
    if (what == GO_ON)
        apply_all(folder_of(fd));
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
        add_op(OP_RENAME, folder_of(folder), from, to, NULL);
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
        add_op(OP_UNLINK, folder_of(folder), name, "", NULL);
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

static int open_folder(int folder)
{
    return disk_folder(disk.folder, folder_names[folder]);
}

static void take_file(int folder, int folder_fd, const char *name)
{
    struct stat info;
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    cr_assert(fd >= 0 && fstat(fd, &info) == 0);
    struct file *f = new_file(fd);
    grow(f, (size_t)info.st_size);
    cr_assert_eq(pread(fd, f->now, (size_t)info.st_size, 0), (ssize_t)info.st_size);
    if (info.st_size > 0)
        memcpy(f->stable, f->now, (size_t)info.st_size);
    f->now_size = f->stable_size = (size_t)info.st_size;
    add_name(folder, name, f);
    close(fd);
}

void disk_start(const char *folder)
{
    disk_end();
    snprintf(disk.folder, sizeof disk.folder, "%s", folder);
    for (int i = 0; i < FOLDERS; i++) {
        struct stat info;
        int fd = open_folder(i);
        cr_assert_eq(fstat(fd, &info), 0);
        disk.folder_inodes[i] = info.st_ino;
        DIR *dir = fdopendir(dup(fd));
        for (const struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.')
                take_file(i, fd, e->d_name);
        closedir(dir);
        close(fd);
    }
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

/* 0: never, 1: always, else as it falls. */
static bool survives(unsigned seed)
{
    return seed > 1 ? roll(2) : seed;
}

static void put_file(int folder_fd, const struct name *n, unsigned seed)
{
    struct file *f = n->file;
    for (size_t i = 0; i < f->room / SECTOR; i++)
        if (f->is_dirty[i] && survives(seed))
            memcpy(f->stable + i * SECTOR, f->now + i * SECTOR, SECTOR);
    size_t size = f->now_size != f->stable_size && survives(seed) ? f->now_size : f->stable_size;
    int fd = openat(folder_fd, n->text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert(fd >= 0 && pwrite(fd, f->stable, size, 0) == (ssize_t)size);
    close(fd);
}

static void empty_folder(int fd)
{
    DIR *dir = fdopendir(dup(fd));
    for (const struct dirent *e; dir && (e = readdir(dir));)
        unlinkat(fd, e->d_name, 0);
    closedir(dir);
}

void disk_cut_power(unsigned seed)
{
    disk.random = seed;
    size_t reached = seed > 1 ? roll((unsigned)disk.op_count + 1) : seed * disk.op_count;
    for (size_t i = 0; i < reached; i++)
        apply(&disk.ops[i]);
    for (int i = 0; i < FOLDERS; i++) {
        int fd = open_folder(i);
        empty_folder(fd);
        for (size_t k = 0; k < disk.name_count[i]; k++)
            put_file(fd, &disk.names[i][k], seed);
        close(fd);
    }
}

void disk_end(void)
{
    for (size_t i = 0; i < disk.file_count; i++) {
        free(disk.files[i].now);
        free(disk.files[i].stable);
        free(disk.files[i].is_dirty);
        free(disk.files[i].is_hole);
    }
    disk.file_count = disk.op_count = 0;
    memset(disk.name_count, 0, sizeof disk.name_count);
}
