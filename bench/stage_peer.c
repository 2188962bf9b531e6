/*
 * The same uploads to another server that speaks the protocol, and how many times as many of them Muster takes (of the stages `line` and
 * `prolog` of the same run). A script starts it, prints its address as "http://host:port/ocsinventory" on its first line, adds our
 * indexes to its database, names its processes, and stops it. What it takes is told by its answers: it stores before it answers.
 */
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/stages.h"

#include <stdio.h>

enum { PEER_DEVICES = 1000, PEER_CONNECTIONS = 4, PEER_PROLOGS = 3000 };

struct peer {
    struct bench *b;
    char address[200];
    const char *schema; /* which one it has now */
    unsigned first;     /* device of the next fleet */
};

/* @return its output, to be closed with pclose(); NULL: it could not be started */
static FILE *ask(const struct bench *b, const char *verb)
{
    char command[4200];
    snprintf(command, sizeof command, "'%s' %s", b->peer, verb);
    return popen(command, "r"); /* NOLINT: the operator's own script */
}

static status do_verb(struct bench *b, const char *verb)
{
    FILE *f = ask(b, verb);
    if (f && pclose(f) == 0)
        return ST_OK;
    reason_set(&b->why, "bench_peer", "%s %s did not succeed", b->peer, verb);
    return ST_UNAVAILABLE;
}

static status send(struct peer *p, const char *what, enum bodies_kind kind, unsigned repeat, unsigned contact,
                   double *rate)
{
    struct bench *b = p->b;
    AUTO(bodies_clear) struct bodies bodies = {.count = 0};
    struct load_result result;
    unsigned count = b->devices < PEER_DEVICES ? b->devices : PEER_DEVICES;
    status st = bodies_make(&bodies, b->fleet, kind, p->first, count, (struct fleet_moment){.contact = contact});
    struct load_plan plan = {.address = p->address,
                             .connections = PEER_CONNECTIONS,
                             .bodies = bodies.views,
                             .body_count = count,
                             .count = (size_t)count * repeat};
    if (st == ST_OK)
        st = load_run(&plan, &result);
    if (st != ST_OK || result.good == 0)
        return reason_set(&b->why, "bench_peer", "%s: no upload was answered 200", what), ST_UNAVAILABLE;
    *rate = (double)result.good / result.seconds;
    report_format(&b->report, (struct figure){.stage = "peer", .unit = "uploads/s", .value = *rate},
                  "%s, %s (%zu of %zu answered 200)", what, p->schema, result.good, plan.count);
    return ST_OK;
}

static void compare(const struct peer *p, const char *what, double ours, double peer, double goal)
{
    if (ours > 0 && peer > 0)
        report_format(&p->b->report,
                      (struct figure){.stage = "peer", .unit = "times", .value = ours / peer, .goal = goal},
                      "%s: Muster beside the peer, %s", what, p->schema);
}

/* New and unchanged devices with the schema as it is now. */
static status send_fleet(struct peer *p, double fresh_goal, double unchanged_goal)
{
    double fresh = 0, unchanged = 0;
    status st = send(p, "new", BODIES_INVENTORY, 1, 1, &fresh);
    if (st == ST_OK)
        st = send(p, "unchanged", BODIES_INVENTORY, 1, 2, &unchanged);
    compare(p, "new", p->b->ours.fresh, fresh, fresh_goal);
    compare(p, "unchanged", p->b->ours.unchanged, unchanged, unchanged_goal);
    return st;
}

static status send_prologs(struct peer *p)
{
    double known = 0;
    unsigned repeat = p->b->devices < PEER_PROLOGS ? PEER_PROLOGS / p->b->devices : 1;
    status st = send(p, "PROLOG, known devices", BODIES_PROLOG, repeat, 3, &known);
    compare(p, "PROLOG, known devices", p->b->ours.prolog, known, 50);
    return st;
}

/* The peer has a process for each upload at a time, and one above them. */
static status look_at_memory(struct peer *p)
{
    FILE *f = ask(p->b, "pids");
    double sum = 0, count = 0;
    for (long pid; f && fscanf(f, "%ld", &pid) == 1; count++)
        sum += measure_share((pid_t)pid);
    if (!f || pclose(f) != 0 || count < 2)
        return reason_set(&p->b->why, "bench_peer", "%s pids: it named no processes", p->b->peer), ST_UNAVAILABLE;
    report_format(&p->b->report,
                  (struct figure){.stage = "peer", .unit = "MB", .value = sum / (count - 1) / 1e6, .less = true},
                  "memory for an upload at a time");
    if (p->b->ours.memory > 0)
        report_format(&p->b->report,
                      (struct figure){
                          .stage = "peer", .unit = "times", .value = sum / (count - 1) / p->b->ours.memory, .goal = 10},
                      "memory for an upload at a time: the peer beside Muster");
    return ST_OK;
}

static status send_all(struct peer *p)
{
    status st = send_fleet(p, 40, 150);
    if (st == ST_OK)
        st = send_prologs(p);
    if (st == ST_OK)
        st = look_at_memory(p);
    if (st == ST_OK)
        st = do_verb(p->b, "index");
    if (st != ST_OK)
        return st;
    p->schema = "with our indexes";
    p->first += PEER_DEVICES;
    return send_fleet(p, 20, 0);
}

static status start(struct peer *p)
{
    char line[256] = "";
    FILE *f = ask(p->b, "start");
    bool started = f && fgets(line, sizeof line, f) && sscanf(line, "http://%199[^/]", p->address) == 1;
    if (f)
        started = pclose(f) == 0 && started;
    if (started)
        return ST_OK;
    reason_set(&p->b->why, "bench_peer", "%s start: it did not say where it listens", p->b->peer);
    return ST_UNAVAILABLE;
}

status stage_peer(struct bench *b)
{
    struct peer peer = {.b = b, .schema = "stock schema"};
    if (!b->peer) {
        printf("peer     skipped: --peer names no script\n");
        return ST_OK;
    }
    status st = start(&peer);
    if (st != ST_OK)
        return st;
    st = send_all(&peer);
    status stopped = do_verb(b, "stop");
    return st == ST_OK ? stopped : st;
}
