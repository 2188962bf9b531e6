/* PROLOG: questions a second and per CPU second of the gateway, of devices that are known and of such that are not. */
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/stages.h"

#include <signal.h>

enum { KNOWN_MAX = 500, FIRST_DEVICE = 3000000, UNKNOWN_FROM = 5000000, DRAIN_S = 120 };

static status ask(struct bench *b, const char *who, const struct bodies *bodies, double rate, double cpu_goal,
                  struct load_result *out)
{
    struct load_plan plan = {.address = b->site->http,
                             .connections = b->connections,
                             .bodies = bodies->views,
                             .body_count = bodies->count,
                             .count = b->requests,
                             .rate = rate};
    double cpu = site_cpu_s(b->site, SITE_GATEWAY), database = site_cpu_s(b->site, SITE_DATABASE);
    status st = load_run(&plan, out);
    cpu = site_cpu_s(b->site, SITE_GATEWAY) - cpu;
    database = site_cpu_s(b->site, SITE_DATABASE) - database;
    if (st != ST_OK || out->good != plan.count)
        return reason_set(&b->why, "bench_prolog", "%s: %zu of %zu answered 200", who, out->good, plan.count),
               ST_UNAVAILABLE;
    if (rate > 0)
        return ST_OK;
    double n = (double)out->good;
    report_format(&b->report, (struct figure){.stage = "prolog", .unit = "questions/s", .value = n / out->seconds},
                  "%s, all on this machine", who);
    report_format(
        &b->report,
        (struct figure){.stage = "prolog", .unit = "questions/s", .value = cpu > 0 ? n / cpu : 0, .goal = cpu_goal},
        "%s, for a core of gateway", who);
    report_format(&b->report,
                  (struct figure){.stage = "prolog", .unit = "us CPU", .value = database / n * 1e6, .less = true},
                  "%s: MariaDB's CPU for one", who);
    report_format(&b->report, (struct figure){.stage = "prolog", .unit = "ms", .value = out->p99_ms, .less = true},
                  "%s: p99 at full load (p50 %.2f)", who, out->p50_ms);
    return ST_OK;
}

static status fill(struct bench *b, unsigned count)
{
    AUTO(bodies_clear) struct bodies bodies = {.count = 0};
    struct load_result result;
    status st =
        bodies_make(&bodies, b->fleet, BODIES_INVENTORY, FIRST_DEVICE, count, (struct fleet_moment){.contact = 1});
    struct load_plan plan = {.address = b->site->http,
                             .connections = b->connections,
                             .bodies = bodies.views,
                             .body_count = count,
                             .count = count};
    if (st == ST_OK)
        st = load_run(&plan, &result);
    return st == ST_OK ? site_drain(b->site, DRAIN_S) : st;
}

static status ask_all(struct bench *b, unsigned known)
{
    AUTO(bodies_clear) struct bodies bodies = {.count = 0};
    AUTO(bodies_clear) struct bodies strangers = {.count = 0};
    struct load_result full = {0}, half;
    status st = bodies_make(&bodies, b->fleet, BODIES_PROLOG, FIRST_DEVICE, known, (struct fleet_moment){.contact = 2});
    if (st == ST_OK)
        st = bodies_make(&strangers, b->fleet, BODIES_PROLOG, UNKNOWN_FROM, KNOWN_MAX,
                         (struct fleet_moment){.contact = 2});
    if (st == ST_OK)
        st = ask(b, "known devices", &bodies, 0, 15000, &full);
    if (st == ST_OK)
        st = ask(b, "known devices", &bodies, (double)full.good / full.seconds / 2, 0, &half);
    if (st != ST_OK)
        return st;
    b->ours.prolog = (double)full.good / full.seconds;
    report_format(&b->report,
                  (struct figure){.stage = "prolog", .unit = "ms", .value = half.p99_ms, .goal = 10, .less = true},
                  "known devices: p99 at half that load (p50 %.2f)", half.p50_ms);
    return ask(b, "unknown devices", &strangers, 0, 0, &full);
}

status stage_prolog(struct bench *b)
{
    unsigned known = b->devices < KNOWN_MAX ? b->devices : KNOWN_MAX;
    status st = fill(b, known);
    if (st != ST_OK)
        return reason_set(&b->why, "bench_prolog", "the fleet cannot be stored: %s", status_name(st)), st;
    site_signal(b->site, SITE_PARSER, SIGSTOP);
    site_signal(b->site, SITE_WRITER, SIGSTOP);
    st = ask_all(b, known);
    site_signal(b->site, SITE_WRITER, SIGCONT);
    site_signal(b->site, SITE_PARSER, SIGCONT);
    return st;
}
