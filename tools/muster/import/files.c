#include "tools/muster/import/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

static status add_path(struct files *f, const char *path)
{
    if (f->count >= FILES_MAX)
        return ST_TOO_BIG;
    if (f->count == f->room) {
        size_t room = f->room ? 2 * f->room : 64;
        char **more = reallocarray(f->paths, room, sizeof *more);
        if (!more)
            return ST_NO_MEMORY;
        f->paths = more;
        f->room = room;
    }
    f->paths[f->count] = strdup(path);
    return f->paths[f->count] ? f->count++, ST_OK : ST_NO_MEMORY;
}

/* nftw() passes no context on. */
static struct files *walking;

static int add_found(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    return type == FTW_F && path[where->base] != '.' && add_path(walking, path) != ST_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

status files_add(struct files *f, const char *path, struct reason *why)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        reason_set(why, "no_file", "%s: %s", path, strerror(errno));
        return ST_NOT_FOUND;
    }
    if (!S_ISDIR(info.st_mode))
        return add_path(f, path);
    size_t before = f->count;
    walking = f;
    if (nftw(path, add_found, 32, FTW_PHYS) != 0) {
        reason_set(why, "folder", "%s cannot be read, or has more than %d files", path, FILES_MAX);
        return ST_TOO_BIG;
    }
    qsort(f->paths + before, f->count - before, sizeof *f->paths, by_name);
    return ST_OK;
}

void files_clear(struct files *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->paths[i]);
    free(f->paths);
    *f = (struct files){0};
}

static status read_all(const char *path, struct buffer *out, struct reason *why)
{
    AUTO(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        reason_set(why, "open", "%s", fd < 0 ? strerror(errno) : "not a file");
        return ST_IO;
    }
    char piece[65536];
    ssize_t len;
    while ((len = read(fd, piece, sizeof piece)) > 0 && buffer_status(out) == ST_OK)
        buffer_add(out, piece, (size_t)len);
    if (len < 0) {
        reason_set(why, "read", "%s", strerror(errno));
        return ST_IO;
    }
    return buffer_status(out);
}

static bool is_compressed(struct view v)
{
    const unsigned char *b = (const unsigned char *)v.data;
    return v.len > 2 && ((b[0] == 0x1f && b[1] == 0x8b) || ((b[0] & 0x0f) == 8 && (b[0] << 8 | b[1]) % 31 == 0));
}

/* The first character that means something is `<`: a byte order mark and blanks may stand in front. */
static bool is_xml(struct view v)
{
    size_t at = v.len > 3 && memcmp(v.data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (at < v.len && strchr(" \t\r\n", v.data[at]) && v.data[at])
        at++;
    return at < v.len && v.data[at] == '<';
}

status files_encode(struct view content, struct buffer *body)
{
    buffer_reset(body);
    if (!is_xml(content)) {
        if (!is_compressed(content))
            return ST_MALFORMED;
        buffer_add(body, content.data, content.len);
        return buffer_status(body);
    }
    uLongf len = compressBound(content.len);
    char *to = buffer_extend(body, len);
    if (!to)
        return buffer_status(body);
    if (compress2((Bytef *)to, &len, (const Bytef *)content.data, content.len, 6) != Z_OK)
        return ST_NO_MEMORY;
    body->len = len;
    return ST_OK;
}

status files_read(const char *path, struct buffer *body, struct reason *why)
{
    struct buffer content = BUFFER_INIT(FILE_BYTES_MAX);
    status st = read_all(path, &content, why);
    if (st == ST_OK) {
        st = files_encode(buffer_view(&content), body);
        if (st == ST_MALFORMED)
            reason_set(why, "not_inventory", "not an inventory: neither XML nor zlib nor gzip");
    }
    if (st == ST_TOO_BIG)
        reason_set(why, "too_big", "more than %d MiB", FILE_BYTES_MAX >> 20);
    buffer_clear(&content);
    return st;
}
