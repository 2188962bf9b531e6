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

/* One connection: its batches are transactions of their own, as those of another writer would be. While one waits for the database
 * another one plans. Which uploads a lane gets does not matter: gateways give out a device's uploads one after the other. */
struct lane {
    struct writer *writer;
    struct applier *applier; /* owned, used by the thread only */
    struct batch *batch;     /* likewise */
    pthread_t thread;
    bool started;
    int64_t checked_ms; /* when the connection was last seen to work */
    bool connected;
};

struct writer {
    struct lane *lanes; /* owned */
    size_t lane_count;
    struct link_consumer *consumer; /* owned */
    struct admin *admin;
    atomic_size_t connected; /* lanes that are */
    atomic_bool told_away, stopping;
};

static void set_connected(struct lane *l, bool connected, const struct reason *why)
{
    struct writer *w = l->writer;
    if (connected && !l->connected)
        atomic_fetch_add(&w->connected, 1);
    else if (!connected && l->connected)
        atomic_fetch_sub(&w->connected, 1);
    l->connected = connected;
    l->checked_ms = clock_steady_ms();
    if (!connected && !atomic_exchange(&w->told_away, true))
        log_warning("database is away", LOG_REASON(why));
    if (!connected)
        admin_last_error(w->admin, why);
    bool all = atomic_load(&w->connected) == w->lane_count;
    if (all)
        atomic_store(&w->told_away, false);
    admin_set(w->admin, "database", all);
}

/* Between batches: a connection that broke is made again before work comes, and /readyz says how it is. */
static void keep_connected(struct lane *l)
{
    struct reason why = {0};
    if (l->connected && clock_steady_ms() - l->checked_ms < CHECK_MS)
        return;
    status st = applier_connect(l->applier, &why);
    set_connected(l, st == ST_OK, &why);
}

static void work_batch(struct lane *l)
{
    struct reason why = {0};
    status st = batch_apply(l->batch, l->applier, &why);
    set_connected(l, st == ST_OK, &why);
    batch_answer(l->batch, l->writer->consumer, &why);
}

static void *run(void *ctx)
{
    struct lane *l = ctx;
    struct writer *w = l->writer;
    for (;;) {
        size_t count = batch_gather(l->batch, w->consumer, WAIT_MS);
        admin_set(w->admin, "parsers", link_consumer_producers(w->consumer) > 0);
        if (count)
            work_batch(l);
        else if (atomic_load(&w->stopping))
            return NULL;
        else
            keep_connected(l);
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

static bool make_lanes(struct writer *w, const struct writer_setup *setup)
{
    const struct applier_settings applier = applier_settings_of(w, setup);
    w->lanes = calloc((size_t)setup->set->connections, sizeof *w->lanes);
    for (; w->lanes && w->lane_count < (size_t)setup->set->connections; w->lane_count++) {
        struct lane *l = &w->lanes[w->lane_count];
        *l = (struct lane){.writer = w, .applier = applier_new(&applier)};
        l->batch = batch_new((size_t)setup->set->batch, (size_t)setup->set->record_max);
        if (!l->applier || !l->batch)
            return w->lane_count++, false; /* what it has is freed with the others */
    }
    return w->lanes != NULL;
}

static status start_lanes(struct writer *w, struct reason *why)
{
    for (size_t i = 0; i < w->lane_count; i++) {
        w->lanes[i].started = pthread_create(&w->lanes[i].thread, NULL, run, &w->lanes[i]) == 0;
        if (!w->lanes[i].started)
            return reason_set(why, "thread", "cannot start a thread"), ST_IO;
    }
    return ST_OK;
}

status writer_start(const struct writer_setup *setup, struct writer **out, struct reason *why)
{
    const struct writer_settings *set = setup->set;
    AUTO(writer_destroy) struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NO_MEMORY;
    struct link_settings link = {.message_max = (size_t)set->record_max, .key = set->link_key};
    w->admin = setup->admin;
    if (!make_lanes(w, setup))
        return ST_NO_MEMORY;
    for (size_t i = 0; i < w->lane_count; i++)
        keep_connected(&w->lanes[i]);
    status st = link_consumer_new(set->parsers, kinds, (unsigned)set->credit, &link, &w->consumer, why);
    if (st == ST_OK)
        st = start_lanes(w, why);
    if (st == ST_OK)
        *out = STEAL(w);
    return st;
}

bool writer_drain(struct writer *w, int64_t timeout_ms)
{
    struct timespec until;
    atomic_store(&w->stopping, true);
    link_consumer_stop(w->consumer);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    bool ended = true;
    for (size_t i = 0; i < w->lane_count; i++) {
        w->lanes[i].started = pthread_timedjoin_np(w->lanes[i].thread, NULL, &until) != 0;
        ended = ended && !w->lanes[i].started;
    }
    return ended;
}

void writer_destroy(struct writer *w)
{
    if (!w)
        return;
    atomic_store(&w->stopping, true);
    if (w->consumer)
        link_consumer_stop(w->consumer);
    for (size_t i = 0; i < w->lane_count; i++)
        if (w->lanes[i].started)
            pthread_join(w->lanes[i].thread, NULL);
    link_consumer_destroy(w->consumer);
    for (size_t i = 0; i < w->lane_count; i++) {
        batch_destroy(w->lanes[i].batch);
        applier_destroy(w->lanes[i].applier);
    }
    free(w->lanes);
    free(w);
}
