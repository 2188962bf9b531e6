#include "services/gateway/spool/spool.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/spool/ack_log.h"
#include "services/gateway/spool/files.h"
#include "services/gateway/spool/quarantine.h"
#include "services/gateway/spool/recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

METRICS_DEFINE(spool_metrics, SPOOL_METRICS);

enum {
    ATTEMPTS_MAX = 5,
    PENDING_MAX = 2000000,
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 10000,
    SUSPECT_LOSSES = 2, /* so often lost: it waits before it is offered again */
    SUSPECT_FIRST_MS = 250,
    SEGMENT_LEAST = 4096,
};
static const int64_t segment_most = (int64_t)4 << 30;

/* ---------------------------------------------------- shared by the parts ---- */

void spool_tell(struct spool *s)
{
    pthread_mutex_lock(&s->wake_lock);
    if (s->wake)
        s->wake(s->wake_ctx);
    pthread_mutex_unlock(&s->wake_lock);
}

void spool_need_chores(struct spool *s)
{
    s->has_chores = true;
    pthread_cond_signal(&s->chores);
}

void spool_update_gauges(struct spool *s)
{
    metric_set(&spool_metrics.pending, (int64_t)(s->waiting + index_count(s->index)));
    metric_set(&spool_metrics.bytes, s->bytes_used + s->index_bytes);
    metric_set(&spool_metrics.quarantine_files, s->quarantined);
    metric_set(&spool_metrics.quarantine_bytes, s->quarantine_bytes);
    metric_set(&spool_metrics.healthy, s->is_healthy && !s->cannot_make);
}

bool spool_is_over(const struct spool *s, int64_t more)
{
    return s->bytes_on_disk + s->quarantine_bytes + more > s->set.max;
}

void spool_forget(struct spool *s, uint32_t ref)
{
    const struct indexed *upload = index_get(s->index, ref);
    struct segment *g = s->segments[upload->segment];
    ack_log_add(s, upload->segment, upload->place);
    if (--g->live == 0 && g->is_written)
        s->wants_retiring = true;
    index_remove(s->index, ref);
    spool_update_gauges(s);
    spool_need_chores(s);
}

void spool_reject(struct spool *s, uint32_t ref, const struct reason *why)
{
    struct rejection *r = calloc(1, sizeof *r);
    if (!r) {
        index_delay(s->index, ref, clock_steady_ms() + RETRY_LAST_MS);
        return;
    }
    r->ref = ref;
    r->why = *why;
    *s->rejected_end = r;
    s->rejected_end = &r->next;
    index_set_aside(s->index, ref);
    spool_need_chores(s);
}

/* --------------------------------------------------------------- opening ---- */

static status check_settings(struct spool_settings *set, struct reason *why)
{
    set->segment_size -= set->segment_size % SEGMENT_LEAST;
    if (set->segment_size < SEGMENT_LEAST || set->segment_size > segment_most || set->max < set->segment_size) {
        reason_set(why, "spool", "a segment has 4 KiB to 4 GiB, and the spool room for at least one");
        return ST_INVALID;
    }
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
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->read_lock, NULL);
    pthread_mutex_init(&s->wake_lock, NULL);
    pthread_cond_init(&s->work, &steady);
    pthread_cond_init(&s->made, NULL);
    pthread_cond_init(&s->chores, &steady);
    pthread_condattr_destroy(&steady);
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
    index_destroy(s->index);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->made);
    pthread_cond_destroy(&s->chores);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->read_lock);
    pthread_mutex_destroy(&s->wake_lock);
    free(s);
}

void spool_on_work(struct spool *s, void (*wake)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&s->wake_lock);
    s->wake = wake;
    s->wake_ctx = ctx;
    pthread_mutex_unlock(&s->wake_lock);
}

/* ------------------------------------------------------------- appending ---- */

static struct append *append_new(const struct upload_head *head, struct view body, spool_done_fn *done, void *ctx)
{
    struct append *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->body = body;
    a->done = done;
    a->ctx = ctx;
    a->record.kind = head->kind;
    a->record.device_hash = head->device_hash;
    if (done || body.len == 0)
        return a;
    a->copy = malloc(body.len);
    if (!a->copy) {
        free(a);
        return NULL;
    }
    memcpy(a->copy, body.data, body.len);
    a->body.data = a->copy;
    return a;
}

/* May it be taken at all? With the lock. */
static status admit(struct spool *s, int64_t size)
{
    if (s->stops_committing)
        return ST_AGAIN;
    if (!s->is_healthy || (s->is_full && s->active == REF_NONE && s->prepared == REF_NONE))
        return ST_NO_SPACE;
    if ((int64_t)(index_count(s->index) + s->waiting) >= s->set.pending_max)
        return ST_NO_SPACE;
    if (s->waiting_bytes > 0 && s->waiting_bytes + size > s->set.queue_max)
        return ST_AGAIN;
    return index_reserve(s->index, s->waiting + 1);
}

/* An id above all before it, also when the clock was set back. With the lock. */
static struct upload_id next_id(struct spool *s)
{
    uint64_t now = (uint64_t)s->calls->wall_us();
    s->last_us = now > s->last_us ? now : s->last_us + 1;
    s->sequence++;
    return (struct upload_id){s->last_us, (uint64_t)s->set.gateway_id << 48 | (s->sequence & 0xffffffffffffu)};
}

/* Ids, and with them the order on the disk, are given in the order of the queue; one that is taken back keeps its own. With the
 * lock. */
static void enqueue(struct spool *s, struct append *a, const struct upload_head *head, int64_t size)
{
    struct upload_head own = *head;
    if (!a->record.is_again)
        own.id = next_id(s);
    a->record.id = own.id;
    size_t len = upload_head_encode(&own, a->head + RECORD_HEAD);
    a->head_len = RECORD_HEAD + len;
    a->record.payload_len = (uint32_t)(len + a->body.len);
    bool is_first = !s->first, is_awaited = a->done != NULL || s->waiting_bytes > s->set.queue_max / 2;
    if (is_first)
        s->in_queue_ms = clock_steady_ms();
    *s->end = a;
    s->end = &a->next;
    s->waiting++;
    s->waiting_bytes += size;
    spool_update_gauges(s);
    if (is_first || (is_awaited && !s->is_awaited))
        pthread_cond_signal(&s->work);
    s->is_awaited = s->is_awaited || is_awaited;
}

static status append(struct spool *s, const struct upload_head *head, struct view body, bool is_again,
                     spool_done_fn *done, void *ctx)
{
    uint8_t encoded[UPLOAD_HEAD_MAX];
    size_t head_len = upload_head_encode(head, encoded);
    int64_t size = record_size(head_len + body.len);
    if (body.len > UINT32_MAX - UPLOAD_HEAD_MAX || SEGMENT_HEAD + size + ACK_SIZE > s->set.segment_size)
        return ST_TOO_BIG;
    struct append *a = append_new(head, body, done, ctx);
    if (!a)
        return ST_NO_MEMORY;
    a->record.is_again = is_again;
    pthread_mutex_lock(&s->lock);
    status st = admit(s, size);
    if (st == ST_OK)
        enqueue(s, a, head, size);
    pthread_mutex_unlock(&s->lock);
    if (st == ST_OK)
        return ST_OK;
    metric_add(st == ST_AGAIN ? &spool_metrics.refused_busy : &spool_metrics.refused_full, 1);
    free(a->copy);
    free(a);
    return st;
}

status spool_append(struct spool *s, const struct upload_head *head, struct view body, spool_done_fn *done, void *ctx)
{
    return append(s, head, body, false, done, ctx);
}

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t is_told;
    status st; /* ST_COUNT: not yet */
};

static void take_outcome(void *ctx, status st, struct upload_id id)
{
    struct outcome *o = ctx;
    (void)id;
    pthread_mutex_lock(&o->lock);
    o->st = st;
    pthread_cond_signal(&o->is_told);
    pthread_mutex_unlock(&o->lock);
}

status spool_append_again(struct spool *s, struct view payload)
{
    struct outcome o = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, ST_COUNT};
    struct upload_head head;
    struct view body;
    status st = upload_head_decode(payload.data, payload.len, &head, &body);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&s->lock);
    bool is_there =
        index_has(s->index, head.device_hash, head.id); /* a crash came between this and its removal there */
    pthread_mutex_unlock(&s->lock);
    if (is_there)
        return ST_OK;
    st = append(s, &head, body, true, take_outcome, &o);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&o.lock);
    while (o.st == ST_COUNT)
        pthread_cond_wait(&o.is_told, &o.lock);
    pthread_mutex_unlock(&o.lock);
    return o.st;
}

/* ---------------------------------------------------------------- giving ---- */

struct place {
    struct indexed upload;
    uint64_t segment;
};

static uint32_t give(struct spool *s, unsigned kinds, struct place *out)
{
    pthread_mutex_lock(&s->lock);
    uint32_t ref = index_give(s->index, kinds);
    if (ref != REF_NONE) {
        s->in_flight++;
        out->upload = *index_get(s->index, ref);
        out->segment = s->segments[out->upload.segment]->number;
    }
    pthread_mutex_unlock(&s->lock);
    return ref;
}

static void take_back(struct spool *s, uint32_t ref, const struct reason *damage)
{
    pthread_mutex_lock(&s->lock);
    s->in_flight--;
    if (damage)
        spool_reject(s, ref, damage);
    else
        index_return(s->index, ref);
    pthread_mutex_unlock(&s->lock);
}

/* Header and payload, verified against what the index knows; the payload is moved to the front of the buffer. */
static status read_back(struct spool *s, const struct place *p, uint8_t **out)
{
    size_t len = RECORD_HEAD + (size_t)p->upload.len;
    AUTO(mem_free) uint8_t *raw = malloc(len);
    if (!raw)
        return ST_NO_MEMORY;
    if (spool_files_read(s, p->segment, raw, len, (int64_t)p->upload.place * RECORD_ALIGN) != ST_OK)
        return ST_IO;
    uint64_t number, nonce;
    if (record_origin(raw, &number, &nonce) != ST_OK || number != p->segment || get_be64(raw + 8) != p->upload.id.hi ||
        get_be32(raw + 56) != crc32c(0, raw + RECORD_HEAD, p->upload.len))
        return ST_MALFORMED;
    memmove(raw, raw + RECORD_HEAD, p->upload.len);
    *out = STEAL(raw);
    return ST_OK;
}

bool spool_next(struct spool *s, unsigned kinds, struct link_message *out)
{
    for (;;) {
        struct place p;
        uint8_t *body = NULL;
        uint32_t ref = give(s, kinds, &p);
        if (ref == REF_NONE)
            return false;
        status st = read_back(s, &p, &body);
        if (st == ST_OK) {
            *out = (struct link_message){.id = p.upload.id,
                                         .kind = (enum upload_kind)p.upload.kind,
                                         .attempt = (unsigned)p.upload.lost + p.upload.retries,
                                         .is_suspect = p.upload.lost > 0,
                                         .body = body,
                                         .len = p.upload.len,
                                         .release = free};
            return true;
        }
        struct reason why;
        reason_set(&why, "damaged", "segment %016llx, offset %lld: %s", (unsigned long long)p.segment,
                   (long long)p.upload.place * RECORD_ALIGN, status_name(st));
        take_back(s, ref, st == ST_NO_MEMORY ? NULL : &why);
        if (st == ST_NO_MEMORY)
            return false;
        metric_add(&spool_metrics.damaged, 1);
    }
}

static void retry(struct spool *s, uint32_t ref)
{
    struct indexed *upload = index_get(s->index, ref);
    int64_t delay = upload->retries < 7 ? RETRY_FIRST_MS << upload->retries : RETRY_LAST_MS;
    upload->retries += upload->retries < UINT8_MAX;
    index_delay(s->index, ref, clock_steady_ms() + (delay < RETRY_LAST_MS ? delay : RETRY_LAST_MS));
    metric_add(&spool_metrics.retries, 1);
    spool_need_chores(s);
}

static void lost(struct spool *s, uint32_t ref)
{
    struct indexed *upload = index_get(s->index, ref);
    upload->lost += upload->lost < UINT8_MAX;
    metric_add(&spool_metrics.lost, 1);
    if (upload->lost < s->set.attempts_max && upload->lost < SUSPECT_LOSSES) {
        index_return(s->index, ref);
        return;
    }
    if (upload->lost < s->set.attempts_max) {
        /* By chance, so that innocent ones do not meet the same guilty one again and again. */
        int64_t pause = SUSPECT_FIRST_MS << (upload->lost < 6 ? upload->lost - SUSPECT_LOSSES : 4);
        index_delay(s->index, ref, clock_steady_ms() + pause + clock_wall_us() % pause);
        spool_need_chores(s);
        return;
    }
    struct reason why;
    reason_set(&why, "poison", "%u consumers fell silent with it", (unsigned)upload->lost);
    spool_reject(s, ref, &why);
}

void spool_verdict(struct spool *s, struct upload_id id, enum link_verdict verdict, const struct reason *why)
{
    static const struct reason none = {"rejected", "without a reason"};
    pthread_mutex_lock(&s->lock);
    uint32_t ref = index_find_out(s->index, id);
    if (ref != REF_NONE) {
        s->in_flight--;
        switch (verdict) {
        case LINK_ACK:
            metric_add(&spool_metrics.acks, 1);
            spool_forget(s, ref);
            break;
        case LINK_RETRY: retry(s, ref); break;
        case LINK_REJECT: spool_reject(s, ref, why ? why : &none); break;
        case LINK_LOST: lost(s, ref); break;
        }
    }
    pthread_mutex_unlock(&s->lock);
    spool_tell(s);
}

/* --------------------------------------------------------------- looking ---- */

struct spool_counts spool_count(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    struct spool_counts counts = {
        .pending = (int64_t)(s->waiting + index_count(s->index)),
        .in_flight = (int64_t)s->in_flight,
        .bytes = s->bytes_used + s->index_bytes,
        .oldest_us = index_count(s->index) ? index_oldest_us(s->index)
                     : s->first            ? (int64_t)s->first->record.id.hi
                                           : 0,
        .quarantined = s->quarantined,
        .quarantine_bytes = s->quarantine_bytes,
        .healthy = s->is_healthy && !s->cannot_make,
    };
    pthread_mutex_unlock(&s->lock);
    return counts;
}

bool spool_inventory_pending(struct spool *s, uint64_t device_hash, int64_t *received_us)
{
    pthread_mutex_lock(&s->lock);
    bool is_pending = index_has_inventory(s->index, device_hash, received_us);
    pthread_mutex_unlock(&s->lock);
    return is_pending;
}
