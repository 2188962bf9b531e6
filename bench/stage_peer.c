/*
 * The same uploads to another server that speaks the protocol, for comparison: its script is asked to start it, prints its address as
 * "http://host:port/ocsinventory" on its first line, and is asked to stop it. What it takes is told by its answers: it stores before
 * it answers.
 */
#include "bench/load.h"
#include "bench/stages.h"

#include <stdio.h>

enum { PEER_DEVICES = 60, PEER_CONNECTIONS = 4 };

static status send(struct bench *b, const char *address, const char *what, enum bodies_kind kind, struct fleet_moment m)
{
    AUTO(bodies_clear) struct bodies bodies = {.count = 0};
    struct load_result result;
    unsigned count = b->devices < PEER_DEVICES ? b->devices : PEER_DEVICES;
    status st = bodies_make(&bodies, b->fleet, kind, 0, count, m);
    struct load_plan plan = {.address = address,
                             .connections = PEER_CONNECTIONS,
                             .bodies = bodies.views,
                             .body_count = count,
                             .count = count};
    if (st == ST_OK)
        st = load_run(&plan, &result);
    if (st != ST_OK)
        return reason_set(&b->why, "bench_peer", "%s: no upload was answered 200", what), st;
    report_format(&b->report,
                  (struct figure){.stage = "peer", .unit = "uploads/s", .value = (double)result.good / result.seconds},
                  "%s (%zu of %u answered 200)", what, result.good, count);
    return ST_OK;
}

static status send_all(struct bench *b, const char *address)
{
    status st = send(b, address, "PROLOG, unknown devices", BODIES_PROLOG, (struct fleet_moment){0});
    if (st == ST_OK)
        st = send(b, address, "new", BODIES_INVENTORY, (struct fleet_moment){.contact = 1});
    if (st == ST_OK)
        st = send(b, address, "unchanged", BODIES_INVENTORY, (struct fleet_moment){.contact = 2});
    return st == ST_OK ? send(b, address, "PROLOG, known devices", BODIES_PROLOG, (struct fleet_moment){0}) : st;
}

status stage_peer(struct bench *b)
{
    char command[4200], line[256] = "", address[200] = "";
    if (!b->peer) {
        printf("peer     skipped: --peer names no script\n");
        return ST_OK;
    }
    snprintf(command, sizeof command, "'%s' start", b->peer);
    FILE *f = popen(command, "r"); /* NOLINT: the operator's own script */
    bool started = f && fgets(line, sizeof line, f) && sscanf(line, "http://%199[^/]", address) == 1;
    if (f)
        started = pclose(f) == 0 && started;
    if (!started)
        return reason_set(&b->why, "bench_peer", "%s start: it did not say where it listens", b->peer), ST_UNAVAILABLE;
    status st = send_all(b, address);
    snprintf(command, sizeof command, "'%s' stop", b->peer);
    if (system(command) != 0) /* NOLINT: the same */
        fprintf(stderr, "bench: %s stop did not succeed\n", b->peer);
    return st;
}
