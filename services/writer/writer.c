#include "services/writer/writer.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/writer/batch.h"

#include <pthread.h>
#include <time.h>

/* While nothing comes: how often the connection is tried, and how often it is looked at. */
enum { WAIT_MS = 500, CHECK_MS = 10000 };

static const unsigned kinds = UPLOAD_MASK(UPLOAD_INVENTORY) | UPLOAD_MASK(UPLOAD_CONTACT) |
                              UPLOAD_MASK(UPLOAD_DOWNLOAD) | UPLOAD_MASK(UPLOAD_NOTIFY) | UPLOAD_MASK(UPLOAD_SNMP);

struct writer {
    struct applier *applier;        /* owned, used by the thread only */
    struct batch *batch;            /* likewise */
    struct link_consumer *consumer; /* owned */
    int gather_ms;
    struct admin *admin;
    pthread_t thread;
    bool started;
    atomic_bool stopping;
    int64_t checked_ms; /* when the connection was last seen to work */
    bool connected;
};

static void set_connected(struct writer *w, bool connected, const struct reason *why)
{
    if (!connected && (w->connected || w->checked_ms == 0))
        log_warning("database is away", LOG_REASON(why));
    if (!connected)
        admin_last_error(w->admin, why);
    w->connected = connected;
    w->checked_ms = clock_steady_ms();
    admin_set(w->admin, "database", connected);
}

/* Between batches: a connection that broke is made again before work comes, and /readyz says how it is. */
static void keep_connected(struct writer *w)
{
    struct reason why = {0};
    if (w->connected && clock_steady_ms() - w->checked_ms < CHECK_MS)
        return;
    status st = applier_connect(w->applier, &why);
    set_connected(w, st == ST_OK, &why);
}

static void work_batch(struct writer *w)
{
    struct reason why = {0};
    status st = batch_apply(w->batch, w->applier, &why);
    set_connected(w, st == ST_OK, &why);
    batch_answer(w->batch, w->consumer, &why);
}

static void *run(void *ctx)
{
    struct writer *w = ctx;
    for (;;) {
        size_t count = batch_gather(w->batch, w->consumer, WAIT_MS, w->gather_ms);
        admin_set(w->admin, "parsers", link_consumer_producers(w->consumer) > 0);
        if (count)
            work_batch(w);
        else if (atomic_load(&w->stopping))
            return NULL;
        else
            keep_connected(w);
    }
}

static struct applier_settings applier_settings_of(struct writer *w, const struct writer_setup *setup)
{
    const struct writer_settings *set = setup->set;
    return (struct applier_settings){
        .target = *setup->target,
        .sections = setup->sections,
        .words_max = (size_t)set->dictionary,
        .memory_max = (size_t)set->memory_max,
        .absent = strcmp(set->sections_absent, "clear") == 0 ? ABSENT_CLEAR : ABSENT_KEEP,
        .accept_tag = set->accept_tag,
        .ocs_sessions = set->ocs_sessions,
        .asset_tag = set->asset_tag_duplicates,
        .retry_for_ms = set->retry_for,
        .columns_refresh_ms = set->columns_refresh,
        .config_refresh_ms = set->config_refresh,
        .assets_refresh_ms = set->assets_refresh,
        .stopping = &w->stopping,
    };
}

status writer_start(const struct writer_setup *setup, struct writer **out, struct reason *why)
{
    const struct writer_settings *set = setup->set;
    AUTO(writer_destroy) struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NO_MEMORY;
    struct applier_settings applier = applier_settings_of(w, setup);
    struct link_settings link = {.message_max = (size_t)set->record_max, .key = set->link_key};
    w->admin = setup->admin;
    w->gather_ms = (int)set->gather;
    w->applier = applier_new(&applier);
    w->batch = batch_new((size_t)set->batch, (size_t)set->record_max);
    if (!w->applier || !w->batch)
        return ST_NO_MEMORY;
    keep_connected(w);
    status st = link_consumer_new(set->parsers, kinds, (unsigned)set->credit, &link, &w->consumer, why);
    if (st != ST_OK)
        return st;
    w->started = pthread_create(&w->thread, NULL, run, w) == 0;
    if (!w->started) {
        reason_set(why, "thread", "cannot start a thread");
        return ST_IO;
    }
    *out = STEAL(w);
    return ST_OK;
}

bool writer_drain(struct writer *w, int64_t timeout_ms)
{
    struct timespec until;
    atomic_store(&w->stopping, true);
    link_consumer_stop(w->consumer);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    bool ended = pthread_clockjoin_np(w->thread, NULL, CLOCK_MONOTONIC, &until) == 0;
    w->started = !ended;
    return ended;
}

void writer_destroy(struct writer *w)
{
    if (!w)
        return;
    if (w->started) {
        atomic_store(&w->stopping, true);
        link_consumer_stop(w->consumer);
        pthread_join(w->thread, NULL);
    }
    link_consumer_destroy(w->consumer);
    batch_destroy(w->batch);
    applier_destroy(w->applier);
    free(w);
}
