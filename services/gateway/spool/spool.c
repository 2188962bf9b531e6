/*
 * What is pending: given out, judged, counted; and what the other parts of the spool share.
 */
#include "services/gateway/spool/spool.h"

#include "common/base/clock.h"
#include "services/gateway/spool/ack_log.h"
#include "services/gateway/spool/files.h"
#include "services/gateway/spool/suspects.h"

METRICS_DEFINE(spool_metrics, SPOOL_METRICS);

enum {
    RETRY_FIRST_MS = 100,
    RETRY_LAST_MS = 10000,
    SUSPECT_LOSSES = 2, /* so often lost: it waits before it is offered again */
};

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
    suspects_forget(s, upload);
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

void spool_on_work(struct spool *s, void (*wake)(void *ctx), void *ctx)
{
    pthread_mutex_lock(&s->wake_lock);
    s->wake = wake;
    s->wake_ctx = ctx;
    pthread_mutex_unlock(&s->wake_lock);
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

static void take_back(struct spool *s, uint32_t ref, const struct reason *why)
{
    pthread_mutex_lock(&s->lock);
    s->in_flight--;
    if (why)
        spool_reject(s, ref, why);
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
    status st = spool_files_read(s, p->segment, raw, len, (int64_t)p->upload.place * RECORD_ALIGN);
    if (st != ST_OK)
        return st;
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
        struct reason why;
        if (spool_is_poison(s, &p.upload, &why)) { /* found out before a restart, or by a setting that was lower */
            take_back(s, ref, &why);
            continue;
        }
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
        reason_set(&why, "damaged", "segment %016llx, offset %lld: %s", (unsigned long long)p.segment,
                   (long long)p.upload.place * RECORD_ALIGN,
                   st == ST_MALFORMED ? "it does not fit its checksum" : "it cannot be read");
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

bool spool_is_poison(const struct spool *s, const struct indexed *upload, struct reason *why)
{
    if (upload->lost < s->set.attempts_max)
        return false;
    reason_set(why, "poison", "%u consumers fell silent with it", (unsigned)upload->lost);
    return true;
}

static void lost(struct spool *s, uint32_t ref)
{
    struct indexed *upload = index_get(s->index, ref);
    struct reason why;
    upload->lost += upload->lost < UINT8_MAX;
    metric_add(&spool_metrics.lost, 1);
    suspects_note(s, upload);
    if (spool_is_poison(s, upload, &why)) {
        spool_reject(s, ref, &why);
    } else if (upload->lost < SUSPECT_LOSSES) {
        index_return(s->index, ref);
    } else {
        /* A line that breaks again and again must not condemn what happens to be on it: it is over by then. By chance, so that innocent
         * ones do not meet the same guilty one again and again. */
        int64_t pause = (int64_t)s->set.suspect_ms << (upload->lost < 6 ? upload->lost - SUSPECT_LOSSES : 4);
        index_delay(s->index, ref, clock_steady_ms() + pause + clock_wall_us() % pause);
        spool_need_chores(s);
    }
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
