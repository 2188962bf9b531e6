/*
 * The keeper does what nobody waits for. It sleeps until it is told of chores or until something is due, and takes a
 * short nap after each round, so that what arrives in crowds (acknowledgements) is done in crowds.
 */
#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/spool/ack_log.h"
#include "services/gateway/spool/files.h"
#include "services/gateway/spool/quarantine.h"
#include "services/gateway/spool/short_cuts.h"
#include "services/gateway/spool/suspects.h"

#include <time.h>

enum {
    NAP_MS = 5,
    FULL_MS = 500,   /* between attempts to get a segment when there was none */
    AGAIN_MS = 1000, /* after a file of the quarantine could not be written */
    LOOK_MS = 1000,  /* at the quarantine folder, where operators remove and rename files */
};

/* ------------------------------------------------------------ quarantine ---- */

/* The payload as well as it can be read: what is damaged is kept, too. */
static void *read_payload(struct spool *s, uint32_t ref, struct indexed *upload)
{
    pthread_mutex_lock(&s->lock);
    *upload = *index_get(s->index, ref);
    uint64_t number = s->segments[upload->segment]->number;
    pthread_mutex_unlock(&s->lock);
    void *payload = calloc(1, (size_t)upload->len + 1);
    int64_t at = (int64_t)upload->place * RECORD_ALIGN + RECORD_HEAD;
    if (payload && spool_files_read(s, number, payload, upload->len, at) != ST_OK)
        log_error("an upload in quarantine cannot be read", LOG_NUMBER("segment", number), LOG_NUMBER("offset", at));
    return payload;
}

static bool set_aside(struct spool *s, const struct rejection *r)
{
    struct indexed upload;
    AUTO(mem_free) char *payload = read_payload(s, r->ref, &upload);
    if (!payload || quarantine_upload(s, upload.id, (struct view){payload, upload.len}, &r->why) != ST_OK)
        return false;
    pthread_mutex_lock(&s->lock);
    spool_forget(s, r->ref);
    pthread_mutex_unlock(&s->lock);
    return true;
}

static struct rejection *take_rejections(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    struct rejection *first = s->rejected;
    s->rejected = NULL;
    s->rejected_end = &s->rejected;
    pthread_mutex_unlock(&s->lock);
    return first;
}

static void put_back(struct spool *s, struct rejection *r)
{
    pthread_mutex_lock(&s->lock);
    r->next = NULL;
    *s->rejected_end = r;
    s->rejected_end = &r->next;
    pthread_mutex_unlock(&s->lock);
}

static void quarantine_rejected(struct spool *s)
{
    bool has_any = false;
    int64_t now = clock_steady_ms();
    for (struct rejection *r = take_rejections(s), *next; r; r = next) {
        next = r->next;
        if (r->not_before_ms > now || !set_aside(s, r)) {
            r->not_before_ms = r->not_before_ms > now ? r->not_before_ms : now + AGAIN_MS;
            put_back(s, r);
            continue;
        }
        has_any = true;
        free(r);
    }
    if (has_any)
        spool_tell(s); /* the next ones of those devices */
}

/* -------------------------------------------------------------- segments ---- */

/* Also when none could be made and no upload comes: a gateway that is not ready gets none. */
static void prepare_segment(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    bool is_full = s->is_full, could_not = s->cannot_make;
    bool is_wanted =
        (s->wants_segment || is_full || could_not) && s->prepared == REF_NONE && !s->is_making && s->is_healthy;
    s->wants_segment = false;
    s->is_making = s->is_making || is_wanted;
    pthread_mutex_unlock(&s->lock);
    if (!is_wanted)
        return;
    uint32_t slot = REF_NONE;
    spool_files_trim(s);
    status st = spool_files_make(s, !is_full, &slot);
    pthread_mutex_lock(&s->lock);
    s->is_making = false;
    s->prepared = slot;
    s->is_full = is_full && st != ST_OK;
    s->cannot_make = st == ST_IO;
    spool_update_gauges(s);
    pthread_cond_broadcast(&s->made);
    pthread_mutex_unlock(&s->lock);
    if (st == ST_OK && could_not)
        log_info("segments can be made again");
    else if (st == ST_OK && is_full)
        log_info("spool has room again", LOG_NUMBER("max", s->set.max));
}

static void retire_segments(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    bool is_wanted = s->wants_retiring;
    s->wants_retiring = false;
    pthread_mutex_unlock(&s->lock);
    if (is_wanted)
        spool_files_retire(s);
}

/* ----------------------------------------------------------------- delays ---- */

static void wake_delayed(struct spool *s)
{
    pthread_mutex_lock(&s->lock);
    bool has_any = index_wake_due(s->index, clock_steady_ms());
    pthread_mutex_unlock(&s->lock);
    if (has_any)
        spool_tell(s);
}

/* ---------------------------------------------------------------- thread ---- */

static void do_chores(struct spool *s)
{
    quarantine_rejected(s);
    ack_log_flush(s);
    suspects_save(s);
    retire_segments(s);
    prepare_segment(s);
    wake_delayed(s);
}

/* One at a time, so that the chores that somebody may wait for come between. */
static void shorten_next_start(struct spool *s)
{
    if (!spool_index_one(s))
        return;
    pthread_mutex_lock(&s->lock);
    spool_need_chores(s);
    pthread_mutex_unlock(&s->lock);
}

static struct timespec moment(int64_t steady_ms)
{
    return (struct timespec){.tv_sec = steady_ms / 1000, .tv_nsec = steady_ms % 1000 * 1000000};
}

/* With the lock. */
static void wait_until(struct spool *s, int64_t until_ms, bool also_for_chores)
{
    struct timespec until = moment(until_ms);
    while (!s->stops_keeping && !(also_for_chores && s->has_chores) && clock_steady_ms() < until_ms)
        pthread_cond_timedwait(&s->chores, &s->lock, &until);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void *run(void *arg)
{
    struct spool *s = arg;
    int64_t look_ms = clock_steady_ms();
    pthread_mutex_lock(&s->lock);
    while (!s->stops_keeping) {
        int64_t now = clock_steady_ms(), until = earlier(look_ms, index_next_due(s->index));
        if (s->is_full || s->cannot_make)
            until = earlier(until, now + FULL_MS);
        if (s->rejected)
            until = earlier(until, now + AGAIN_MS);
        wait_until(s, until, true);
        s->has_chores = false;
        pthread_mutex_unlock(&s->lock);
        do_chores(s);
        shorten_next_start(s);
        if (clock_steady_ms() >= look_ms) {
            quarantine_look(s);
            look_ms = clock_steady_ms() + LOOK_MS;
        }
        pthread_mutex_lock(&s->lock);
        wait_until(s, clock_steady_ms() + NAP_MS, false);
    }
    pthread_mutex_unlock(&s->lock);
    quarantine_rejected(s);
    ack_log_flush(s);
    suspects_save(s);
    retire_segments(s);
    return NULL;
}

status keeper_start(struct spool *s)
{
    s->has_keeper = pthread_create(&s->keeper, NULL, run, s) == 0;
    return s->has_keeper ? ST_OK : ST_NO_MEMORY;
}

void keeper_stop(struct spool *s)
{
    if (!s->has_keeper)
        return;
    pthread_mutex_lock(&s->lock);
    s->stops_keeping = true;
    pthread_cond_signal(&s->chores);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->keeper, NULL);
    s->has_keeper = false;
}
