/*
 * muster-parser: settings, resources, run, drain.
 */
#include "common/base/memory.h"
#include "common/log/log.h"
#include "common/signals/signals.h"
#include "services/parser/parser_metrics.h"
#include "services/parser/parser_settings.h"
#include "services/parser/work.h"

#include <signal.h>

static const struct setting table[] = {
#define X(field, env, type, dflt, min, max, help)                                                                      \
    {env, type, dflt, min, max, offsetof(struct parser_settings, field), help},
    PARSER_SETTINGS(X)
#undef X
};

static const struct settings_program program = {
    .name = "muster-parser",
    .prefix = "MUSTER_PARSER_",
    .purpose = "Takes uploads from gateways, reads their XML, and hands records to writers.",
    .table = table,
    .count = COUNT(table),
};

static const char *const conditions[] = {"listening", "gateways", NULL};

enum { THREADS_MAX = 64, LOOK_MS = 100 };

/* Workers end when the consumer is stopped, so they are joined behind that. */
struct workers {
    struct worker *list[THREADS_MAX];
    size_t count;
};

static void workers_join(struct workers *w)
{
    while (w->count)
        worker_join(w->list[--w->count]);
}

static struct work_settings work_settings_of(const struct parser_settings *set, const struct section_map *sections)
{
    return (struct work_settings){
        .document = {.sections = sections,
                     .sanitizes = set->sanitize,
                     .xml = {.depth = (size_t)set->depth_max,
                             .elements = (size_t)set->elements_max,
                             .names = (size_t)set->names_max},
                     .rows = (size_t)set->rows_max,
                     .value_max = (size_t)set->value_max,
                     .memory_max = (size_t)set->inflated_max},
        .inflated_max = (size_t)set->inflated_max,
        .record_max = (size_t)set->record_max,
        .ratio_max = (unsigned)set->ratio_max,
        .lz4 = set->lz4,
    };
}

static int failed(const char *what, const struct reason *why)
{
    log_error(what, LOG_REASON(why));
    return EXIT_RESOURCE;
}

/** Until a signal that ends us: keep what /readyz says true. */
static void run(struct admin *admin, struct link_consumer *from)
{
    int got;
    do {
        admin_set(admin, "gateways", link_consumer_producers(from) > 0);
        got = signals_wait(LOOK_MS);
    } while (got == 0 || got == SIGHUP);
}

/** Take nothing more, parse what was taken, give writers some time for the rest. */
static void drain(struct link_consumer *from, struct workers *workers, struct relay *to, int64_t drain_ms)
{
    enum { STEP_MS = 20 };
    signals_second_ends(EXIT_UNDRAINED);
    link_consumer_stop(from);
    relay_stop_waiting(to);
    workers_join(workers);
    for (int64_t waited = 0; relay_held(to) && waited < drain_ms; waited += STEP_MS)
        signals_wait(STEP_MS);
    log_info("stopped", LOG_NUMBER("given_back_to_gateways", relay_held(to)));
}

int main(int argc, char **argv)
{
    /* 1. Settings: all faults are printed before anything is opened. */
    struct parser_settings set = {0};
    struct reason why = {0};
    int code = EXIT_USAGE;
    if (settings_load(&program, argc, argv, &set, &code) != ST_OK)
        return code;
    log_open("parser", set.log_format, set.log_level);
    log_keep(LOG_KEPT);
    AUTO(section_map_free) struct section_map *sections = NULL;
    if (section_map_read(set.sections, &sections, &why) != ST_OK) {
        log_error("a setting is wrong", LOG_REASON(&why));
        return EXIT_USAGE;
    }
    memory_settle();
    signals_block(); /* before the first thread, so that every thread inherits the mask */
    xml_library_init();
    metrics_register(&parser_metrics_table);
    metrics_register(&link_metrics_table);
    metrics_register(&log_metrics_table);

    /* 2. Resources, in the order of their dependence; AUTO releases them in reverse. */
    AUTO(admin_stop) struct admin *admin = NULL;
    AUTO(link_consumer_destroy) struct link_consumer *from = NULL;
    AUTO(relay_destroy) struct relay *to = NULL;
    struct workers workers = {0};
    const struct link_settings link = {.message_max = (size_t)set.record_max * 2, .key = set.link_key};
    const unsigned kinds = UPLOAD_MASK(UPLOAD_INVENTORY) | UPLOAD_MASK(UPLOAD_CONTACT) | UPLOAD_MASK(UPLOAD_DOWNLOAD) |
                           UPLOAD_MASK(UPLOAD_NOTIFY) | UPLOAD_MASK(UPLOAD_SNMP);
    if (admin_start(set.admin, "parser", conditions, &admin, &why) != ST_OK)
        return failed("cannot open the admin port", &why);
    if (link_consumer_new(set.gateways, kinds, (unsigned)set.credit, &link, &from, &why) != ST_OK)
        return failed("cannot connect to gateways", &why);
    if (relay_new(set.bind, from, (size_t)set.held_max, (unsigned)set.lost_max, &link, &to, &why) != ST_OK)
        return failed("cannot bind the address for writers", &why);
    const struct work_settings work = work_settings_of(&set, sections);
    for (; workers.count < (size_t)set.threads; workers.count++)
        if (worker_start(&work, from, to, admin, &workers.list[workers.count]) != ST_OK) {
            reason_set(&why, "no_thread", "thread %zu could not be started", workers.count + 1);
            link_consumer_stop(from);
            relay_stop_waiting(to);
            workers_join(&workers);
            return failed("cannot start a worker", &why);
        }

    /* 3. Run: the threads work; this one only waits for the signal. */
    char shown[1024];
    settings_print(&program, &set, shown, sizeof shown);
    log_info("started", LOG_TEXT("settings", shown));
    admin_set(admin, "listening", true);
    run(admin, from);

    /* 4. Drain. */
    admin_set(admin, "listening", false);
    drain(from, &workers, to, set.drain_time);
    return EXIT_CLEAN;
}
