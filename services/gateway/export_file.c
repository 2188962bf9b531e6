/* Names and files of exported uploads. */
#include "services/gateway/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

enum { COUNTERS = 100000, FILE_NAME_MAX = EXPORT_NAME_MAX + 16, CLEAN_MAX = 200, MODE = 0640 };

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

/* One '_' for each foreign character, not for each of its bytes. */
void export_name(struct view deviceid, enum upload_kind kind, char out[static EXPORT_NAME_MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < deviceid.len; i++) {
        char c = deviceid.data[i];
        if (c == '/')
            len = 0;
        else if (len < CLEAN_MAX && ((unsigned char)c & 0xC0) != 0x80)
            out[len++] = c;
    }
    for (size_t i = 0; i < len; i++)
        if (!is_plain(out[i]))
            out[i] = '_';
    out[len] = '\0';
    bool names_nothing = len == 0 || strcmp(out, ".") == 0 || strcmp(out, "..") == 0;
    if (names_nothing)
        len = (size_t)snprintf(out, EXPORT_NAME_MAX, "UNKNOWN");
    if (kind == UPLOAD_SNMP)
        snprintf(out + len, EXPORT_NAME_MAX - len, "-SNMP");
}

static status failed(struct reason *why, const char *what, const char *name)
{
    reason_set(why, "export", "%s %s: %s", what, name, strerror(errno));
    return ST_IO;
}

static status write_all(int fd, struct view content, const char *name, struct reason *why)
{
    for (size_t done = 0; done < content.len;) {
        ssize_t n = write(fd, content.data + done, content.len - done);
        if (n < 0 && errno != EINTR)
            return failed(why, "cannot write", name);
        done += n > 0 ? (size_t)n : 0;
    }
    return ST_OK;
}

/* O_EXCL: a name that is there, even as a link to nowhere, is never opened. */
static int create(int folder, const char *name)
{
    return openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
}

/* Beside the old file, then over it: whatever stands under the name is replaced and not written into. */
static status replace(int folder, const char *name, struct view content, struct reason *why)
{
    char file[FILE_NAME_MAX], part[FILE_NAME_MAX];
    snprintf(file, sizeof file, "%s.ocs", name);
    snprintf(part, sizeof part, ".%.*s.%ld", CLEAN_MAX, name, (long)getpid());
    (void)unlinkat(folder, part, 0); /* what an earlier process of this number left */
    AUTO(fd_close) int fd = create(folder, part);
    if (fd < 0)
        return failed(why, "cannot make", part);
    status st = write_all(fd, content, part, why);
    if (st == ST_OK && renameat(folder, part, folder, file) != 0)
        st = failed(why, "cannot replace", file);
    if (st != ST_OK)
        (void)unlinkat(folder, part, 0);
    return st;
}

static status add(int folder, const char *name, struct view content, struct reason *why)
{
    char file[FILE_NAME_MAX];
    snprintf(file, sizeof file, "%s.ocs", name);
    AUTO(fd_close) int fd = create(folder, file);
    for (int counter = 1; fd < 0 && errno == EEXIST && counter < COUNTERS; counter++) {
        snprintf(file, sizeof file, "%s-%d.ocs", name, counter);
        fd = create(folder, file);
    }
    if (fd < 0)
        return failed(why, "cannot make", file);
    status st = write_all(fd, content, file, why);
    if (st != ST_OK)
        (void)unlinkat(folder, file, 0);
    return st;
}

status export_write(const char *folder, const char *name, bool overwrite, struct view content, struct reason *why)
{
    AUTO(fd_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(why, "cannot open the folder", folder);
    return overwrite ? replace(fd, name, content, why) : add(fd, name, content, why);
}
