/*
 * A spool's beginning and end: settings, folders, the lock, what was there; and closing.
 */
#include "common/base/clock.h"
#include "services/gateway/spool/files.h"
#include "services/gateway/spool/quarantine.h"
#include "services/gateway/spool/recovery.h"
#include "services/gateway/spool/suspects.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

enum {
    ATTEMPTS_MAX = 3,
    SUSPECT_MS = 5000,
    PENDING_MAX = 2000000,
    SEGMENT_LEAST = 4096,
};
static const int64_t segment_most = (int64_t)4 << 30;

static status check_settings(struct spool_settings *set, struct reason *why)
{
    set->segment_size -= set->segment_size % SEGMENT_LEAST;
    if (set->segment_size < SEGMENT_LEAST || set->segment_size > segment_most || set->max < set->segment_size) {
        reason_set(why, "spool", "a segment has 4 KiB to 4 GiB, and the spool room for at least one");
        return ST_INVALID;
    }
    if (set->suspect_ms == 0)
        set->suspect_ms = SUSPECT_MS;
    if (set->attempts_max == 0)
        set->attempts_max = ATTEMPTS_MAX;
    if (set->pending_max <= 0)
        set->pending_max = PENDING_MAX;
    return ST_OK;
}

static status open_failed(const char *folder, const char *name, struct reason *why)
{
    int error = errno;
    reason_set(why, "spool", "%s/%s: %s", folder, name, strerror(error));
    return calls_status(error);
}

static int open_folder(int parent, const char *name)
{
    if (mkdirat(parent, name, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* More than once: `muster spool` takes the lock for a moment to see who has it. */
static bool lock(int fd)
{
    enum { TRIES = 20 };
    static const struct timespec pause = {0, 10 * 1000000L};
    int result = -1;
    for (int i = 0; i < TRIES && (result = flock(fd, LOCK_EX | LOCK_NB)) != 0 && errno == EWOULDBLOCK; i++)
        nanosleep(&pause, NULL);
    return result == 0;
}

static status open_folders(struct spool *s, struct reason *why)
{
    const char *folder = s->set.folder;
    if ((s->folder = open_folder(AT_FDCWD, folder)) < 0)
        return open_failed(folder, "", why);
    s->lock_file = openat(s->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock_file < 0)
        return open_failed(folder, "lock", why);
    if (!lock(s->lock_file)) {
        if (errno != EWOULDBLOCK)
            return open_failed(folder, "lock", why);
        reason_set(why, "spool", "%s: another process has this spool", folder);
        return ST_CONFLICT;
    }
    if ((s->segment_folder = open_folder(s->folder, "segments")) < 0)
        return open_failed(folder, "segments", why);
    if ((s->quarantine_folder = open_folder(s->folder, "quarantine")) < 0)
        return open_failed(folder, "quarantine", why);
    /* The names of what was just made must survive a crash, too. */
    AUTO(fd_close) int parent = openat(s->folder, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->calls->sync_folder(s->folder) != 0 || (parent >= 0 && s->calls->sync_folder(parent) != 0))
        return open_failed(folder, "", why);
    return ST_OK;
}

/* A spool that cannot be written refuses to start; one that is only full starts, and hands out what it has. */
static status make_first(struct spool *s, struct reason *why)
{
    spool_files_retire(s);
    uint32_t slot = REF_NONE;
    status st = spool_files_make(s, false, &slot);
    s->active = slot;
    s->is_full = st == ST_NO_SPACE;
    if (st == ST_OK || (st == ST_NO_SPACE && index_count(s->index) > 0))
        return ST_OK;
    reason_set(why, "spool", "cannot make a segment of %lld bytes: %s", (long long)s->set.segment_size,
               status_name(st));
    return st;
}

static status start(struct spool *s, struct reason *why)
{
    status st = open_folders(s, why);
    if (st == ST_OK && (st = quarantine_open(s)) != ST_OK)
        reason_set(why, "spool", "cannot read the quarantine: %s", status_name(st));
    if (st == ST_OK)
        st = recovery_run(s, why);
    if (st == ST_OK)
        suspects_recover(s);
    if (st == ST_OK)
        st = make_first(s, why);
    if (st != ST_OK)
        return st;
    spool_update_gauges(s);
    st = committer_start(s);
    if (st == ST_OK)
        quarantine_look(s); /* before anything is given out: what is pending already is not taken back once more */
    if (st == ST_OK)
        st = keeper_start(s);
    if (st != ST_OK)
        reason_set(why, "spool", "cannot start a thread");
    return st;
}

static void init_locks(struct spool *s)
{
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->read_lock, NULL);
    pthread_mutex_init(&s->wake_lock, NULL);
    pthread_cond_init(&s->made, NULL);
    clock_cond_init(&s->work);
    clock_cond_init(&s->chores);
}

status spool_open_with(const struct spool_settings *set, const struct spool_calls *calls, struct spool **out,
                       struct reason *why)
{
    AUTO(spool_close) struct spool *s = calloc(1, sizeof *s);
    if (!s)
        return ST_NO_MEMORY;
    *s = (struct spool){.set = *set,
                        .calls = calls,
                        .folder = -1,
                        .segment_folder = -1,
                        .quarantine_folder = -1,
                        .lock_file = -1,
                        .read_fd = -1,
                        .active = REF_NONE,
                        .prepared = REF_NONE,
                        .is_healthy = true};
    s->end = &s->first;
    s->rejected_end = &s->rejected;
    init_locks(s);
    s->index = index_new();
    status st = s->index ? check_settings(&s->set, why) : ST_NO_MEMORY;
    if (st == ST_OK)
        st = start(s, why);
    if (st == ST_OK)
        *out = STEAL(s);
    return st;
}

status spool_open(const struct spool_settings *set, struct spool **out, struct reason *why)
{
    return spool_open_with(set, &spool_calls_real, out, why);
}

static void close_files(struct spool *s)
{
    int files[] = {s->read_fd, s->quarantine_folder, s->segment_folder, s->lock_file, s->folder};
    for (size_t i = 0; i < s->segment_room; i++) {
        if (s->segments[i] && s->segments[i]->fd >= 0)
            close(s->segments[i]->fd);
        free(s->segments[i]);
    }
    free(s->segments);
    for (size_t i = 0; i < COUNT(files); i++)
        if (files[i] >= 0)
            close(files[i]);
}

void spool_close(struct spool *s)
{
    if (!s)
        return;
    committer_stop(s);
    keeper_stop(s);
    close_files(s);
    for (struct rejection *r = s->rejected, *next; r; r = next) {
        next = r->next;
        free(r);
    }
    free(s->acked);
    free(s->suspects);
    index_destroy(s->index);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->made);
    pthread_cond_destroy(&s->chores);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->read_lock);
    pthread_mutex_destroy(&s->wake_lock);
    free(s);
}
