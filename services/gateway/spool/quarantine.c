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
    PIECE = 64 << 10, /* of a damaged range, copied at a time */
    REPLAYS = 64,     /* taken back at a time, so that the keeper also gets to its other chores */
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
    return has_suffix(name, ".upload") || has_suffix(name, ".damaged") || has_suffix(name, ".replay");
}

static DIR *open_again(int folder)
{
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int error = errno;
    if (!dir && fd >= 0)
        close(fd);
    errno = error;
    return dir;
}

static void folder_close_p(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static status count_folder(struct spool *s, int64_t *files, int64_t *bytes, bool removes_halves)
{
    AUTO(folder_close) DIR *dir = open_again(s->quarantine_folder);
    if (!dir)
        return errno == ENOMEM ? ST_NO_MEMORY : ST_IO;
    *files = *bytes = 0;
    s->has_replays = false;
    for (const struct dirent *e; (e = readdir(dir));) {
        struct stat info;
        if (removes_halves && has_suffix(e->d_name, ".tmp"))
            s->calls->unlink(s->quarantine_folder, e->d_name);
        if (!is_kept_file(e->d_name) || fstatat(s->quarantine_folder, e->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        s->has_replays |= has_suffix(e->d_name, ".replay");
        ++*files;
        *bytes += info.st_size;
    }
    return ST_OK;
}

static status count_again(struct spool *s, bool removes_halves)
{
    int64_t files, bytes;
    struct stat info;
    if (fstat(s->quarantine_folder, &info) != 0)
        return ST_IO;
    status st = count_folder(s, &files, &bytes, removes_halves);
    if (st != ST_OK)
        return st;
    s->quarantine_seen = info.st_mtim; /* taken before: a change meanwhile is seen the next time */
    pthread_mutex_lock(&s->lock);
    s->quarantined = files;
    s->quarantine_bytes = bytes;
    spool_update_gauges(s);
    pthread_mutex_unlock(&s->lock);
    return ST_OK;
}

status quarantine_open(struct spool *s)
{
    return count_again(s, true);
}

/* ------------------------------------------------------------- replaying ---- */

static status read_file(struct spool *s, const char *name, char **data, size_t *len)
{
    struct stat info;
    AUTO(fd_close) int fd = s->calls->open(s->quarantine_folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0 || fstat(fd, &info) != 0)
        return ST_IO;
    if (!S_ISREG(info.st_mode) || info.st_size > s->set.segment_size)
        return ST_MALFORMED;
    AUTO(mem_free) char *bytes = malloc((size_t)info.st_size + 1);
    if (!bytes)
        return ST_NO_MEMORY;
    status st = calls_read_all(s->calls, fd, bytes, (size_t)info.st_size, 0);
    if (st != ST_OK)
        return st;
    *data = STEAL(bytes);
    *len = (size_t)info.st_size;
    return ST_OK;
}

/* Back where it was, with what is wrong with it. */
static void refuse_replay(struct spool *s, const char *name, const char *stem, status st)
{
    char to[NAME + 8];
    struct reason why;
    reason_set(&why, "no_upload", "it cannot be replayed: %s", status_name(st));
    snprintf(to, sizeof to, "%s.upload", stem);
    if (write_reason(s, stem, &why) != ST_OK || s->calls->rename(s->quarantine_folder, name, to) != 0)
        log_error("cannot refuse a replay", LOG_TEXT("file", name), LOG_TEXT("error", strerror(errno)));
}

/* The upload is in a segment before it is gone from here. */
static void replay(struct spool *s, const char *name)
{
    char stem[NAME], reason[NAME + 8];
    AUTO(mem_free) char *payload = NULL;
    size_t len = 0;
    snprintf(stem, sizeof stem, "%.*s", (int)(strrchr(name, '.') - name), name);
    snprintf(reason, sizeof reason, "%s.reason", stem);
    status st = read_file(s, name, &payload, &len);
    if (st == ST_OK)
        st = spool_append_again(s, (struct view){payload, len});
    if (st == ST_MALFORMED || st == ST_TOO_BIG) {
        refuse_replay(s, name, stem, st);
        return;
    }
    if (st != ST_OK) { /* the next time */
        log_warning("an upload cannot be taken back from quarantine now", LOG_TEXT("upload", stem),
                    LOG_TEXT("status", status_name(st)));
        return;
    }
    if (s->calls->unlink(s->quarantine_folder, name) != 0) {
        log_error("an upload that was replayed is still in quarantine", LOG_TEXT("file", name),
                  LOG_TEXT("error", strerror(errno)));
        return;
    }
    s->calls->unlink(s->quarantine_folder, reason);
    metric_add(&spool_metrics.replayed, 1);
    log_info("upload taken back from quarantine", LOG_TEXT("upload", stem));
}

/* Some of the names: as many as fit. What is left is taken the next time. */
static size_t list_replays(struct spool *s, char names[REPLAYS][NAME])
{
    size_t count = 0;
    AUTO(folder_close) DIR *dir = open_again(s->quarantine_folder);
    for (const struct dirent *e; dir && count < REPLAYS && (e = readdir(dir));)
        if (has_suffix(e->d_name, ".replay") && strlen(e->d_name) < NAME)
            memcpy(names[count++], e->d_name, strlen(e->d_name) + 1);
    return count;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

void quarantine_look(struct spool *s)
{
    struct stat info;
    char names[REPLAYS][NAME];
    bool is_changed = fstat(s->quarantine_folder, &info) != 0 || info.st_mtim.tv_sec != s->quarantine_seen.tv_sec ||
                      info.st_mtim.tv_nsec != s->quarantine_seen.tv_nsec;
    if (!is_changed && !s->has_replays)
        return;
    size_t count = list_replays(s, names);
    qsort(names, count, sizeof *names, by_name); /* ids sort by age */
    for (size_t i = 0; i < count; i++)
        replay(s, names[i]);
    if (count_again(s, false) != ST_OK)
        log_error("cannot read the quarantine", LOG_TEXT("error", strerror(errno)));
}
