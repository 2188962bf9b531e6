#include "services/gateway/spool/quarantine.h"

#include "common/log/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    NAME = 64,
    QUARANTINE_MAX = 1 << 30,
    PIECE = 64 << 10, /* of a damaged range, copied at a time */
};

/* --------------------------------------------------------------- writing ---- */

static status finish_file(struct spool *s, int fd, const char *from, const char *to, status st)
{
    if (st == ST_OK && (s->calls->sync(fd) != 0 || s->calls->rename(s->quarantine_folder, from, to) != 0))
        st = calls_status(errno);
    if (st != ST_OK)
        s->calls->unlink(s->quarantine_folder, from);
    return st;
}

static status write_file(struct spool *s, const char *name, const char *suffix, struct view content)
{
    char from[NAME], to[NAME];
    snprintf(from, sizeof from, "%s.tmp", name);
    snprintf(to, sizeof to, "%s.%s", name, suffix);
    AUTO(fd_close) int fd = s->calls->open(s->quarantine_folder, from, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0)
        return calls_status(errno);
    union {
        const char *in;
        void *out;
    } data = {content.data};
    struct iovec part = {data.out, content.len};
    return finish_file(s, fd, from, to, calls_write_all(s->calls, fd, &part, 1, 0));
}

static status write_reason(struct spool *s, const char *name, const struct reason *why)
{
    char text[sizeof why->code + sizeof why->text + 2];
    int len = snprintf(text, sizeof text, "%s\n%s\n", why->code, why->text);
    return write_file(s, name, "reason", (struct view){text, (size_t)len});
}

static void counted(struct spool *s, size_t bytes)
{
    pthread_mutex_lock(&s->lock);
    s->quarantined++;
    s->quarantine_bytes += (int64_t)bytes;
    pthread_mutex_unlock(&s->lock);
}

static status sync_folder(struct spool *s)
{
    return s->calls->sync_folder(s->quarantine_folder) == 0 ? ST_OK : calls_status(errno);
}

status quarantine_upload(struct spool *s, struct upload_id id, struct view payload, const struct reason *why)
{
    char name[UPLOAD_ID_TEXT];
    upload_id_text(id, name);
    status st = write_reason(s, name, why);
    if (st == ST_OK)
        st = write_file(s, name, "upload", payload);
    if (st == ST_OK)
        st = sync_folder(s);
    if (st != ST_OK)
        return st;
    counted(s, payload.len);
    metric_add(&spool_metrics.quarantined, 1);
    log_warning("upload in quarantine", LOG_TEXT("upload", name), LOG_TEXT("phase", "quarantine"), LOG_REASON(why));
    return ST_OK;
}

static status copy_piecewise(struct spool *s, int from, int to, int64_t at, int64_t len)
{
    AUTO(mem_free) char *piece = malloc(PIECE);
    if (!piece)
        return ST_NO_MEMORY;
    for (int64_t done = 0; done < len;) {
        size_t n = (size_t)(len - done < PIECE ? len - done : PIECE);
        if (calls_read_all(s->calls, from, piece, n, at + done) != ST_OK)
            memset(piece, 0, n); /* what cannot be read cannot be kept */
        struct iovec part = {piece, n};
        status st = calls_write_all(s->calls, to, &part, 1, done);
        if (st != ST_OK)
            return st;
        done += (int64_t)n;
    }
    return ST_OK;
}

status quarantine_damage(struct spool *s, uint64_t segment, int fd, int64_t at, int64_t len, const struct reason *why)
{
    char name[NAME - 16], from[NAME], to[NAME];
    snprintf(name, sizeof name, "%016" PRIx64 "-%016" PRIx64, segment, (uint64_t)at);
    snprintf(from, sizeof from, "%s.tmp", name);
    snprintf(to, sizeof to, "%s.damaged", name);
    if (faccessat(s->quarantine_folder, to, F_OK, 0) == 0)
        return ST_OK; /* found at an earlier start */
    status st = write_reason(s, name, why);
    if (st != ST_OK)
        return st;
    AUTO(fd_close) int out = s->calls->open(s->quarantine_folder, from, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (out < 0)
        return calls_status(errno);
    st = finish_file(s, out, from, to, copy_piecewise(s, fd, out, at, len));
    if (st == ST_OK)
        st = sync_folder(s);
    if (st == ST_OK)
        counted(s, (size_t)len);
    return st;
}

/* -------------------------------------------------------------- counting ---- */

static bool has_suffix(const char *name, const char *suffix)
{
    size_t len = strlen(name), n = strlen(suffix);
    return len > n && strcmp(name + len - n, suffix) == 0;
}

static bool is_kept_file(const char *name)
{
    return has_suffix(name, ".upload") || has_suffix(name, ".damaged");
}

/* Count the folder; the oldest name (ids and segment numbers sort by age) into `oldest`, "" when there is none. */
static status count_folder(struct spool *s, int64_t *files, int64_t *bytes, char oldest[NAME], bool removes_halves)
{
    int fd = openat(s->quarantine_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0)
            close(fd);
        return ST_IO;
    }
    *files = *bytes = 0;
    oldest[0] = '\0';
    for (const struct dirent *e; (e = readdir(dir));) {
        struct stat info;
        if (removes_halves && has_suffix(e->d_name, ".tmp"))
            s->calls->unlink(s->quarantine_folder, e->d_name);
        if (!is_kept_file(e->d_name) || fstatat(fd, e->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        ++*files;
        *bytes += info.st_size;
        if (strlen(e->d_name) < NAME && (!oldest[0] || strcmp(e->d_name, oldest) < 0))
            memcpy(oldest, e->d_name, strlen(e->d_name) + 1);
    }
    closedir(dir);
    return ST_OK;
}

static status count_again(struct spool *s, char oldest[NAME], bool removes_halves)
{
    int64_t files, bytes;
    status st = count_folder(s, &files, &bytes, oldest, removes_halves);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&s->lock);
    s->quarantined = files;
    s->quarantine_bytes = bytes;
    pthread_mutex_unlock(&s->lock);
    return ST_OK;
}

status quarantine_open(struct spool *s)
{
    char oldest[NAME];
    if (s->set.quarantine_max <= 0)
        s->set.quarantine_max = QUARANTINE_MAX;
    return count_again(s, oldest, true);
}

static void drop(struct spool *s, const char *name)
{
    char reason[NAME];
    snprintf(reason, sizeof reason, "%.*s.reason", (int)(strrchr(name, '.') - name), name);
    s->calls->unlink(s->quarantine_folder, name);
    s->calls->unlink(s->quarantine_folder, reason);
    metric_add(&spool_metrics.quarantine_dropped, 1);
    log_error("quarantine is full: its oldest file is removed", LOG_TEXT("file", name));
}

void quarantine_look(struct spool *s)
{
    char oldest[NAME], before[NAME] = "";
    while (count_again(s, oldest, false) == ST_OK && s->quarantine_bytes > s->set.quarantine_max) {
        if (strcmp(oldest, before) == 0)
            return; /* cannot be removed */
        drop(s, oldest);
        memcpy(before, oldest, sizeof before);
    }
}
