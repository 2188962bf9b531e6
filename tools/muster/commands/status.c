/* muster status: asks every service, and prints one screen or one JSON document. */
#include "common/base/clock.h"
#include "common/db/db.h"
#include "common/settings/settings.h"
#include "tools/muster/command.h"
#include "tools/muster/run/admin_client.h"
#include "tools/muster/run/readiness.h"
#include "tools/muster/run/state.h"

#include <jansson.h>
#include <string.h>
#include <time.h>

enum { ANSWER_MAX = 4 << 20, READING_MS = 400, WATCH_S = 2 };

enum { RATES = 2 };

/* The two counters whose rates tell how a kind of service does; all label sets of a name are added up. */
static const struct {
    const char *kind;
    struct {
        const char *metric, *word;
    } rates[RATES];
} counters[] = {
    {"gateway",
     {{"muster_gateway_requests_total", "requests"}, {"muster_gateway_deliveries_total{verdict=\"ack\"}", "finished"}}},
    {"parser", {{"muster_parser_uploads_total", "parsed"}, {"muster_parser_rejected_total", "rejected"}}},
    {"writer", {{"muster_writer_uploads_total", "uploads"}, {"muster_writer_statements_total", "statements"}}},
};

struct seen {
    const struct state_service *service;
    struct admin_client *client; /* NULL: the database, or memory is out */
    json_t *status;              /* what /status said; NULL: it did not answer */
    bool ready;
    double rates[RATES]; /* per second, as `counters` has them; negative: not known */
};

struct screen {
    const struct folder *folder;
    const struct state *state;
    struct seen *seen;
    size_t count;
    struct buffer body;
};

/* ---- asking ---- */

static json_t *ask(struct screen *s, struct seen *one)
{
    long code = 0;
    if (!one->client || admin_client_get(one->client, "/status", &s->body, &code) != ST_OK)
        return NULL;
    return json_loadb(s->body.data, s->body.len, 0, NULL);
}

static bool database_answers(const char *url)
{
    struct db_target target;
    struct reason why;
    AUTO(db_close) struct db *db = NULL;
    if (db_target_parse(url, &target, &why) != ST_OK)
        return false;
    target.connect_s = 1;
    return db_open(&target, &db, &why) == ST_OK;
}

static void look(struct screen *s)
{
    for (size_t i = 0; i < s->count; i++) {
        struct seen *one = &s->seen[i];
        json_decref(one->status);
        one->status = ask(s, one);
        one->ready = *one->service->admin ? json_is_true(json_object_get(one->status, "ready"))
                                          : one->service->pid && database_answers(s->state->database);
    }
}

static bool all_ready(const struct screen *s)
{
    bool ready = s->state->ready;
    for (size_t i = 0; i < s->count; i++)
        ready = ready && s->seen[i].ready;
    return ready;
}

/* ---- rates ---- */

/* Sum of the lines of a metric in /metrics; -1 when there is none. */
static double metric_value(const char *text, const char *name)
{
    size_t len = strlen(name);
    double sum = -1;
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        const char *value = strncmp(line, name, len) == 0 ? line + len : "";
        if (*value == '{')
            value = strstr(value, "} ") ? strstr(value, "} ") + 1 : "";
        if (*value == ' ')
            sum = (sum < 0 ? 0 : sum) + strtod(value, NULL);
    }
    return sum;
}

static void read_counters(struct screen *s, struct seen *one, double values[static RATES])
{
    long code = 0;
    bool answered = one->client && admin_client_get(one->client, "/metrics", &s->body, &code) == ST_OK;
    for (size_t r = 0; r < RATES; r++)
        values[r] = -1;
    for (size_t i = 0; i < COUNT(counters) && answered; i++)
        for (size_t r = 0; r < RATES && strcmp(one->service->kind, counters[i].kind) == 0; r++)
            values[r] = metric_value(s->body.data, counters[i].rates[r].metric);
}

/* Two readings a moment apart. */
static void measure(struct screen *s)
{
    static const struct timespec pause = {0, READING_MS * 1000000L};
    int64_t begin = clock_steady_ms();
    for (size_t i = 0; i < s->count; i++)
        read_counters(s, &s->seen[i], s->seen[i].rates);
    nanosleep(&pause, NULL);
    double seconds = (double)(clock_steady_ms() - begin) / 1000;
    for (size_t i = 0; i < s->count; i++) {
        double after[RATES], *rates = s->seen[i].rates;
        read_counters(s, &s->seen[i], after);
        for (size_t r = 0; r < RATES; r++)
            rates[r] = rates[r] < 0 || after[r] < rates[r] ? -1 : (after[r] - rates[r]) / seconds;
    }
}

/* ---- one screen ---- */

static void print_rates(const struct seen *one)
{
    for (size_t i = 0; i < COUNT(counters); i++)
        for (size_t r = 0; r < RATES && strcmp(one->service->kind, counters[i].kind) == 0; r++)
            if (one->rates[r] >= 0)
                printf("  %.1f %s/s", one->rates[r], counters[i].rates[r].word);
    printf("\n");
}

static void age_text(double seconds, char *out, size_t room)
{
    static const struct {
        double seconds;
        const char *unit;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;
    while (i + 1 < COUNT(units) && seconds < units[i].seconds)
        i++;
    snprintf(out, room, "%.0f %s", seconds / units[i].seconds, units[i].unit);
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static void print_spool(const json_t *spool)
{
    char age[32];
    if (!spool)
        return;
    age_text(number(spool, "oldest_s"), age, sizeof age);
    printf("           spool: %.0f uploads (%.0f given out), %.1f MiB, oldest %s, quarantined %.0f%s\n",
           number(spool, "pending"), number(spool, "in_flight"), number(spool, "bytes") / (1 << 20), age,
           number(spool, "quarantined"),
           json_is_false(json_object_get(spool, "healthy")) ? ", NOT HEALTHY: it takes no uploads" : "");
}

static void print_not_ready(const struct seen *one)
{
    const char *name;
    json_t *holds;
    if (one->service->pid == 0)
        printf("           not running: it is started again (log: %s)\n", one->service->log);
    else if (*one->service->admin && !one->status)
        printf("           does not answer (log: %s)\n", one->service->log);
    json_object_foreach(json_object_get(one->status, "conditions"), name, holds) if (!json_is_true(holds))
        printf("           waits for: %s\n", name);
}

/* common/admin: null, or when, a word and a sentence. */
static void print_last_error(const json_t *error)
{
    const char *time = json_string_value(json_object_get(error, "time"));
    const char *text = json_string_value(json_object_get(error, "text"));
    if (text)
        printf("           last error: %s (%s)\n", text, time ? time : "");
}

static void print_service(const struct seen *one)
{
    char up[32] = "-";
    if (one->status)
        age_text(number(one->status, "uptime_s"), up, sizeof up);
    printf("%-10s %-6s %8ld %8s", one->service->name, one->ready ? "yes" : "NO", one->service->pid, up);
    print_rates(one);
    if (!one->ready)
        print_not_ready(one);
    print_spool(json_object_get(one->status, "spool"));
    print_last_error(json_object_get(one->status, "last_error"));
}

static void print_screen(const struct screen *s)
{
    printf("Muster on %s, process %ld: %s\n\n", s->folder->data, s->state->pid, all_ready(s) ? "ready" : "NOT READY");
    printf("%-10s %-6s %8s %8s  %s\n", "SERVICE", "READY", "PROCESS", "UP", "NOW");
    for (size_t i = 0; i < s->count; i++)
        print_service(&s->seen[i]);
    printf("\n");
    for (size_t i = 0; i < s->count; i++)
        if (*s->seen[i].service->http)
            printf("%-10s http://%s/ocsinventory  https://%s/ocsinventory\n", s->seen[i].service->name,
                   s->seen[i].service->http, s->seen[i].service->https);
    fflush(stdout);
}

/* ---- for programs ---- */

static json_t *service_json(const struct seen *one)
{
    json_t *json = json_pack("{s:s, s:s, s:I, s:b, s:s, s:s}", "name", one->service->name, "service",
                             one->service->kind, "pid", (json_int_t)one->service->pid, "ready", one->ready, "admin",
                             one->service->admin, "log", one->service->log);
    if (one->status)
        json_object_update_missing(json, one->status);
    return json;
}

static void print_json(const struct screen *s)
{
    json_t *services = json_array();
    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(services, service_json(&s->seen[i]));
    json_t *json = json_pack("{s:s, s:I, s:b, s:o}", "data", s->folder->data, "pid", (json_int_t)s->state->pid, "ready",
                             all_ready(s), "services", services);
    json_dumpf(json, stdout, JSON_INDENT(2));
    printf("\n");
    json_decref(json);
}

static status open_screen(struct screen *s)
{
    s->seen = calloc(s->state->count + 1, sizeof *s->seen);
    if (!s->seen)
        return ST_NO_MEMORY;
    for (; s->count < s->state->count; s->count++) {
        struct seen *one = &s->seen[s->count];
        one->service = &s->state->services[s->count];
        if (*one->service->admin)
            one->client = admin_client_new(one->service->admin);
    }
    return ST_OK;
}

static void close_screen(struct screen *s)
{
    for (size_t i = 0; i < s->count; i++) {
        json_decref(s->seen[i].status);
        admin_client_free(s->seen[i].client);
    }
    free(s->seen);
    buffer_clear(&s->body);
}

/* One look; the state is read anew each time, because a restarted service has a new process. */
static int show(const struct options *options, const struct folder *folder)
{
    struct reason why = {.text = "out of memory"};
    AUTO(state_free) struct state *state = NULL;
    if (state_read(folder, &state, &why) != ST_OK)
        return complain(&why), EXIT_NOT_RUNNING;
    struct screen s = {.folder = folder, .state = state, .body = BUFFER_INIT(ANSWER_MAX)};
    if (open_screen(&s) != ST_OK)
        return complain(&why), EXIT_FAILED;
    if (!options->json)
        measure(&s);
    look(&s);
    if (options->watch && isatty(STDOUT_FILENO))
        printf("\033[H\033[2J");
    if (options->json)
        print_json(&s);
    else
        print_screen(&s);
    bool ready = all_ready(&s);
    close_screen(&s);
    return ready ? EXIT_CLEAN : EXIT_FAILED;
}

int command_status(const struct options *options)
{
    struct folder folder;
    struct reason why;
    if (folder_find(options->data, &folder, &why) != ST_OK)
        return complain(&why), EXIT_NOT_RUNNING;
    db_library_init();
    int exit_status = show(options, &folder);
    while (options->watch && exit_status != EXIT_NOT_RUNNING) {
        sleep(WATCH_S);
        exit_status = show(options, &folder);
    }
    return exit_status;
}
