#include "services/writer/jobs/jobs.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/writer/jobs/job.h"
#include "services/writer/writer_metrics.h"

#include <pthread.h>
#include <time.h>

/* PATIENCE_MS: what a job in hand may take after it was asked to stop, before its connection is ended. */
enum { PATIENCE_MS = 100, FOREVER_MS = 1 << 30, ANSWER_S = 5 };

static const struct {
    const char *name;
    job_fn *run;
    unsigned every; /* periods */
} table[] = {
    {"groups", job_groups, 1},
    {"caches", job_caches, 6},
    {"sessions", job_sessions, 60},
};

struct jobs {
    struct jobs_settings set;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    atomic_bool stopping; /* set under `lock` */
    uint64_t connection;  /* under `lock`: of the database, 0: none */
    /* the thread's */
    struct job job; /* job.db is NULL while there is no connection */
    struct ocs_config options;
    bool leads;
    uint64_t tick;
};

/* ---- the connection ---- */

static void set_connection(struct jobs *jobs, uint64_t number)
{
    pthread_mutex_lock(&jobs->lock);
    jobs->connection = number;
    pthread_mutex_unlock(&jobs->lock);
}

static void disconnect(struct jobs *jobs)
{
    set_connection(jobs, 0);
    db_close(jobs->job.db);
    jobs->job.db = NULL;
    jobs->leads = false;
    buffer_clear(&jobs->job.sql);
    metric_set(&writer_metrics.jobs_leader, 0);
}

static status read_number(struct jobs *jobs, const char *sql, uint64_t *out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(jobs->job.db, sql, strlen(sql), &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    *out = row ? db_number(row[0]) : 0;
    return st;
}

/* That the database is away is said by the thread that applies uploads. */
static status connect_if_needed(struct jobs *jobs)
{
    struct reason why;
    uint64_t number;
    if (jobs->job.db)
        return ST_OK;
    status st = db_open(&jobs->set.target, &jobs->job.db, &why);
    if (st != ST_OK)
        return st;
    jobs->job.sql = BUFFER_INIT(db_packet_max(jobs->job.db));
    st = job_session(jobs->job.db, jobs->set.statement_ms);
    if (st == ST_OK)
        st = read_number(jobs, "SELECT CONNECTION_ID()", &number);
    if (st == ST_OK)
        set_connection(jobs, number);
    return st;
}

/* ---- the thread ---- */

/* The lock's name counts for the whole server, so it names the database; at most 64 characters. */
static status lead(struct jobs *jobs)
{
    uint64_t got;
    if (jobs->leads)
        return ST_OK;
    status st = read_number(jobs, "SELECT GET_LOCK(CONCAT('muster_jobs.',MD5(DATABASE())),0)", &got);
    if (st != ST_OK || got != 1)
        return st;
    jobs->leads = true;
    metric_set(&writer_metrics.jobs_leader, 1);
    log_info("leads the background jobs", LOG_TEXT("database", jobs->set.target.name));
    return ST_OK;
}

static void warn(const struct jobs *jobs, const char *what, status st)
{
    log_warning("background job failed", LOG_TEXT("job", what), LOG_TEXT("status", status_name(st)),
                LOG_TEXT("database", jobs->job.db ? db_error(jobs->job.db) : "away"));
}

static status run_due(struct jobs *jobs)
{
    status st = ocs_config_read(jobs->job.db, &jobs->options);
    for (size_t i = 0; i < COUNT(table) && st != ST_UNAVAILABLE && !atomic_load(&jobs->stopping); i++) {
        if (jobs->tick % table[i].every)
            continue;
        if (st == ST_OK)
            st = table[i].run(&jobs->job);
        metric_add(st == ST_OK ? &writer_metrics.jobs_done : &writer_metrics.jobs_failed, 1);
        if (st == ST_OK || atomic_load(&jobs->stopping))
            continue;
        warn(jobs, table[i].name, st);
        st = st == ST_UNAVAILABLE ? st : ST_OK; /* the next job has its own chance */
    }
    jobs->tick++;
    return st;
}

static void work(struct jobs *jobs)
{
    status st = connect_if_needed(jobs);
    if (st == ST_OK)
        st = lead(jobs);
    if (st == ST_OK && jobs->leads)
        st = run_due(jobs);
    if (st != ST_OK)
        disconnect(jobs);
}

/* @return false at the end */
static bool pause_for(struct jobs *jobs, int64_t ms)
{
    const struct timespec until = clock_after(ms);
    pthread_mutex_lock(&jobs->lock);
    while (!atomic_load(&jobs->stopping) && pthread_cond_timedwait(&jobs->wake, &jobs->lock, &until) == 0)
        continue;
    bool goes_on = !atomic_load(&jobs->stopping);
    pthread_mutex_unlock(&jobs->lock);
    return goes_on;
}

static void *run(void *ctx)
{
    struct jobs *jobs = ctx;
    do
        work(jobs);
    while (pause_for(jobs, jobs->set.period_ms));
    disconnect(jobs);
    return NULL;
}

/* ---- from main ---- */

status jobs_start(const struct jobs_settings *set, struct jobs **out)
{
    struct jobs *jobs = calloc(1, sizeof *jobs);
    if (!jobs)
        return ST_NO_MEMORY;
    jobs->set = *set;
    /* The database ends what takes too long; this is for one that does not answer at all. */
    jobs->set.target.read_s = (unsigned)(set->statement_ms / 1000) + ANSWER_S;
    jobs->job =
        (struct job){.options = &jobs->options, .stopping = &jobs->stopping, .random = (unsigned)clock_wall_us() | 1};
    pthread_mutex_init(&jobs->lock, NULL);
    clock_cond_init(&jobs->wake);
    jobs->started = pthread_create(&jobs->thread, NULL, run, jobs) == 0;
    if (!jobs->started) {
        jobs_destroy(jobs);
        return ST_IO;
    }
    *out = jobs;
    return ST_OK;
}

static bool join_within(struct jobs *jobs, int64_t ms)
{
    const struct timespec until = clock_after(ms);
    if (!jobs->started)
        return true;
    jobs->started = pthread_clockjoin_np(jobs->thread, NULL, CLOCK_MONOTONIC, &until) != 0;
    return !jobs->started;
}

/* A statement that runs is ended with its connection, from another one. */
static void interrupt(struct jobs *jobs)
{
    struct reason why;
    struct db_target target = jobs->set.target;
    target.connect_s = target.read_s = target.write_s = 1;
    pthread_mutex_lock(&jobs->lock);
    uint64_t number = jobs->connection;
    pthread_mutex_unlock(&jobs->lock);
    AUTO(db_close) struct db *db = NULL;
    if (number == 0 || db_open(&target, &db, &why) != ST_OK)
        return;
    status st = db_exec(db, "KILL %llu", (unsigned long long)number);
    if (st != ST_OK) /* most likely it has just ended by itself */
        log_debug("background job was not interrupted", LOG_TEXT("database", db_error(db)));
}

bool jobs_stop(struct jobs *jobs, int64_t timeout_ms)
{
    pthread_mutex_lock(&jobs->lock);
    atomic_store(&jobs->stopping, true);
    pthread_cond_broadcast(&jobs->wake);
    pthread_mutex_unlock(&jobs->lock);
    if (join_within(jobs, PATIENCE_MS < timeout_ms ? PATIENCE_MS : timeout_ms))
        return true;
    interrupt(jobs);
    return join_within(jobs, timeout_ms > PATIENCE_MS ? timeout_ms - PATIENCE_MS : 0);
}

void jobs_destroy(struct jobs *jobs)
{
    if (!jobs)
        return;
    (void)jobs_stop(jobs, FOREVER_MS); /* it ends: the longest wait is that for the database */
    pthread_cond_destroy(&jobs->wake);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}
