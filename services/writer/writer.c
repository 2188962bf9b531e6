#include "services/writer/writer.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/writer/batch.h"
#include "services/writer/under_way.h"

#include <pthread.h>
#include <time.h>

/* While nothing comes: how often the connection is tried, and how often it is looked at. */
enum { WAIT_MS = 500, CHECK_MS = 10000 };

static const unsigned kinds = UPLOAD_MASK(UPLOAD_INVENTORY) | UPLOAD_MASK(UPLOAD_CONTACT) |
                              UPLOAD_MASK(UPLOAD_DOWNLOAD) | UPLOAD_MASK(UPLOAD_NOTIFY) | UPLOAD_MASK(UPLOAD_SNMP);

/* One connection to the database and the thread that uses it: its batches are transactions of their own, as those of another writer would
 * be. While one lane writes rows another one takes the next batch, looks its words up and sees what differs; a commit's sync is waited for
 * by nobody else. */
struct lane {
    struct writer *writer;
    size_t number;
    struct applier *applier; /* owned, used by the thread only; likewise: */
    struct batch *batch;
    uint64_t *devices; /* of the batch */
    pthread_t thread;
    bool started;
    int64_t checked_ms; /* when the connection was last seen to work */
    bool is_connected;  /* changed by the thread under `lock` */
};

struct writer {
    struct lane *lanes; /* owned */
    size_t lane_count;
    struct turn gathering, writing;    /* of who takes uploads, of who writes rows */
    struct under_way *under_way;       /* owned */
    struct dictionaries *dictionaries; /* owned, of all lanes */
    struct link_consumer *consumer;    /* owned */
    int gather_ms;
    struct admin *admin;
    pthread_mutex_t lock; /* of the two below */
    size_t connected;     /* lanes that are */
    bool is_away_told;    /* since not all are */
    atomic_bool stopping;
};

/* ---- connections ---- */

static void set_connected(struct lane *l, bool is_connected, const struct reason *why)
{
    struct writer *w = l->writer;
    pthread_mutex_lock(&w->lock);
    w->connected = w->connected + is_connected - l->is_connected;
    l->is_connected = is_connected;
    l->checked_ms = clock_steady_ms();
    bool are_all = w->connected == w->lane_count;
    if (!is_connected && !w->is_away_told)
        log_warning("database is away", LOG_REASON(why));
    if (!is_connected)
        admin_last_error(w->admin, why);
    w->is_away_told = !are_all && (w->is_away_told || !is_connected);
    admin_set(w->admin, "database", w->connected > 0);
    pthread_mutex_unlock(&w->lock);
}

/* Between batches: a connection that broke is made again before work comes, and /readyz says whether there is one. */
static void keep_connected(struct lane *l)
{
    struct reason why = {0};
    if (l->is_connected && clock_steady_ms() - l->checked_ms < CHECK_MS)
        return;
    status st = applier_connect(l->applier, &why);
    set_connected(l, st == ST_OK, &why);
}

static bool is_outdone(struct lane *l)
{
    pthread_mutex_lock(&l->writer->lock);
    bool others = l->writer->connected > 0;
    pthread_mutex_unlock(&l->writer->lock);
    return !l->is_connected && others;
}

/* A lane that cannot connect leaves the uploads to those that can: the server may have too few connections for all. */
static bool stands_aside(struct lane *l)
{
    if (!is_outdone(l))
        return false;
    keep_connected(l);
    if (!is_outdone(l))
        return false;
    nanosleep(&(struct timespec){.tv_nsec = WAIT_MS * 1000000L}, NULL);
    return true;
}

/* ---- batches ---- */

/* Who waits in vain for those that wait for uploads has its connection to look after. */
static size_t gather(struct lane *l)
{
    struct writer *w = l->writer;
    if (!turn_take(&w->gathering, WAIT_MS))
        return 0;
    size_t count = batch_gather(l->batch, w->consumer, WAIT_MS, w->gather_ms);
    if (count)
        under_way_begin(w->under_way, l->number, l->devices, batch_devices(l->batch, l->devices));
    turn_give(&w->gathering);
    admin_set(w->admin, "parsers", link_consumer_producers(w->consumer) > 0);
    return count;
}

/* A device's next upload may come as soon as this one is answered, so the batch is over before. */
static void work_batch(struct lane *l)
{
    struct writer *w = l->writer;
    struct reason why = {0};
    under_way_wait(w->under_way, l->number);
    status st = batch_apply(l->batch, l->applier, &why);
    set_connected(l, st == ST_OK, &why);
    under_way_end(w->under_way, l->number);
    batch_answer(l->batch, w->consumer, &why);
}

static void *run(void *ctx)
{
    struct lane *l = ctx;
    for (;;) {
        size_t count = stands_aside(l) ? 0 : gather(l);
        if (count)
            work_batch(l);
        else if (atomic_load(&l->writer->stopping))
            return NULL;
        else
            keep_connected(l);
    }
}

/* ---- start and end ---- */

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
        .turn = w->lane_count > 1 ? &w->writing : NULL,
        .dictionaries = w->dictionaries,
    };
}

static bool make_lane(struct lane *l, const struct applier_settings *applier, const struct writer_settings *set)
{
    l->applier = applier_new(applier);
    l->batch = batch_new((size_t)set->batch, (size_t)set->record_max);
    l->devices = calloc((size_t)set->batch, sizeof *l->devices);
    return l->applier && l->batch && l->devices;
}

static bool make_lanes(struct writer *w, const struct writer_setup *setup)
{
    const struct writer_settings *set = setup->set;
    w->lanes = calloc((size_t)set->connections, sizeof *w->lanes);
    w->under_way = under_way_new((size_t)set->connections, (size_t)set->batch);
    w->dictionaries = dictionaries_new((size_t)set->dictionary);
    if (!w->lanes || !w->under_way || !w->dictionaries)
        return false;
    w->lane_count = (size_t)set->connections;
    const struct applier_settings applier = applier_settings_of(w, setup);
    for (size_t i = 0; i < w->lane_count; i++) {
        w->lanes[i].writer = w;
        w->lanes[i].number = i;
        if (!make_lane(&w->lanes[i], &applier, set))
            return false;
    }
    return true;
}

/* Where the first one cannot connect the others need not try as long. */
static void connect_lanes(struct writer *w)
{
    for (size_t i = 0; i < w->lane_count && w->connected == i; i++)
        keep_connected(&w->lanes[i]);
}

static status start_lanes(struct writer *w, struct reason *why)
{
    for (size_t i = 0; i < w->lane_count; i++) {
        struct lane *l = &w->lanes[i];
        l->started = pthread_create(&l->thread, NULL, run, l) == 0;
        if (!l->started) {
            reason_set(why, "thread", "cannot start a thread");
            return ST_IO;
        }
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
    pthread_mutex_init(&w->lock, NULL);
    turn_init(&w->gathering);
    turn_init(&w->writing);
    w->admin = setup->admin;
    w->gather_ms = (int)set->gather;
    if (!make_lanes(w, setup))
        return ST_NO_MEMORY;
    connect_lanes(w);
    status st = link_consumer_new(set->parsers, kinds, (unsigned)set->credit, &link, &w->consumer, why);
    if (st == ST_OK)
        st = start_lanes(w, why);
    if (st == ST_OK)
        *out = STEAL(w);
    return st;
}

bool writer_drain(struct writer *w, int64_t timeout_ms)
{
    const struct timespec until = clock_after(timeout_ms);
    atomic_store(&w->stopping, true);
    link_consumer_stop(w->consumer);
    bool ended = true;
    for (size_t i = 0; i < w->lane_count; i++) {
        struct lane *l = &w->lanes[i];
        l->started = l->started && pthread_clockjoin_np(l->thread, NULL, CLOCK_MONOTONIC, &until) != 0;
        ended = ended && !l->started;
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
        free(w->lanes[i].devices);
    }
    free(w->lanes);
    dictionaries_destroy(w->dictionaries);
    under_way_destroy(w->under_way);
    turn_clear(&w->writing);
    turn_clear(&w->gathering);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
