#include "tools/muster/run/supervisor.h"

#include "common/base/clock.h"
#include "common/settings/settings.h"
#include "tools/muster/run/readiness.h"
#include "tools/muster/run/state.h"
#include "tools/muster/schema/schema.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum {
    READY_MS = 60000, /* for the services; the database may have to recover first */
    DATABASE_READY_MS = 600000,
    STOP_MS = 60000, /* for each kind of process */
    QUICK_STOP_MS = 3000,
    LOOK_MS = 20, /* between two looks at what is not ready yet */
    LONG_LIFE_MS = 60000,
    LOG_LINES = 15,
};

struct supervisor {
    const struct supervisor_run *run;
    struct child *children;
    size_t count;
    sigset_t signals;
    unsigned stops;         /* SIGTERM, SIGINT, SIGHUP seen */
    int64_t quick_until_ms; /* after the second one: when the services are killed; 0: not yet */
};

#define SAY(s, ...) voice_say((s)->run->voice, __VA_ARGS__)

/* ---- events ---- */

static void reap(struct supervisor *s)
{
    int end;
    for (pid_t pid; (pid = waitpid(-1, &end, WNOHANG)) > 0;)
        for (size_t i = 0; i < s->count; i++)
            if (s->children[i].pid == pid) {
                char text[64];
                s->children[i].wait_status = end;
                child_end_text(&s->children[i], text, sizeof text);
                SAY(s, "%s (process %ld) ended: %s", s->children[i].plan->name, (long)pid, text);
                s->children[i].pid = 0;
            }
}

/* Wait for a signal, or at most timeout_ms (-1: for ever). */
static void wait_event(struct supervisor *s, int timeout_ms)
{
    struct timespec time = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    int got = timeout_ms < 0 ? sigwaitinfo(&s->signals, NULL) : sigtimedwait(&s->signals, NULL, &time);
    if (got == SIGTERM || got == SIGINT || got == SIGHUP)
        s->stops++;
    reap(s); /* two children may share one SIGCHLD */
}

static void remember(struct supervisor *s, bool ready)
{
    struct reason why;
    if (state_write(s->run->folder, s->run->plan, s->children, ready, &why) != ST_OK)
        SAY(s, "%s: status, sql and drain will not find it", why.text);
}

/* ---- start ---- */

static bool failed(struct supervisor *s, const struct child *c, const char *what)
{
    SAY(s, "%s %s. The end of %s:", c->plan->name, what, c->plan->log);
    if (s->run->voice->person)
        child_log_tail(c->plan->log, LOG_LINES, s->run->voice->person);
    return false;
}

static bool start_one(struct supervisor *s, struct child *c)
{
    struct reason why;
    if (child_start(c, &why) == ST_OK)
        return true;
    SAY(s, "%s", why.text);
    return false;
}

/* One that was started and is gone again; NULL: none. Others may wait for it in vain. */
static const struct child *first_ended(const struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->children[i].started_ms && s->children[i].pid == 0)
            return &s->children[i];
    return NULL;
}

/* Until `c` is ready, the end of any service, a signal or the deadline. */
static bool wait_ready(struct supervisor *s, struct child *c, int64_t deadline_ms)
{
    struct reason why = {.text = "no answer yet"};
    while (s->stops == 0) {
        const struct child *ended = first_ended(s);
        if (ended)
            return failed(s, ended, "ended before it was ready");
        if (readiness_ask(c, s->run->plan->database, &why))
            return c->ready = true;
        if (clock_steady_ms() > deadline_ms) {
            SAY(s, "%s is not ready: %s", c->plan->name, why.text);
            return failed(s, c, "was not ready in time");
        }
        wait_event(s, LOOK_MS);
    }
    return false;
}

static bool start_database(struct supervisor *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->children[i].plan->kind == CHILD_DATABASE &&
            !(start_one(s, &s->children[i]) && wait_ready(s, &s->children[i], clock_steady_ms() + DATABASE_READY_MS)))
            return false;
    return true;
}

static bool make_schema(struct supervisor *s)
{
    struct db_target target;
    struct reason why = {.text = "no details"};
    SAY(s, "preparing the database's tables");
    status st = db_target_parse(s->run->plan->database, &target, &why);
    if (st == ST_OK)
        st = s->run->plan->database_socket ? schema_create(&target, s->run->voice->log, &why)
                                           : schema_upgrade(&target, false, s->run->voice->log, &why);
    if (st != ST_OK)
        SAY(s, "the database: %s", why.text);
    return st == ST_OK;
}

/* The first gateway makes the certificate that all share: the others are started when it has done so. */
static bool is_service(const struct child *c, bool follower)
{
    bool follows = c->plan->kind == CHILD_GATEWAY && c->plan->number > 1;
    return c->plan->kind != CHILD_DATABASE && follows == follower;
}

static bool start_services(struct supervisor *s, bool followers)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_service(&s->children[i], followers) && !start_one(s, &s->children[i]))
            return false;
    remember(s, false);
    int64_t deadline_ms = clock_steady_ms() + READY_MS;
    for (size_t i = 0; i < s->count; i++)
        if (is_service(&s->children[i], followers) && !wait_ready(s, &s->children[i], deadline_ms))
            return false;
    return s->stops == 0;
}

static bool start_all(struct supervisor *s)
{
    if (!start_database(s) || !make_schema(s) || !start_services(s, false) || !start_services(s, true))
        return false;
    for (size_t i = 0; i < s->count; i++)
        if (s->children[i].plan->kind == CHILD_GATEWAY)
            readiness_addresses(&s->children[i]);
    remember(s, true);
    s->run->on_ready(s->run->ctx, s->run->plan, s->children);
    return true;
}

/* ---- run ---- */

static void plan_restart(struct supervisor *s, struct child *c)
{
    int64_t now = clock_steady_ms();
    c->failures = now - c->started_ms < LONG_LIFE_MS ? c->failures + 1 : 0;
    int wait_ms = child_backoff_ms(c->failures);
    c->restart_at_ms = now + wait_ms;
    SAY(s, "%s is started again in %d.%d s (log: %s)", c->plan->name, wait_ms / 1000, wait_ms % 1000 / 100,
        c->plan->log);
}

/* Start what is due. Returns the milliseconds until the next start, -1 when none is planned. */
static int restart_due(struct supervisor *s)
{
    int next_ms = -1;
    bool changed = false;
    for (size_t i = 0; i < s->count; i++) {
        struct child *c = &s->children[i];
        if (c->pid)
            continue;
        if (!c->restart_at_ms)
            plan_restart(s, c), changed = true;
        int64_t left = c->restart_at_ms - clock_steady_ms();
        if (left <= 0 && start_one(s, c))
            changed = true;
        else if (next_ms < 0 || left < next_ms)
            next_ms = left > 0 ? (int)left : 100;
    }
    if (changed)
        remember(s, true);
    return next_ms;
}

static void run_until_signal(struct supervisor *s)
{
    while (s->stops == 0)
        wait_event(s, restart_due(s));
}

/* ---- stop ---- */

static bool any_left(const struct supervisor *s, enum child_kind kind)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->children[i].plan->kind == kind && s->children[i].pid)
            return true;
    return false;
}

static void signal_kind(const struct supervisor *s, enum child_kind kind, int signal)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->children[i].plan->kind == kind)
            child_signal(&s->children[i], signal);
}

/* The second signal: all services are asked at once, and have a few seconds together. */
static int64_t hurry(struct supervisor *s)
{
    if (!s->quick_until_ms) {
        SAY(s, "stopping at once: what is not in the database yet stays in the spool");
        for (int kind = CHILD_WRITER; kind < CHILD_KINDS; kind++)
            signal_kind(s, (enum child_kind)kind, SIGTERM);
        s->quick_until_ms = clock_steady_ms() + QUICK_STOP_MS;
    }
    return s->quick_until_ms;
}

static int64_t stop_deadline(struct supervisor *s, enum child_kind kind, int64_t begin_ms)
{
    if (s->stops < 2)
        return begin_ms + STOP_MS;
    return kind == CHILD_DATABASE ? begin_ms + QUICK_STOP_MS : hurry(s);
}

static void stop_kind(struct supervisor *s, enum child_kind kind)
{
    if (!any_left(s, kind))
        return;
    SAY(s, "stopping: %s", child_kind_name(kind));
    signal_kind(s, kind, SIGTERM);
    int64_t begin_ms = clock_steady_ms();
    while (any_left(s, kind) && clock_steady_ms() < stop_deadline(s, kind, begin_ms))
        wait_event(s, LOOK_MS);
    if (any_left(s, kind))
        SAY(s, "%s does not end: killed (nothing that was accepted is lost)", child_kind_name(kind));
    while (any_left(s, kind)) {
        signal_kind(s, kind, SIGKILL);
        wait_event(s, LOOK_MS);
    }
}

static void stop_all(struct supervisor *s)
{
    for (int kind = CHILD_KINDS - 1; kind >= 0; kind--)
        stop_kind(s, (enum child_kind)kind);
    char path[FOLDER_PATH_MAX];
    folder_path(s->run->folder, "run/up.json", path);
    unlink(path);
    SAY(s, "stopped");
}

static void block_signals(struct supervisor *s)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    sigemptyset(&s->signals);
    for (size_t i = 0; i < COUNT(numbers); i++)
        sigaddset(&s->signals, numbers[i]);
    sigprocmask(SIG_BLOCK, &s->signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int supervisor_run(const struct supervisor_run *run)
{
    AUTO(mem_free) struct child *children = calloc(run->plan->count, sizeof *children);
    if (!children)
        return EXIT_FAILED;
    struct supervisor s = {.run = run, .children = children, .count = run->plan->count};
    for (size_t i = 0; i < s.count; i++)
        children[i].plan = &run->plan->children[i];
    block_signals(&s);
    bool started = start_all(&s);
    if (started)
        run_until_signal(&s);
    bool asked = s.stops > 0;
    stop_all(&s);
    return started || asked ? EXIT_CLEAN : EXIT_FAILED;
}
