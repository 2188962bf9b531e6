#include "platter.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = PLATTER_SECTOR, FILES_MAX = 512, OPS_MAX = 4096, NAME_MAX_ = 64 };

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
    char folder[64];
    ino_t folder_inodes[FOLDERS];
    struct file files[FILES_MAX];
    size_t file_count;
    struct name names[FOLDERS][FILES_MAX]; /* on stable storage */
    size_t name_count[FOLDERS];
    struct op ops[OPS_MAX]; /* not yet on stable storage, in their order */
    size_t op_count;
} platter;

static const char *const folder_names[FOLDERS] = {"segments", "quarantine"};

unsigned platter_roll(unsigned *state, unsigned sides)
{
    *state = *state * 1664525U + 1013904223U;
    return sides ? (*state >> 8) % sides : 0;
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

struct file *platter_file(int fd)
{
    struct stat info;
    cr_assert_eq(fstat(fd, &info), 0);
    for (size_t i = 0; i < platter.file_count; i++)
        if (platter.files[i].is_current && platter.files[i].inode == info.st_ino)
            return &platter.files[i];
    return NULL;
}

static struct file *new_file(int fd)
{
    struct stat info;
    struct file *before = platter_file(fd);
    if (before)
        before->is_current = false; /* that one was removed, and the inode is used again */
    cr_assert_eq(fstat(fd, &info), 0);
    cr_assert_lt(platter.file_count, FILES_MAX);
    platter.files[platter.file_count] = (struct file){.inode = info.st_ino, .is_current = true};
    return &platter.files[platter.file_count++];
}

void platter_write(struct file *f, const void *data, size_t len, size_t at)
{
    grow(f, at + len);
    memcpy(f->now + at, data, len);
    for (size_t i = at / SECTOR; len > 0 && i <= (at + len - 1) / SECTOR; i++)
        f->is_dirty[i] = true;
    if (at + len > f->now_size)
        f->now_size = at + len;
}

void platter_truncate(struct file *f)
{
    memset(f->now, 0, f->room);
    for (size_t i = 0; i < f->room / SECTOR; i++)
        f->is_dirty[i] = true;
    f->now_size = 0;
}

void platter_forget(struct file *f)
{
    for (size_t i = 0; i < f->room / SECTOR; i++)
        f->is_dirty[i] = false;
}

void platter_reserve(struct file *f, size_t size)
{
    grow(f, size);
    f->now_size = size;
    memset(f->is_hole, 0, size / SECTOR * sizeof *f->is_hole);
}

/* The blocks are gone from the cache at once, and from the disk each by itself, as what is written. */
void platter_punch(struct file *f, size_t at, size_t len)
{
    cr_assert(at % SECTOR == 0 && len % SECTOR == 0 && at + len <= f->now_size, "a hole in whole sectors");
    AUTO(mem_free) void *zeros = calloc(1, len);
    cr_assert_not_null(zeros);
    platter_write(f, zeros, len, at);
    memset(f->is_hole + at / SECTOR, 1, len / SECTOR * sizeof *f->is_hole);
}

bool platter_has_room(const struct file *f, size_t at, size_t len)
{
    bool has = true;
    for (size_t i = at / SECTOR; has && len > 0 && i < f->room / SECTOR && i <= (at + len - 1) / SECTOR; i++)
        has = !f->is_hole[i];
    return has;
}

bool platter_is_dirty(const struct file *f, size_t at, size_t len)
{
    bool is_all = len > 0 && at + len <= f->room;
    for (size_t i = at / SECTOR; is_all && i <= (at + len - 1) / SECTOR; i++)
        is_all = f->is_dirty[i];
    return is_all;
}

void platter_sync(struct file *f)
{
    for (size_t i = 0; i < f->room / SECTOR; i++)
        if (f->is_dirty[i])
            memcpy(f->stable + i * SECTOR, f->now + i * SECTOR, SECTOR);
    platter_forget(f);
    f->stable_size = f->now_size;
}

/* ----------------------------------------------------------------- names ---- */

int platter_folder(int fd)
{
    struct stat info;
    cr_assert_eq(fstat(fd, &info), 0);
    for (int i = 0; i < FOLDERS; i++)
        if (platter.folder_inodes[i] == info.st_ino)
            return i;
    return -1; /* the spool's own folder, or the one above it: no file in it changes */
}

static size_t find_name(int folder, const char *text)
{
    size_t i = 0;
    while (i < platter.name_count[folder] && strcmp(platter.names[folder][i].text, text) != 0)
        i++;
    return i;
}

static void remove_name(int folder, const char *text)
{
    size_t i = find_name(folder, text);
    if (i < platter.name_count[folder])
        platter.names[folder][i] = platter.names[folder][--platter.name_count[folder]];
}

static void add_name(int folder, const char *text, struct file *file)
{
    remove_name(folder, text);
    cr_assert_lt(platter.name_count[folder], FILES_MAX);
    struct name *n = &platter.names[folder][platter.name_count[folder]++];
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
        cr_assert_lt(i, platter.name_count[op->folder], "%s", op->from);
        struct file *file = platter.names[op->folder][i].file;
        remove_name(op->folder, op->from);
        add_name(op->folder, op->to, file);
    }
}

static void add_op(enum op_kind kind, int folder, const char *from, const char *to, struct file *file)
{
    cr_assert_lt(platter.op_count, OPS_MAX);
    struct op *op = &platter.ops[platter.op_count++];
    *op = (struct op){.kind = kind, .folder = folder, .file = file};
    snprintf(op->from, sizeof op->from, "%s", from);
    snprintf(op->to, sizeof op->to, "%s", to);
}

void platter_made(int folder, const char *name, int fd)
{
    add_op(OP_LINK, folder, name, "", new_file(fd));
}

void platter_renamed(int folder, const char *from, const char *to)
{
    add_op(OP_RENAME, folder, from, to, NULL);
}

void platter_removed(int folder, const char *name)
{
    add_op(OP_UNLINK, folder, name, "", NULL);
}

void platter_sync_folder(int folder)
{
    size_t kept = 0;
    for (size_t i = 0; i < platter.op_count; i++)
        if (platter.ops[i].folder == folder)
            apply(&platter.ops[i]);
        else
            platter.ops[kept++] = platter.ops[i];
    platter.op_count = kept;
}

/* ------------------------------------------------------- start and power ---- */

static int open_folder(int folder)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", platter.folder, folder_names[folder]);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cr_assert_geq(fd, 0, "%s", path);
    return fd;
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

void platter_start(const char *folder)
{
    platter_end();
    snprintf(platter.folder, sizeof platter.folder, "%s", folder);
    for (int i = 0; i < FOLDERS; i++) {
        struct stat info;
        int fd = open_folder(i);
        cr_assert_eq(fstat(fd, &info), 0);
        platter.folder_inodes[i] = info.st_ino;
        DIR *dir = fdopendir(dup(fd));
        for (const struct dirent *e; dir && (e = readdir(dir));)
            if (e->d_name[0] != '.')
                take_file(i, fd, e->d_name);
        closedir(dir);
        close(fd);
    }
}

/* 0: never, 1: always, else as it falls. */
static bool survives(unsigned seed, unsigned *state)
{
    return seed > 1 ? platter_roll(state, 2) : seed;
}

static void put_file(int folder_fd, const struct name *n, unsigned seed, unsigned *state)
{
    struct file *f = n->file;
    for (size_t i = 0; i < f->room / SECTOR; i++)
        if (f->is_dirty[i] && survives(seed, state))
            memcpy(f->stable + i * SECTOR, f->now + i * SECTOR, SECTOR);
    size_t size = f->now_size != f->stable_size && survives(seed, state) ? f->now_size : f->stable_size;
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

void platter_cut_power(unsigned seed)
{
    unsigned state = seed;
    size_t reached = seed > 1 ? platter_roll(&state, (unsigned)platter.op_count + 1) : seed * platter.op_count;
    for (size_t i = 0; i < reached; i++)
        apply(&platter.ops[i]);
    for (int i = 0; i < FOLDERS; i++) {
        int fd = open_folder(i);
        empty_folder(fd);
        for (size_t k = 0; k < platter.name_count[i]; k++)
            put_file(fd, &platter.names[i][k], seed, &state);
        close(fd);
    }
}

void platter_end(void)
{
    for (size_t i = 0; i < platter.file_count; i++) {
        free(platter.files[i].now);
        free(platter.files[i].stable);
        free(platter.files[i].is_dirty);
        free(platter.files[i].is_hole);
    }
    platter.file_count = platter.op_count = 0;
    memset(platter.name_count, 0, sizeof platter.name_count);
}
