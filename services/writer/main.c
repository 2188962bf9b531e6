/*
 * muster-writer: settings, resources, run, drain.
 */
#include "common/base/memory.h"
#include "common/link/link.h"
#include "common/log/log.h"
#include "common/signals/signals.h"
#include "common/xml/xml.h"
#include "services/writer/jobs/jobs.h"
#include "services/writer/writer.h"
#include "services/writer/writer_metrics.h"

#include <signal.h>

static const struct setting table[] = {
#define X(field, env, type, dflt, min, max, help)                                                                      \
    {env, type, dflt, min, max, offsetof(struct writer_settings, field), help},
    WRITER_SETTINGS(X)
#undef X
};

static const struct settings_program program = {
    .name = "muster-writer",
    .prefix = "MUSTER_WRITER_",
    .purpose = "Takes records from parsers and writes them into the database, many devices in one transaction.",
    .table = table,
    .count = COUNT(table),
};

static const char *const conditions[] = {"parsers", "database", NULL};

enum { JOBS_STOP_MS = 2000 };

static int failed(int code, const char *what, const struct reason *why)
{
    log_error(what, LOG_REASON(why));
    return code;
}

/* What the table of settings cannot check. */
static status check(const struct writer_settings *set, struct db_target *target, struct section_map **sections,
                    struct reason *why)
{
    if (!set->parsers[0]) {
        reason_set(why, "setting", "MUSTER_WRITER_PARSERS is not set: where do records come from?");
        return ST_INVALID;
    }
    if (strcmp(set->sections_absent, "keep") != 0 && strcmp(set->sections_absent, "clear") != 0) {
        reason_set(why, "setting", "MUSTER_WRITER_SECTIONS_ABSENT is %s; it can be keep or clear",
                   set->sections_absent);
        return ST_INVALID;
    }
    status st = section_map_read(set->sections, sections, why);
    return st == ST_OK ? db_target_parse(set->database, target, why) : st;
}

int main(int argc, char **argv)
{
    /* 1. Settings: all faults are printed before anything is opened. */
    struct writer_settings set = {0};
    struct db_target target;
    struct reason why = {0};
    int code = EXIT_USAGE;
    if (settings_load(&program, argc, argv, &set, &code) != ST_OK)
        return code;
    log_open("writer", set.log_format, set.log_level);
    log_keep(LOG_KEPT);
    AUTO(section_map_free) struct section_map *sections = NULL;
    if (check(&set, &target, &sections, &why) != ST_OK)
        return failed(EXIT_USAGE, "a setting is wrong", &why);
    memory_settle();
    signals_block(); /* before the first thread, so that every thread inherits the mask */
    db_library_init();
    xml_library_init();
    metrics_register(&writer_metrics_table);
    metrics_register(&link_metrics_table);
    metrics_register(&log_metrics_table);

    /* 2. Resources, released in reverse order. */
    AUTO(admin_stop) struct admin *admin = NULL;
    AUTO(writer_destroy) struct writer *writer = NULL;
    AUTO(jobs_destroy) struct jobs *jobs = NULL;
    if (admin_start(set.admin, "writer", conditions, &admin, &why) != ST_OK)
        return failed(EXIT_RESOURCE, "cannot open the admin port", &why);
    const struct writer_setup setup = {.set = &set, .target = &target, .sections = sections, .admin = admin};
    status st = writer_start(&setup, &writer, &why);
    if (st != ST_OK)
        return failed(st == ST_INVALID ? EXIT_USAGE : EXIT_RESOURCE, "cannot start", &why);

    const struct jobs_settings background = {
        .target = target, .period_ms = set.jobs_period, .statement_ms = set.jobs_statement};
    if (jobs_start(&background, &jobs) != ST_OK)
        return reason_set(&why, "thread", "no thread for the background jobs"),
               failed(EXIT_RESOURCE, "cannot start", &why);

    /* 3. Run: writer and jobs have threads of their own; this one only waits for the signal. */
    char text[1024];
    settings_print(&program, &set, text, sizeof text);
    log_info("running", LOG_TEXT("settings", text));
    while (signals_wait(-1) == SIGHUP)
        ;

    /* 4. Drain: take nothing more, finish the batch in hand, answer. */
    signals_second_ends(EXIT_UNDRAINED);
    log_info("draining", LOG_NUMBER("at_most_ms", set.drain));
    bool jobs_ended = jobs_stop(jobs, JOBS_STOP_MS);
    if (!writer_drain(writer, set.drain)) {
        log_error("not drained in time; what was in hand is offered again", LOG_NUMBER("at_most_ms", set.drain));
        _exit(EXIT_UNDRAINED); /* its thread still works with everything that AUTO would release */
    }
    log_info("stopped", LOG_TEXT("service", "writer"));
    if (!jobs_ended)
        _exit(EXIT_CLEAN); /* it waits for a database that does not answer; nothing is lost with it */
    return EXIT_CLEAN;
}
