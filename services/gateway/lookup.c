#include "services/gateway/lookup.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/gateway/gateway_metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { RETRY_MS = 1000, PATIENCE_S = 2, THREADS_MAX = 64, READ_ONLY_MS = 60000 };

/* What waits is left for a worker that is at work, which takes it all with one statement: unless that is so much, or for so long. */
enum { CROWD = LOOKUP_TOGETHER / 4, LEAVE_MS = 2 };

struct question {
    struct question *next;
    int64_t asked_ms;
    const struct lookup_kind *kind;
    void *ctx;
};

/**
 * Workers answer questions, each on a connection of its own. One more thread, the keeper, reads the options on its own
 * connection; only it waits for a database that is away. While `up` is false no worker tries to connect, so that a
 * dead address costs the keeper its time-outs and no agent anything.
 */
struct lookup {
    struct lookup_settings set;
    atomic_bool up, tried, read_only;
    _Atomic int64_t read_only_ms; /**< when it refused to write for the last time */

    pthread_mutex_t lock;
    pthread_cond_t asked;           /**< workers wait here */
    pthread_cond_t doubt;           /**< the keeper waits here: `up` fell, or the end */
    struct question *first, **last; /**< under `lock` */
    unsigned waiting;               /**< under `lock` */
    unsigned busy;                  /**< under `lock`: workers that answer */
    bool is_watched;                /**< under `lock`: see wait_for_question() */
    bool stopping;                  /**< under `lock` */
    struct ocs_config config;       /**< under `lock` */
    bool told_away;                 /**< keeper only: the log line was written */

    pthread_t keeper, workers[THREADS_MAX];
    unsigned worker_count;
    bool keeper_runs;
};

/* ------------------------------------------------------------------ workers ---- */

static void mark_away(struct lookup *l)
{
    if (!atomic_exchange(&l->up, false))
        return;
    pthread_mutex_lock(&l->lock);
    pthread_cond_signal(&l->doubt);
    pthread_mutex_unlock(&l->lock);
}

/** Of MariaDB (a replica, the middle of a fail-over) and of MySQL. */
static bool is_read_only(const struct db *db)
{
    unsigned number = db_errno(db);
    return number == 1290 || number == 1836;
}

/** It is there and can be read: other questions are answered as ever, and this one as without a database. */
static void tell_read_only(struct lookup *l, const struct db *db)
{
    atomic_store(&l->read_only_ms, clock_steady_ms());
    metric_set(&gateway_metrics.database_read_only, 1);
    if (!atomic_exchange(&l->read_only, true))
        log_warning("database is read-only", LOG_TEXT("name", l->set.target.name), LOG_TEXT("database", db_error(db)),
                    LOG_TEXT("effect", "contacts that need a session are answered STOP"));
}

/** Make sure that there is a connection when the database is up. */
static void connect_if_up(struct lookup *l, struct db **db)
{
    if (!atomic_load(&l->up)) {
        db_close(*db);
        *db = NULL;
    } else if (!*db) {
        struct reason why;
        if (db_open(&l->set.target, db, &why) != ST_OK)
            mark_away(l);
    }
}

static void answer(struct lookup *l, struct db **db, const struct question *q)
{
    connect_if_up(l, db);
    status st = q->kind->ask(*db, q->ctx);
    if (st == ST_UNAVAILABLE && *db) {
        metric_add(&gateway_metrics.lookups_again, 1);
        db_close(*db);
        *db = NULL;
        connect_if_up(l, db);
        st = q->kind->ask(*db, q->ctx);
        if (st == ST_UNAVAILABLE && *db) {
            if (is_read_only(*db))
                tell_read_only(l, *db);
            else
                mark_away(l);
            (void)q->kind->ask(NULL, q->ctx); /* without a database there is nothing left to fail */
        }
    }
    metric_add(&gateway_metrics.lookups, 1);
    q->kind->done(q->ctx);
}

/** How many of its kind may be answered with it, in front of those that wait between them. */
static size_t together(const struct question *q)
{
    return q->kind->ask_ahead ? LOOKUP_TOGETHER : 1;
}

/** Out of the queue: the first question and those of its kind that wait not far behind it. With the lock. */
static size_t take_batch(struct lookup *l, struct question *batch[static LOOKUP_TOGETHER])
{
    enum { LOOK_AT = 4 * LOOKUP_TOGETHER };
    size_t count = 0, most = together(l->first), seen = 0;
    const struct lookup_kind *kind = l->first->kind;
    for (struct question **at = &l->first, *q; (q = *at) && count < most && seen < LOOK_AT; seen++)
        if (q->kind == kind) {
            *at = q->next;
            if (!q->next)
                l->last = at;
            batch[count++] = q;
        } else {
            at = &q->next;
        }
    l->waiting -= (unsigned)count;
    return count;
}

/** With the lock. */
static bool is_for_me(const struct lookup *l)
{
    return l->first && (l->busy == 0 || l->waiting >= CROWD || clock_steady_ms() - l->first->asked_ms >= LEAVE_MS);
}

/** With the lock. While others are at work one of the idle ones watches, so that nothing waits long for a slow answer. */
static void wait_for_question(struct lookup *l)
{
    while (!is_for_me(l) && !l->stopping) {
        if (l->busy == 0 || l->is_watched) {
            pthread_cond_wait(&l->asked, &l->lock);
            continue;
        }
        const struct timespec until = clock_after(LEAVE_MS);
        l->is_watched = true;
        pthread_cond_timedwait(&l->asked, &l->lock, &until);
        l->is_watched = false;
    }
}

/** The next questions; 0: the end. */
static size_t take(struct lookup *l, struct question *batch[static LOOKUP_TOGETHER])
{
    pthread_mutex_lock(&l->lock);
    wait_for_question(l);
    size_t count = l->first ? take_batch(l, batch) : 0;
    l->busy += count > 0;
    if (!l->is_watched)
        pthread_cond_signal(&l->asked); /* somebody may have to watch */
    pthread_mutex_unlock(&l->lock);
    return count;
}

/** One round trip for all of them; when it fails each is asked for itself, and says so. */
static void ask_ahead(struct lookup *l, struct db **db, struct question *const *batch, size_t count)
{
    void *ctxs[LOOKUP_TOGETHER];
    for (size_t i = 0; i < count; i++)
        ctxs[i] = batch[i]->ctx;
    connect_if_up(l, db);
    if (!*db)
        return;
    metric_add(&gateway_metrics.lookups_ahead, 1);
    if (batch[0]->kind->ask_ahead(*db, ctxs, count) == ST_UNAVAILABLE) {
        db_close(*db);
        *db = NULL;
    }
}

static void rest(struct lookup *l)
{
    pthread_mutex_lock(&l->lock);
    l->busy--;
    pthread_mutex_unlock(&l->lock);
}

static void *work(void *arg)
{
    struct lookup *l = arg;
    struct db *db = NULL;
    struct question *batch[LOOKUP_TOGETHER];
    for (size_t count; (count = take(l, batch)) > 0;) {
        if (count > 1)
            ask_ahead(l, &db, batch, count);
        for (size_t i = 0; i < count; i++) {
            answer(l, &db, batch[i]);
            free(batch[i]);
        }
        rest(l);
    }
    db_close(db);
    return NULL;
}

/* ------------------------------------------------------------------- keeper ---- */

/** @return false at the end */
static bool pause_keeper(struct lookup *l, unsigned ms, bool until_doubt)
{
    const struct timespec until = clock_after(ms);
    pthread_mutex_lock(&l->lock);
    int rc = 0;
    while (!l->stopping && rc == 0 && (!until_doubt || atomic_load(&l->up)))
        rc = pthread_cond_timedwait(&l->doubt, &l->lock, &until);
    bool go_on = !l->stopping;
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

static status read_config(struct db *db, struct ocs_config *out, struct reason *why)
{
    status st = ocs_config_read(db, out);
    if (st != ST_OK)
        reason_set(why, status_name(st), "cannot read table config: %s", db_error(db));
    return st;
}

/** A connection that broke says nothing about the database: only a new one that does not work does. */
static status refresh(struct lookup *l, struct db **db, struct reason *why)
{
    struct ocs_config got;
    status st = *db ? read_config(*db, &got, why) : ST_UNAVAILABLE;
    if (st != ST_OK) {
        db_close(*db);
        *db = NULL;
        st = db_open(&l->set.target, db, why);
        if (st == ST_OK)
            st = read_config(*db, &got, why);
    }
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&l->lock);
    l->config = got;
    pthread_mutex_unlock(&l->lock);
    metric_add(&gateway_metrics.options_read, 1);
    return ST_OK;
}

static void tell(struct lookup *l, bool up, const struct reason *why)
{
    if (up && l->told_away)
        log_info("database is back", LOG_TEXT("name", l->set.target.name));
    else if (!up && !l->told_away)
        log_warning("database is away", LOG_REASON(why),
                    LOG_TEXT("effect", "contacts are answered STOP, uploads are accepted"));
    l->told_away = !up;
    metric_set(&gateway_metrics.database_up, up);
}

static void look_whether_written(struct lookup *l)
{
    if (!atomic_load(&l->read_only) || clock_steady_ms() - atomic_load(&l->read_only_ms) < READ_ONLY_MS)
        return;
    atomic_store(&l->read_only, false);
    metric_set(&gateway_metrics.database_read_only, 0);
    log_info("database has refused no write for a minute", LOG_TEXT("name", l->set.target.name));
}

static void *keep(void *arg)
{
    struct lookup *l = arg;
    struct db *db = NULL;
    bool up;
    do {
        struct reason why = {0};
        up = refresh(l, &db, &why) == ST_OK;
        atomic_store(&l->up, up);
        atomic_store(&l->tried, true);
        tell(l, up, &why);
        look_whether_written(l);
    } while (pause_keeper(l, up ? l->set.config_ms : RETRY_MS, up));
    db_close(db);
    return NULL;
}

/* -------------------------------------------------------------------- public --- */

static void take_settings(struct lookup *l, const struct lookup_settings *set)
{
    l->set = *set;
    if (!l->set.threads)
        l->set.threads = 2;
    if (l->set.threads > THREADS_MAX)
        l->set.threads = THREADS_MAX;
    if (!l->set.queue_max)
        l->set.queue_max = 4096;
    if (!l->set.config_ms)
        l->set.config_ms = 2000;
    l->set.target.connect_s = l->set.target.read_s = l->set.target.write_s = PATIENCE_S;
}

static bool start_threads(struct lookup *l)
{
    if (pthread_create(&l->keeper, NULL, keep, l) != 0)
        return false;
    l->keeper_runs = true;
    for (; l->worker_count < l->set.threads; l->worker_count++)
        if (pthread_create(&l->workers[l->worker_count], NULL, work, l) != 0)
            return false;
    return true;
}

status lookup_new(const struct lookup_settings *set, struct lookup **out, struct reason *why)
{
    struct lookup *l = calloc(1, sizeof *l);
    if (!l) {
        reason_set(why, "no_memory", "no memory for the look-ups");
        return ST_NO_MEMORY;
    }
    take_settings(l, set);
    ocs_config_defaults(&l->config);
    l->last = &l->first;

    pthread_mutex_init(&l->lock, NULL);
    clock_cond_init(&l->asked);
    clock_cond_init(&l->doubt);

    if (!start_threads(l)) {
        reason_set(why, "no_threads", "cannot start %u look-up threads", l->set.threads);
        lookup_destroy(l);
        return ST_NO_MEMORY;
    }
    *out = l;
    return ST_OK;
}

void lookup_destroy(struct lookup *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_broadcast(&l->asked);
    pthread_cond_broadcast(&l->doubt);
    pthread_mutex_unlock(&l->lock);

    for (unsigned i = 0; i < l->worker_count; i++)
        pthread_join(l->workers[i], NULL);
    if (l->keeper_runs)
        pthread_join(l->keeper, NULL);
    pthread_cond_destroy(&l->asked);
    pthread_cond_destroy(&l->doubt);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

status lookup_submit(struct lookup *l, const struct lookup_kind *kind, void *ctx)
{
    struct question *q = malloc(sizeof *q);
    if (!q)
        return ST_NO_MEMORY;
    *q = (struct question){.asked_ms = clock_steady_ms(), .kind = kind, .ctx = ctx};

    pthread_mutex_lock(&l->lock);
    bool taken = l->waiting < l->set.queue_max && !l->stopping;
    if (taken) {
        *l->last = q;
        l->last = &q->next;
        l->waiting++;
        if (l->busy == 0 || l->waiting >= CROWD)
            pthread_cond_signal(&l->asked);
    }
    pthread_mutex_unlock(&l->lock);
    if (taken)
        return ST_OK;
    free(q);
    return ST_AGAIN;
}

void lookup_config(struct lookup *l, struct ocs_config *out)
{
    pthread_mutex_lock(&l->lock);
    *out = l->config;
    pthread_mutex_unlock(&l->lock);
}

bool lookup_database_is_up(const struct lookup *l)
{
    return atomic_load(&l->up);
}

bool lookup_has_tried(const struct lookup *l)
{
    return atomic_load(&l->tried);
}
