/*
 * The gateway alone (parsers and writers are stopped meanwhile): uploads a second made durable and answered, beside the HTTP server
 * without a spool and the disk's own rate of group commits.
 */
#include "bench/bare.h"
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/stages.h"

#include <signal.h>

enum { BODIES = 100, NEW_TLS_SHARE = 8 };

static const struct {
    const char *name;
    bool tls, new_connections;
    double cpu_goal; /* us of the gateway; 0: none */
} ways[] = {
    {"HTTP, kept", false, false, 70},
    {"HTTP, new connection", false, true, 0},
    {"HTTPS, kept", true, false, 0},
    {"HTTPS, new connection", true, true, 0},
};

static const struct {
    const char *name;
    unsigned programs;
} sizes[] = {{"16 KB", 150}, {"30 KB", 330}};

struct intake {
    struct bench *b;
    struct bare_server bare;
    struct bodies bodies;
    const char *size;
    double commits;
};

static status measure_way(struct intake *in, size_t w)
{
    struct bench *b = in->b;
    struct load_result bare, ours;
    struct load_plan plan = {.address = ways[w].tls ? in->bare.https : in->bare.http,
                             .tls = ways[w].tls,
                             .new_connections = ways[w].new_connections,
                             .connections = b->connections,
                             .bodies = in->bodies.views,
                             .body_count = in->bodies.count,
                             .count = b->requests};
    if (plan.tls && plan.new_connections)
        plan.count = b->requests / NEW_TLS_SHARE + 1;
    double bare_cpu = measure_cpu_s(in->bare.pid);
    status st = load_run(&plan, &bare);
    bare_cpu = measure_cpu_s(in->bare.pid) - bare_cpu;
    plan.address = ways[w].tls ? b->site->https : b->site->http;
    double cpu = site_cpu_s(b->site, SITE_GATEWAY);
    if (st == ST_OK)
        st = load_run(&plan, &ours);
    cpu = site_cpu_s(b->site, SITE_GATEWAY) - cpu;
    if (st != ST_OK || ours.good != plan.count || bare.good != plan.count)
        return reason_set(&b->why, "bench_intake", "%s, %s: not every upload was answered 200", in->size, ways[w].name),
               ST_UNAVAILABLE;
    double http = (double)bare.good / bare.seconds, rate = (double)ours.good / ours.seconds;
    bool disk = in->commits < http;
    report_format(
        &b->report,
        (struct figure){
            .stage = "intake", .unit = "uploads/s", .value = rate, .bare = disk ? in->commits : http, .goal = 0.85},
        "%s, %s; bare: %s", in->size, ways[w].name, disk ? "group commits" : "h2o without spool");
    report_format(&b->report,
                  (struct figure){.stage = "intake",
                                  .unit = "us CPU",
                                  .value = cpu / (double)ours.good * 1e6,
                                  .bare = ways[w].cpu_goal ? 0 : bare_cpu / (double)bare.good * 1e6,
                                  .goal = ways[w].cpu_goal,
                                  .less = true},
                  "%s, %s: gateway's CPU (h2o alone %.0f)", in->size, ways[w].name, bare_cpu / (double)bare.good * 1e6);
    report_format(&b->report, (struct figure){.stage = "intake", .unit = "ms", .value = ours.p99_ms, .less = true},
                  "%s, %s: p99 (p50 %.2f)", in->size, ways[w].name, ours.p50_ms);
    return ST_OK;
}

static status measure_size(struct intake *in, size_t s)
{
    struct bench *b = in->b;
    AUTO(fleet_destroy) struct fleet *fleet = fleet_new(1, sizes[s].programs);
    AUTO(bodies_clear) struct bodies bodies = {.count = 0};
    status st = fleet ? bodies_make(&bodies, fleet, BODIES_INVENTORY, 0, BODIES, (struct fleet_moment){.contact = 1})
                      : ST_NO_MEMORY;
    if (st != ST_OK)
        return st;
    in->bodies = bodies;
    in->size = sizes[s].name;
    in->commits = bare_commits(b->site->data, bodies.memory.len / bodies.count,
                               b->connections < 32 ? b->connections : 32, b->requests);
    report_format(&b->report, (struct figure){.stage = "intake", .unit = "records/s", .value = in->commits},
                  "%s: the disk's group commits (bodies of %zu bytes)", in->size, bodies.memory.len / bodies.count);
    for (size_t w = 0; st == ST_OK && w < COUNT(ways); w++)
        st = measure_way(in, w);
    return st;
}

status stage_intake(struct bench *b)
{
    struct intake in = {.b = b};
    char tls[FOLDER_PATH_MAX + 8];
    snprintf(tls, sizeof tls, "%s/tls", b->site->data);
    status st = bare_server_start(&in.bare, tls);
    site_signal(b->site, SITE_PARSER, SIGSTOP);
    site_signal(b->site, SITE_WRITER, SIGSTOP);
    for (size_t s = 0; st == ST_OK && s < COUNT(sizes); s++)
        st = measure_size(&in, s);
    site_signal(b->site, SITE_WRITER, SIGCONT);
    site_signal(b->site, SITE_PARSER, SIGCONT);
    bare_server_stop(&in.bare);
    return st;
}
