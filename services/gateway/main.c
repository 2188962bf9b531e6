/*
 * muster-gateway: settings, resources, run, drain.
 */
#include "common/admin/admin.h"
#include "common/base/memory.h"
#include "common/http/http.h"
#include "common/log/log.h"
#include "common/signals/signals.h"
#include "common/xml/xml.h"
#include "services/gateway/descriptors.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/refusals.h"
#include "services/gateway/server.h"

#include <signal.h>

static const struct setting table[] = {
#define X(field, env, type, dflt, min, max, help)                                                                      \
    {env, type, dflt, min, max, offsetof(struct gateway_settings, field), help},
    GATEWAY_SETTINGS(X)
#undef X
};

static const struct settings_program program = {
    .name = "muster-gateway",
    .prefix = "MUSTER_GATEWAY_",
    .purpose = "Takes what agents send, keeps it safe on disk, answers them, and offers the uploads to parsers.",
    .table = table,
    .count = COUNT(table),
};

static const char *const conditions[] = {"listening", "spool", "database-or-cache", NULL};

static int failed(const char *what, struct reason *why)
{
    log_error(what, LOG_REASON(why));
    return EXIT_RESOURCE;
}

static status open_spool(const struct gateway_settings *set, struct spool **out, struct reason *why)
{
    const struct spool_settings spool = {
        .folder = set->spool_dir,
        .max = set->spool_max,
        .segment_size = set->segment_size,
        .queue_max = set->spool_queue,
        .pending_max = set->spool_uploads,
        .gateway_id = (uint16_t)set->id,
        .attempts_max = (unsigned)set->attempts_max,
        .suspect_ms = (int)set->suspect_pause,
    };
    return spool_open(&spool, out, why);
}

static status start_lookups(const struct gateway_settings *set, const struct db_target *target, struct lookup **out,
                            struct reason *why)
{
    const struct lookup_settings lookup = {
        .target = *target,
        .threads = (unsigned)set->lookup_threads,
        .queue_max = (unsigned)set->lookup_queue,
        .config_ms = (unsigned)set->config_refresh,
    };
    return lookup_new(&lookup, out, why);
}

/** Until a signal that ends us: keep what /readyz says true; take changed files into use, at once with SIGHUP. */
static void run(struct admin *admin, struct spool *spool, struct lookup *lookup, struct server *server)
{
    enum { SOON_MS = 50, LATER_MS = 1000 };
    int got;
    do {
        bool looked = lookup_has_tried(lookup);
        admin_set(admin, "spool", spool_count(spool).healthy);
        admin_set(admin, "database-or-cache", looked);
        got = signals_wait(looked ? LATER_MS : SOON_MS);
        server_refresh(server, got == SIGHUP);
    } while (got == 0 || got == SIGHUP);
}

static int drain(const struct gateway_settings *set, struct server *server)
{
    int64_t left = 0;
    signals_second_ends(EXIT_UNDRAINED);
    log_info("draining", LOG_NUMBER("at_most_ms", set->drain_time));
    size_t cut = server_drain(server, set->drain_time, &left);
    log_info("stopped", LOG_NUMBER("uploads_in_spool", left), LOG_NUMBER("requests_cut", cut));
    return cut ? EXIT_UNDRAINED : EXIT_CLEAN;
}

int main(int argc, char **argv)
{
    /* 1. Settings: all faults are printed before anything is opened. */
    struct gateway_settings set = {0};
    struct db_target target;
    struct reason why = {0};
    int code = EXIT_USAGE;
    if (settings_load(&program, argc, argv, &set, &code) != ST_OK)
        return code;
    log_open("gateway", set.log_format, set.log_level);
    log_keep(LOG_KEPT);
    if (db_target_parse(set.database, &target, &why) != ST_OK)
        return log_error("MUSTER_DATABASE is wrong", LOG_REASON(&why)), EXIT_USAGE;
    set.connections_max = descriptors_allow(set.connections_max);
    memory_settle();
    signals_block(); /* before the first thread, so that every thread inherits the mask */
    db_library_init();
    xml_library_init();
    metrics_register(&gateway_metrics_table);
    metrics_register(&refusals_table);
    metrics_register(&spool_metrics_table);
    metrics_register(&http_metrics_table);
    metrics_register(&link_metrics_table);
    metrics_register(&log_metrics_table);

    /* 2. Resources. AUTO releases them in reverse order of these lines: what may still answer a request ends before the server. */
    AUTO(admin_stop) struct admin *admin = NULL;
    AUTO(server_destroy) struct server *server = NULL;
    AUTO(exporter_destroy) struct exporter *exporter = NULL;
    AUTO(spool_close) struct spool *spool = NULL;
    AUTO(lookup_destroy) struct lookup *lookup = NULL;
    AUTO(offer_stop) struct offer *offer = NULL;
    if (admin_start(set.admin, "gateway", conditions, &admin, &why) != ST_OK)
        return failed("cannot open the admin port", &why);
    if (exporter_new((size_t)set.spool_queue, (size_t)set.inflated_max, &exporter) != ST_OK)
        return reason_set(&why, "no_memory", "no memory or no thread"), failed("cannot start the export", &why);
    if (open_spool(&set, &spool, &why) != ST_OK)
        return failed("cannot open the spool", &why);
    if (start_lookups(&set, &target, &lookup, &why) != ST_OK)
        return failed("cannot start the look-ups", &why);
    if (offer_start(spool, set.bind, set.link_key, (size_t)set.body_max + UPLOAD_HEAD_MAX, &offer, &why) != ST_OK)
        return failed("cannot bind the address for parsers", &why);
    if (server_start(&(struct server_parts){&set, spool, lookup, offer, exporter}, &server, &why) != ST_OK)
        return failed("cannot listen for agents", &why);

    /* 3. Run: the loops have their own threads; this one only waits for the signal. */
    admin_on_status(admin, server_status, server);
    admin_on_device(admin, server_device, server);
    admin_set(admin, "listening", true);
    server_announce(server);
    run(admin, spool, lookup, server);

    /* 4. Drain: not ready -> refuse new -> answer what was begun -> let parsers take the rest -> exit. */
    admin_set(admin, "listening", false);
    code = drain(&set, server);
    admin_on_status(admin, NULL, NULL);
    admin_on_device(admin, NULL, NULL);
    return code;
}
