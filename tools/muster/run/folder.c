#include "tools/muster/run/folder.h"

#include "common/base/bytes.h"
#include "common/base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

/* The longest name of a socket that the plan makes: "/gateway-32.admin". */
static const char longest_socket[] = "/run/gateway-32.admin";

void folder_path(const struct folder *f, const char *name, char out[static FOLDER_PATH_MAX])
{
    snprintf(out, FOLDER_PATH_MAX, "%s/%s", f->data, name);
}

bool folder_sockets_fit(const char *data)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-+";
    return strspn(data, plain) == strlen(data) && strlen(data) + strlen(longest_socket) <= SOCKET_PATH_MAX;
}

status folder_find(const char *data, struct folder *out, struct reason *why)
{
    char real[PATH_MAX];
    if (!realpath(data, real)) {
        reason_set(why, "no_folder", "%s: %s (--data names the folder; `muster up` makes it)", data, strerror(errno));
        return ST_NOT_FOUND;
    }
    size_t len = strlen(real);
    if (len + sizeof "/run" > FOLDER_MAX) {
        reason_set(why, "long_path", "the path of the data folder has more than %d bytes", FOLDER_MAX - 8);
        return ST_TOO_BIG;
    }
    *out = (struct folder){.sockets_elsewhere = !folder_sockets_fit(real)};
    memcpy(out->data, real, len + 1);
    memcpy(out->sockets, real, len);
    memcpy(out->sockets + len, "/run", sizeof "/run");
    return ST_OK;
}

static status make_folder(const char *path, mode_t mode, struct reason *why)
{
    struct stat info;
    if (mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
        return ST_OK;
    reason_set(why, "mkdir", "cannot make %s: %s", path, strerror(errno));
    return ST_IO;
}

/* In a folder that everybody can write to: only one of our own, that nobody else can look into, will do. */
static status make_private(const char *path, struct reason *why)
{
    struct stat info;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        reason_set(why, "mkdir", "cannot make %s: %s", path, strerror(errno));
        return ST_IO;
    }
    if (lstat(path, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != geteuid() || (info.st_mode & 077) != 0) {
        reason_set(why, "not_private", "%s is not a folder of this user with mode 0700: remove it", path);
        return ST_REFUSED;
    }
    return ST_OK;
}

/* The same folder for the same data folder, so that a second `up` finds sockets that are still in use. */
static status make_short_sockets(struct folder *f, struct reason *why)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    uint32_t mark = crc32c(0, f->data, strlen(f->data));
    if (runtime && *runtime == '/' && strlen(runtime) < 60 && access(runtime, W_OK) == 0)
        snprintf(f->sockets, sizeof f->sockets, "%s/muster-%08x", runtime, mark);
    else
        snprintf(f->sockets, sizeof f->sockets, "/tmp/muster-%u-%08x", (unsigned)geteuid(), mark);
    return make_private(f->sockets, why);
}

status folder_make(const char *data, struct folder *out, struct reason *why)
{
    static const struct {
        const char *name;
        mode_t mode;
    } inner[] = {{"spool", 0700}, {"tls", 0755}, {"log", 0750}, {"run", 0700}, {"tmp", 0700}};

    status st = make_folder(data, 0755, why);
    if (st == ST_OK)
        st = folder_find(data, out, why);
    for (size_t i = 0; i < COUNT(inner) && st == ST_OK; i++) {
        char path[FOLDER_PATH_MAX];
        folder_path(out, inner[i].name, path);
        st = make_folder(path, inner[i].mode, why);
    }
    return st == ST_OK && out->sockets_elsewhere ? make_short_sockets(out, why) : st;
}

static int open_lock(const struct folder *f)
{
    char path[FOLDER_PATH_MAX];
    folder_path(f, "run/lock", path);
    return open(path, O_RDWR | O_CREAT, 0600); /* no O_CLOEXEC: children share the lock */
}

static long holder(int fd)
{
    char text[32] = "";
    return pread(fd, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

status folder_lock(const struct folder *f, int *fd_out, struct reason *why)
{
    int fd = open_lock(f);
    if (fd < 0) {
        reason_set(why, "lock", "cannot open %s/run/lock: %s", f->data, strerror(errno));
        return ST_IO;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        reason_set(why, "in_use",
                   "%s is in use by another `muster up` (process %ld); stop it with: muster down --data %s", f->data,
                   holder(fd), f->data);
        close(fd);
        return ST_CONFLICT;
    }
    *fd_out = fd;
    return ST_OK;
}

bool folder_in_use(const struct folder *f)
{
    AUTO(fd_close) int fd = open_lock(f);
    return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
}
