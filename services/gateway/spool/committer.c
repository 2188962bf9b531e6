/*
 * Group commit: the committer takes all that waits, writes it with one pwritev(), syncs once, and releases all those
 * replies; meanwhile the next ones gather. So there is no timer, and a slow disk makes groups larger, not agents slower
 * than it must.
 */
#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/spool/files.h"

#include <errno.h>

enum { GROUP_MAX = 300 }; /* records of one write: three parts each, of the 1024 that pwritev() takes */

/* ----------------------------------------------------------- the segment ---- */

static bool fits(const struct segment *g, int64_t size)
{
    return g->end + size + (int64_t)(g->records + 1) * ACK_SIZE <= g->size;
}

static struct segment *active(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    struct segment *g = s->active == REF_NONE ? NULL : s->segments[s->active];
    pthread_mutex_unlock(&s->lock);
    return g;
}

/* No more records for the active segment. */
static void seal(struct spool *s, bool is_bad)
{
    struct segment *g = active(s);
    if (!g)
        return;
    close(g->fd);
    pthread_mutex_lock(&s->lock);
    g->fd = -1;
    g->is_written = true;
    g->is_bad = is_bad;
    s->active = REF_NONE;
    s->wants_retiring = s->wants_index = true;
    spool_need_chores(s);
    pthread_mutex_unlock(&s->lock);
}

static status make_now(struct spool *s)
{
    uint32_t slot = REF_NONE;
    s->is_making = true;
    pthread_mutex_unlock(&s->lock);
    status st = spool_files_make(s, false, &slot);
    pthread_mutex_lock(&s->lock);
    s->is_making = false;
    s->active = slot;
    s->is_full = st != ST_OK;
    s->cannot_make = st == ST_IO;
    spool_update_gauges(s);
    if (st != ST_OK)
        spool_need_chores(s);
    return st;
}

/* The next segment: the one that the keeper has prepared, else one made now. */
static status change_segment(struct spool *s)
{
    seal(s, false);
    status st = ST_OK;
    pthread_mutex_lock(&s->lock);
    while (s->is_making)
        pthread_cond_wait(&s->made, &s->lock);
    if (s->prepared != REF_NONE) {
        s->active = s->prepared;
        s->prepared = REF_NONE;
    } else {
        st = s->is_full ? ST_NO_SPACE : make_now(s);
    }
    pthread_mutex_unlock(&s->lock);
    if (st == ST_NO_SPACE)
        log_warning("spool full: uploads are refused", LOG_NUMBER("max", s->set.max),
                    LOG_NUMBER("quarantine_bytes", metric_get(&spool_metrics.quarantine_bytes)));
    return st;
}

static status find_room(struct spool *s, int64_t size)
{
    const struct segment *g = active(s);
    if (g && fits(g, size))
        return ST_OK;
    pthread_mutex_lock(&s->lock);
    bool is_refused = !g && s->is_full && s->prepared == REF_NONE;
    bool is_healthy = s->is_healthy;
    pthread_mutex_unlock(&s->lock);
    if (!is_healthy)
        return ST_IO;
    return is_refused ? ST_NO_SPACE : change_segment(s);
}

/* --------------------------------------------------------------- writing ---- */

/* What was refused must not come back at the next start: the headers of a group that failed are overwritten. As good as it goes:
 * a disk that lies about this, too, makes us offer an upload that its agent sends again, which is harmless. */
static void take_back(struct spool *s, const struct segment *g, const struct append *first, const struct append *until)
{
    uint8_t zeros[RECORD_HEAD] = {0};
    status st = ST_OK;
    for (const struct append *a = first; a != until; a = a->next) {
        struct iovec part = {zeros, sizeof zeros};
        status written = calls_write_all(s->calls, g->fd, &part, 1, (off_t)a->place * RECORD_ALIGN);
        st = written == ST_OK ? st : written;
    }
    if (s->calls->sync(g->fd) != 0 || st != ST_OK)
        log_warning("uploads that were refused may be offered after the next start", LOG_NUMBER("segment", g->number));
}

static void fail_for_good(struct spool *s, const char *call, int error)
{
    log_error("the spool is closed: what was written may be gone", LOG_TEXT("call", call),
              LOG_TEXT("error", strerror(error)));
    pthread_mutex_lock(&s->lock);
    s->is_healthy = false;
    spool_update_gauges(s);
    pthread_mutex_unlock(&s->lock);
}

static void note_full(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    s->is_full = true;
    pthread_mutex_unlock(&s->lock);
}

/* One write, one sync. After any failure the segment is given up: a lost page is reported once, and success after that, so a
 * second sync could be believed only by who does not know. */
static status write_and_sync(struct spool *s, struct segment *g, struct iovec *parts, int count,
                             const struct append *first, const struct append *until)
{
    const char *call = "pwritev";
    status st = calls_write_all(s->calls, g->fd, parts, count, g->end);
    if (st == ST_OK && s->calls->sync(g->fd) != 0) {
        call = "fdatasync";
        st = ST_IO;
    }
    if (st == ST_OK)
        return metric_add(&spool_metrics.commits, 1), ST_OK;
    int error = errno;
    if (st == ST_NO_SPACE) /* room was reserved, but this file system copies on write */
        note_full(s);
    else
        fail_for_good(s, call, error);
    take_back(s, g, first, until);
    seal(s, true);
    return st;
}

/* Three parts of the write: header with the upload's head, body, pad. */
static int add_parts(const struct append *a, struct iovec *parts)
{
    static const uint8_t zeros[RECORD_ALIGN];
    size_t pad = (size_t)(record_size(a->record.payload_len) - RECORD_HEAD) - a->record.payload_len;
    union {
        const void *in;
        void *out;
    } head = {a->head}, body = {a->body.data}, rest = {zeros}; /* an iovec is not const, pwritev() does not write */
    parts[0] = (struct iovec){head.out, a->head_len};
    parts[1] = (struct iovec){body.out, a->body.len};
    parts[2] = (struct iovec){rest.out, pad};
    return 3;
}

/* As many as fit into the active segment, from `first` on, with one write. @return the first that is left */
static struct append *write_group(struct spool *s, struct append *first)
{
    struct iovec parts[3 * GROUP_MAX];
    struct segment *g = active(s);
    uint32_t slot = s->active; /* only this thread changes it */
    int count = 0, n = 0;
    int64_t end = g->end, start = g->end;
    struct append *a = first;
    for (; a && n < GROUP_MAX; a = a->next, n++) {
        int64_t size = record_size(a->record.payload_len);
        if (end + size + (int64_t)(g->records + (uint32_t)n + 1) * ACK_SIZE > g->size)
            break;
        a->segment = slot;
        a->place = (uint32_t)(end / RECORD_ALIGN);
        a->record.payload_crc = crc32c(0, a->head + RECORD_HEAD, a->head_len - RECORD_HEAD);
        a->record.payload_crc = crc32c(a->record.payload_crc, a->body.data, a->body.len);
        a->record.batch = (uint32_t)(start / RECORD_ALIGN);
        record_encode(&a->record, g->number, g->nonce, a->head);
        count += add_parts(a, parts + count);
        end += size;
    }
    status st = write_and_sync(s, g, parts, count, first, a);
    for (struct append *w = first; w != a; w = w->next)
        w->result = st;
    if (st == ST_OK) {
        pthread_mutex_lock(&s->lock);
        g->end = end;
        g->records += (uint32_t)n;
        g->live += (uint32_t)n;
        pthread_mutex_unlock(&s->lock);
    }
    return a;
}

/* ------------------------------------------------------------- releasing ---- */

/* From here on it can be given out. Pending all the time: it moves from "waits" into the index under one lock. */
static void enter(struct spool *s, const struct append *a)
{
    s->waiting--;
    s->waiting_bytes -= record_size(a->record.payload_len);
    if (a->result != ST_OK)
        return;
    const struct indexed upload = {
        .id = a->record.id,
        .device_hash = a->record.device_hash,
        .segment = a->segment,
        .place = a->place,
        .len = a->record.payload_len,
        .kind = (uint8_t)a->record.kind,
    };
    index_add(s->index, &upload);
}

static void count_result(status st)
{
    metric *const m = st == ST_OK   ? &spool_metrics.appends
                      : st == ST_IO ? &spool_metrics.refused_io
                                    : &spool_metrics.refused_full;
    metric_add(m, 1);
}

static void release(struct spool *s, struct append *first, const struct append *until)
{
    pthread_mutex_lock(&s->lock);
    for (const struct append *a = first; a != until; a = a->next)
        enter(s, a);
    spool_update_gauges(s);
    const struct segment *g = s->active == REF_NONE ? NULL : s->segments[s->active];
    if (g && g->end > g->size / 2 && s->prepared_for != g->number) {
        s->prepared_for = g->number;
        s->wants_segment = true;
        spool_need_chores(s);
    }
    pthread_mutex_unlock(&s->lock);
    for (struct append *a = first, *next; a != until; a = next) {
        next = a->next;
        count_result(a->result);
        if (a->done)
            a->done(a->ctx, a->result, a->record.id);
        free(a->copy);
        free(a);
    }
    spool_tell(s);
}

static void commit(struct spool *s, struct append *batch)
{
    while (batch) {
        struct append *rest = batch->next;
        status st = find_room(s, record_size(batch->record.payload_len));
        if (st == ST_OK)
            rest = write_group(s, batch);
        else
            batch->result = st;
        release(s, batch, rest);
        batch = rest;
    }
}

/* ---------------------------------------------------------------- thread ---- */

/* With the lock. What nobody waits for is written with what somebody waits for: a sync for each contact would cost more than all the
 * rest of its answer. */
static void wait_for_work(struct spool *s)
{
    while (!s->stops_committing && !s->is_awaited) {
        if (!s->first) {
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        int64_t until = s->in_queue_ms + SPOOL_LAZY_MS;
        if (clock_steady_ms() >= until)
            return;
        const struct timespec moment = {.tv_sec = until / 1000, .tv_nsec = until % 1000 * 1000000};
        pthread_cond_timedwait(&s->work, &s->lock, &moment);
    }
}

static void *run(void *arg)
{
    struct spool *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        wait_for_work(s);
        if (!s->first)
            break;
        struct append *batch = s->first;
        s->first = NULL;
        s->end = &s->first;
        s->is_awaited = false;
        pthread_mutex_unlock(&s->lock);
        commit(s, batch);
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

status committer_start(struct spool *s)
{
    s->has_committer = pthread_create(&s->committer, NULL, run, s) == 0;
    return s->has_committer ? ST_OK : ST_NO_MEMORY;
}

void committer_stop(struct spool *s)
{
    if (!s->has_committer)
        return;
    pthread_mutex_lock(&s->lock);
    s->stops_committing = true;
    pthread_cond_signal(&s->work);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->committer, NULL);
    s->has_committer = false;
}
