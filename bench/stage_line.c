/*
 * The whole line: from the first request of a fleet to the commit of its last inventory, for devices that are new, unchanged, and with one
 * row in fifty changed; with more and more devices in the database. CPU time is that of the processes, so that it holds where other
 * programs share the machine.
 */
#include "bench/bare_rows.h"
#include "bench/load.h"
#include "bench/measure.h"
#include "bench/stages.h"

#include <stdio.h>
#include <time.h>

enum { FIRST_DEVICE = 2000000, CHUNK = 1000, DRAIN_S = 600, LATENCIES = 100, WAIT_S = 10, BARE_TOGETHER = 50 };

/* 85 % of what two cores can do when an unchanged device costs 2,400 us with both handshakes. That sum is of the services and MariaDB;
 * the rate that is measured has the other ends of the handshakes on the same cores. So the sum itself is compared, too. */
#define HTTPS_GOAL     (0.85 * 2e6 / 2400)
#define HTTPS_SUM_GOAL (2400 / 0.85)

struct pass {
    const char *name;
    double rate_goal, cpu_goal[SITE_PARTS]; /* us; 0: none */
};

static const struct pass passes[] = {
    {"new", 0, {70, 900, 400, 0}},
    {"unchanged", 1400, {70, 900, 60, 0}},
    {"2 % changed", 800, {70, 900, 150, 0}},
    {"HTTPS contacts, unchanged", HTTPS_GOAL, {0, 900, 60, 0}},
};

struct cost {
    double seconds, cpu_s[SITE_PARTS], load_cpu_s;
};

/* Run the load and wait until all of it is stored. */
static status run_load(struct bench *b, const struct load_plan *plan, struct cost *cost)
{
    struct load_result result;
    double before[SITE_PARTS], begin = measure_wall_s();
    for (int p = 0; p < SITE_PARTS; p++)
        before[p] = site_cpu_s(b->site, p);
    status st = load_run(plan, &result);
    if (st == ST_OK && result.good != plan->count)
        return reason_set(&b->why, "bench_line", "%zu of %zu requests were answered 200", result.good, plan->count),
               ST_UNAVAILABLE;
    if (st == ST_OK)
        st = site_drain(b->site, DRAIN_S);
    cost->seconds += measure_wall_s() - begin;
    cost->load_cpu_s += result.cpu_s;
    for (int p = 0; p < SITE_PARTS; p++)
        cost->cpu_s[p] += site_cpu_s(b->site, p) - before[p];
    return st;
}

/* A fleet's inventories over plain HTTP, connections kept. */
static status send(struct bench *b, unsigned first, unsigned count, struct fleet_moment m, struct cost *cost)
{
    AUTO(bodies_clear) struct bodies bodies = {.count = 0};
    status st = bodies_make(&bodies, b->fleet, BODIES_INVENTORY, FIRST_DEVICE + first, count, m);
    const struct load_plan plan = {.address = b->site->http,
                                   .connections = b->connections,
                                   .bodies = bodies.views,
                                   .body_count = count,
                                   .count = count};
    return st == ST_OK ? run_load(b, &plan, cost) : st;
}

/* Whole contacts over HTTPS: PROLOG and INVENTORY of each device, a new connection for each of them, as agents do. */
static status send_contacts(struct bench *b, unsigned first, unsigned count, struct fleet_moment m, struct cost *cost)
{
    AUTO(bodies_clear) struct bodies questions = {.count = 0};
    AUTO(bodies_clear) struct bodies inventories = {.count = 0};
    AUTO(mem_free) struct view *both = calloc((size_t)count * 2, sizeof *both);
    status st = both ? bodies_make(&questions, b->fleet, BODIES_PROLOG, FIRST_DEVICE + first, count, m) : ST_NO_MEMORY;
    if (st == ST_OK)
        st = bodies_make(&inventories, b->fleet, BODIES_INVENTORY, FIRST_DEVICE + first, count, m);
    for (unsigned i = 0; st == ST_OK && i < count; i++) {
        both[2 * i] = questions.views[i];
        both[2 * i + 1] = inventories.views[i];
    }
    const struct load_plan plan = {.address = b->site->https,
                                   .tls = true,
                                   .new_connections = true,
                                   .connections = b->connections,
                                   .bodies = both,
                                   .body_count = (size_t)count * 2,
                                   .count = (size_t)count * 2};
    return st == ST_OK ? run_load(b, &plan, cost) : st;
}

static double total_us(const struct cost *cost, unsigned count)
{
    double sum = 0;
    for (int p = 0; p < SITE_PARTS; p++)
        sum += cost->cpu_s[p];
    return sum / count * 1e6;
}

static void tell(struct bench *b, const struct pass *pass, const struct cost *cost, unsigned count, unsigned stored)
{
    report_format(
        &b->report,
        (struct figure){
            .stage = "line", .unit = "inventories/s", .value = count / cost->seconds, .goal = pass->rate_goal},
        "%s, %u devices stored", pass->name, stored);
    for (int p = 0; p < SITE_PARTS; p++)
        report_format(&b->report,
                      (struct figure){.stage = "line",
                                      .unit = "us CPU",
                                      .value = cost->cpu_s[p] / count * 1e6,
                                      .goal = pass->cpu_goal[p],
                                      .less = true},
                      "%s, %u stored: %s", pass->name, stored, site_part_names[p]);
    report_format(
        &b->report,
        (struct figure){.stage = "line", .unit = "us CPU", .value = cost->load_cpu_s / count * 1e6, .less = true},
        "%s, %u stored: the load generator itself", pass->name, stored);
}

static status check_stored(struct bench *b, unsigned expected)
{
    double there = site_number(b->site, "SELECT COUNT(*) FROM hardware WHERE DEVICEID LIKE 'BENCH-W2%'");
    if (there == expected)
        return ST_OK;
    reason_set(&b->why, "bench_line", "%.0f devices are in the database, %u were sent", there, expected);
    return ST_IO;
}

/* Devices 0..stored-1 are there afterwards. */
static status fill(struct bench *b, unsigned from, unsigned stored)
{
    struct cost cost = {0};
    status st = ST_OK;
    for (unsigned at = from; st == ST_OK && at < stored; at += CHUNK)
        st = send(b, at, stored - at < CHUNK ? stored - at : CHUNK, (struct fleet_moment){.contact = 1}, &cost);
    if (st == ST_OK && stored > from) {
        tell(b, &passes[0], &cost, stored - from, stored);
        b->ours.fresh = (stored - from) / cost.seconds;
    }
    return st == ST_OK ? check_stored(b, stored) : st;
}

/* The rows of the first thousand, once more, by one client that does nothing else. */
static status tell_bare(struct bench *b)
{
    struct bare_rows bare;
    char sql[128];
    uint64_t first = (uint64_t)site_number(b->site, "SELECT MIN(ID) FROM hardware WHERE DEVICEID LIKE 'BENCH-W2%'");
    uint64_t last = first + (b->devices < CHUNK ? b->devices : CHUNK) - 1;
    status st = bare_rows_insert(b->site, first, last, BARE_TOGETHER, &bare);
    if (st != ST_OK)
        return reason_set(&b->why, "bench_line", "bare inserts: %s", db_error(b->site->db)), st;
    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM hardware WHERE ID BETWEEN %llu AND %llu", (unsigned long long)first,
             (unsigned long long)last);
    report_format(&b->report,
                  (struct figure){.stage = "line",
                                  .unit = "inventories/s",
                                  .value = b->ours.fresh,
                                  .bare = site_number(b->site, sql) / bare.seconds,
                                  .goal = 0.85},
                  "new; bare: multi-row inserts of the same rows");
    return ST_OK;
}

static int compare_ids(const struct site *s, const char *deviceid, double *id)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT INVENTORY_HI FROM muster_device WHERE DEVICEID = '%s'", deviceid);
    double now = site_number(s, sql);
    int differs = now != *id;
    *id = now;
    return differs;
}

/* From the 200 to the commit, one upload at a time. */
static status latency(struct bench *b, unsigned contact)
{
    static const struct timespec pause = {0, 100000};
    double times[LATENCIES];
    size_t count = 0;
    for (unsigned d = 0; d < LATENCIES && d < b->devices; d++) {
        AUTO(bodies_clear) struct bodies bodies = {.count = 0};
        struct load_result result;
        char deviceid[64];
        double id = 0;
        fleet_deviceid(b->fleet, FIRST_DEVICE + d, deviceid);
        (void)compare_ids(b->site, deviceid, &id);
        status st = bodies_make(&bodies, b->fleet, BODIES_INVENTORY, FIRST_DEVICE + d, 1,
                                (struct fleet_moment){.round = 1, .contact = contact});
        if (st == ST_OK)
            st = load_run(
                &(struct load_plan){
                    .address = b->site->http, .connections = 1, .bodies = bodies.views, .body_count = 1, .count = 1},
                &result);
        double begin = measure_wall_s();
        while (st == ST_OK && !compare_ids(b->site, deviceid, &id)) {
            if (measure_wall_s() - begin > WAIT_S)
                st = ST_UNAVAILABLE;
            nanosleep(&pause, NULL);
        }
        if (st != ST_OK)
            return reason_set(&b->why, "bench_line", "an inventory does not come through: %s", status_name(st)), st;
        times[count++] = (measure_wall_s() - begin) * 1e3;
    }
    double p50 = measure_percentile(times, count, 0.5);
    report_format(
        &b->report,
        (struct figure){.stage = "line", .unit = "ms", .value = measure_percentile(times, count, 0.99), .less = true},
        "from 200 to commit, idle: p99 (p50 %.2f)", p50);
    return ST_OK;
}

/* Unchanged and changed devices, spread over all that are stored. */
static status measure(struct bench *b, unsigned stored, unsigned contact, unsigned round, double us[2])
{
    unsigned count = b->devices < stored ? b->devices : stored, first = stored - count;
    struct cost unchanged = {0}, changed = {0};
    status st = send(b, first, count, (struct fleet_moment){.contact = contact}, &unchanged);
    if (st != ST_OK)
        return st;
    tell(b, &passes[1], &unchanged, count, stored);
    b->ours.unchanged = count / unchanged.seconds;
    st = send(b, first, count, (struct fleet_moment){.round = round, .contact = contact + 1}, &changed);
    if (st != ST_OK)
        return st;
    tell(b, &passes[2], &changed, count, stored);
    struct cost https = {0};
    st = send_contacts(b, first, count, (struct fleet_moment){.round = round, .contact = contact + 2}, &https);
    if (st != ST_OK)
        return st;
    tell(b, &passes[3], &https, count, stored);
    report_format(
        &b->report,
        (struct figure){
            .stage = "line", .unit = "us CPU", .value = total_us(&https, count), .goal = HTTPS_SUM_GOAL, .less = true},
        "%s, %u stored: all but the load generator", passes[3].name, stored);
    us[0] = total_us(&unchanged, count);
    us[1] = total_us(&changed, count);
    return check_stored(b, stored);
}

status stage_line(struct bench *b)
{
    double few[2] = {0}, many[2] = {0};
    unsigned least = b->devices > CHUNK ? b->devices : CHUNK, less = b->stored < least ? b->stored : least;
    status st = fill(b, 0, less);
    if (st == ST_OK)
        st = tell_bare(b);
    if (st == ST_OK)
        st = measure(b, less, 2, 1, few);
    if (st == ST_OK)
        st = latency(b, 5);
    if (st == ST_OK && b->stored > less)
        st = fill(b, less, b->stored);
    if (st == ST_OK && b->stored > less)
        st = measure(b, b->stored, 6, 1, many);
    for (int p = 0; st == ST_OK && p < SITE_PARTS; p++)
        report_format(
            &b->report,
            (struct figure){.stage = "line", .unit = "MB", .value = site_memory(b->site, p) / 1e6, .less = true},
            "memory of %s at most", site_part_names[p]);
    for (int p = 0; p < SITE_DATABASE; p++)
        b->ours.memory += site_memory(b->site, p) / b->connections;
    for (int i = 0; st == ST_OK && b->stored > less && i < 2; i++)
        report_format(
            &b->report,
            (struct figure){.stage = "scale", .unit = "times", .value = many[i] / few[i], .goal = 1.3, .less = true},
            "CPU of %s at %u devices to that at %u", passes[i + 1].name, b->stored, less);
    return st;
}
