/* muster why: everything that is known about the uploads of one device, as one JSON document or as text. */
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/why/advice.h"
#include "tools/muster/why/events.h"
#include "tools/muster/why/stores.h"

#include <string.h>

/* ---- gathering ---- */

static json_t *database_facts(const struct state *state, const char *deviceid)
{
    struct db_target target;
    struct reason why;
    AUTO(db_close) struct db *db = NULL;
    if (db_target_parse(state->database, &target, &why) != ST_OK)
        return json_object();
    target.connect_s = 2;
    target.read_s = 5;
    return db_open(&target, &db, &why) == ST_OK ? stores_database(db, deviceid) : json_object();
}

/* Each gateway says whether an INVENTORY of the device rests in its spool. */
static void note_pending(json_t *waiting, const struct state_service *service, json_t *said)
{
    if (json_object_get(said, "pending_since"))
        json_array_append_new(waiting, json_pack("{s:s, s:O}", "gateway", service->name, "since",
                                                 json_object_get(said, "pending_since")));
    json_decref(said);
}

static void ask_running(const struct state *state, const char *deviceid, json_t *all, json_t *events)
{
    json_t *facts = database_facts(state, deviceid), *waiting = json_array(), *silent = json_array();
    const char *from = json_string_value(json_object_get(facts, "address"));
    for (size_t i = 0; i < state->count; i++) {
        const struct state_service *service = &state->services[i];
        json_t *said = *service->admin ? events_ask(service, deviceid, from ? from : "", events) : NULL;
        if (said)
            note_pending(waiting, service, said);
        else if (*service->admin)
            json_array_append_new(silent, json_string(service->name));
    }
    json_object_set_new(all, "database", facts);
    json_object_set_new(all, "waiting", waiting);
    json_object_set_new(all, "silent", silent);
}

static void add_reason(json_t *reasons, const json_t *of)
{
    const char *code = json_string_value(json_object_get(of, "reason"));
    struct advice advice;
    if (!code || json_object_get(reasons, code) || !advice_find(reasons_page, code, &advice))
        return;
    json_object_set_new(reasons, code,
                        json_pack("{s:s%, s:s%}", "meaning", advice.meaning.data, advice.meaning.len, "remedy",
                                  advice.remedy.data, advice.remedy.len));
}

static json_t *explain(const json_t *all)
{
    json_t *reasons = json_object(), *one;
    size_t i;
    json_array_foreach(json_object_get(all, "events"), i, one) add_reason(reasons, one);
    json_array_foreach(json_object_get(all, "quarantine"), i, one) add_reason(reasons, one);
    return reasons;
}

static json_t *gather(const struct folder *folder, const char *deviceid)
{
    json_t *all = json_pack("{s:s}", "device", deviceid), *events = json_array();
    AUTO(state_free) struct state *state = NULL;
    struct reason why;
    if (state_read(folder, &state, &why) == ST_OK)
        ask_running(state, deviceid, all, events);
    json_object_set_new(all, "running", json_boolean(state != NULL));
    events_read_logs(folder, deviceid, events);
    json_object_set_new(all, "quarantine", stores_quarantine(folder, deviceid));
    json_object_set_new(all, "events", events_finish(events));
    json_decref(events);
    json_object_set_new(all, "reasons", explain(all));
    return all;
}

/* ---- for people ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static void print_database(const json_t *all)
{
    json_t *facts = json_object_get(all, "database");
    const char *name;
    json_t *value;
    if (!json_is_true(json_object_get(all, "running")))
        printf("  nothing runs on this folder: its log files and quarantine only\n");
    else if (!*text_of(facts, "computer"))
        printf("  the database does not know it\n");
    json_object_foreach(facts, name, value) printf("  %-15s %s\n", name, json_string_value(value));
}

static void print_waiting(const json_t *all)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(all, "waiting"), i, one)
        printf("  %s holds an inventory of %s that is not in the database yet\n", text_of(one, "gateway"),
               text_of(one, "since"));
    json_array_foreach(json_object_get(all, "quarantine"), i, one)
        printf("  in quarantine: %s of %s, %s (%s)\n    %s\n", text_of(one, "kind"), text_of(one, "time"),
               text_of(one, "reason"), text_of(one, "detail"), text_of(one, "file"));
    json_array_foreach(json_object_get(all, "silent"), i, one)
        printf("  %s does not answer: what it remembers is missing here\n", json_string_value(one));
}

static void print_event(json_t *event)
{
    static const char *const shown[] = {"time", "level", "service", "event", "by", "device", "phase"};
    const char *name;
    json_t *value;
    printf("  %s %-10s %-9s %s", text_of(event, "time"), text_of(event, "by"), text_of(event, "phase"),
           text_of(event, "event"));
    json_object_foreach(event, name, value)
    {
        bool is_shown = json_is_string(value) && !*json_string_value(value);
        for (size_t i = 0; i < COUNT(shown); i++)
            is_shown = is_shown || strcmp(name, shown[i]) == 0;
        if (!is_shown && json_is_string(value))
            printf(" %s=%s", name, json_string_value(value));
        else if (!is_shown && json_is_integer(value))
            printf(" %s=%" JSON_INTEGER_FORMAT, name, json_integer_value(value));
    }
    printf("\n");
}

static void print_text(const json_t *all)
{
    const char *code;
    json_t *one;
    size_t i;
    printf("%s\n", text_of(all, "device"));
    print_database(all);
    print_waiting(all);
    printf("\nEVENTS\n");
    json_array_foreach(json_object_get(all, "events"), i, one) print_event(one);
    if (json_object_size(json_object_get(all, "reasons")) > 0)
        printf("\nWHAT TO DO\n");
    json_object_foreach(json_object_get(all, "reasons"), code, one)
        printf("  %s: %s\n    %s\n", code, text_of(one, "meaning"), text_of(one, "remedy"));
}

static bool is_known(const json_t *all)
{
    return json_array_size(json_object_get(all, "events")) || json_array_size(json_object_get(all, "quarantine")) ||
           json_array_size(json_object_get(all, "waiting")) || json_object_size(json_object_get(all, "database"));
}

int command_why(const struct options *options)
{
    struct folder folder;
    struct reason why;
    if (folder_find(options->data, &folder, &why) != ST_OK)
        return complain(&why), EXIT_NOT_RUNNING;
    db_library_init();
    json_t *all = gather(&folder, options->words[0]);
    if (options->json) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        printf("\n");
    } else {
        print_text(all);
    }
    int exit_status = is_known(all) ? EXIT_CLEAN : EXIT_FAILED;
    json_decref(all);
    return exit_status;
}
