#include "bench/site.h"

#include "bench/measure.h"
#include "tools/muster/run/admin_client.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

const char *const site_part_names[SITE_PARTS] = {"gateway", "parser", "writer", "mariadb"};

/* What it says at length is of no interest here. */
static bool run(const char *const *argv)
{
    int end = 0;
    pid_t pid = fork();
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (nowhere >= 0)
            dup2(nowhere, 1);
        child_execute(argv);
    }
    return pid > 0 && waitpid(pid, &end, 0) == pid && WIFEXITED(end) && WEXITSTATUS(end) == 0;
}

/* `muster` stands in bin/ beside the folder of this program. */
static void find_muster(struct site *s)
{
    char self[FOLDER_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    self[len < 0 ? 0 : len] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(self, '/');
        if (slash)
            *slash = '\0';
    }
    snprintf(s->muster, sizeof s->muster, "%s/bin/muster", self);
}

static status look(struct site *s, struct reason *why)
{
    struct folder folder;
    status st = folder_find(s->data, &folder, why);
    if (st == ST_OK)
        st = state_read(&folder, &s->state, why);
    if (st == ST_OK)
        st = db_target_parse(s->state->database, &s->target, why);
    if (st == ST_OK)
        st = db_open(&s->target, &s->db, why);
    for (size_t i = 0; st == ST_OK && i < s->state->count && !s->http; i++)
        if (strcmp(s->state->services[i].kind, "gateway") == 0) {
            const char *http = s->state->services[i].http, *https = s->state->services[i].https;
            s->http = strstr(http, "://") ? strstr(http, "://") + 3 : http;
            s->https = strstr(https, "://") ? strstr(https, "://") + 3 : https;
        }
    return st;
}

status site_up(struct site *s, const char *data, unsigned workers, struct reason *why)
{
    char count[16];
    *s = (struct site){0};
    find_muster(s);
    snprintf(s->data, sizeof s->data, "%s", data);
    snprintf(count, sizeof count, "%u", workers);
    const char *const argv[] = {s->muster, "up", "--detach",  "--data", s->data,     "--http", "0",
                                "--https", "0",  "--parsers", count,    "--writers", count,    NULL};
    s->up = run(argv);
    if (s->up)
        return look(s, why);
    reason_set(why, "up", "muster up --data %s did not succeed", data);
    return ST_UNAVAILABLE;
}

void site_down(struct site *s)
{
    db_close(s->db);
    state_free(s->state);
    if (s->up)
        (void)run((const char *const[]){s->muster, "down", "--data", s->data, NULL}); /* it has said what went wrong */
    *s = (struct site){0};
}

static bool is_of(const struct site *s, size_t i, enum site_part part)
{
    return strcmp(s->state->services[i].kind, site_part_names[part]) == 0;
}

double site_cpu_s(const struct site *s, enum site_part part)
{
    double sum = 0;
    for (size_t i = 0; i < s->state->count; i++)
        sum += is_of(s, i, part) ? measure_cpu_s((pid_t)s->state->services[i].pid) : 0;
    return sum;
}

double site_memory(const struct site *s, enum site_part part)
{
    double sum = 0;
    for (size_t i = 0; i < s->state->count; i++)
        sum += is_of(s, i, part) ? measure_memory((pid_t)s->state->services[i].pid) : 0;
    return sum;
}

void site_signal(const struct site *s, enum site_part part, int signal)
{
    for (size_t i = 0; i < s->state->count; i++)
        if (is_of(s, i, part) && s->state->services[i].pid > 0)
            (void)kill((pid_t)s->state->services[i].pid, signal);
}

/* Uploads that rest in a gateway's spool, as its /status says; -1: it did not answer. */
static double pending(const struct state_service *gateway)
{
    static const char key[] = "\"pending\":";
    AUTO(buffer_clear) struct buffer body = BUFFER_INIT(4 << 20);
    AUTO(admin_client_free) struct admin_client *client = admin_client_new(gateway->admin);
    long code;
    if (!client || admin_client_get(client, "/status", &body, &code) != ST_OK)
        return -1;
    const char *at = strstr(body.data, key);
    return at ? strtod(at + sizeof key - 1, NULL) : -1;
}

status site_drain(const struct site *s, double timeout_s)
{
    static const struct timespec pause = {0, 20000000}; /* each look costs the gateway a part of a millisecond */
    double left, deadline = measure_wall_s() + timeout_s;
    do {
        left = 0;
        for (size_t i = 0; i < s->state->count; i++)
            if (is_of(s, i, SITE_GATEWAY)) {
                double here = pending(&s->state->services[i]);
                left = here < 0 || left < 0 ? -1 : left + here;
            }
        if (left == 0)
            return ST_OK;
        nanosleep(&pause, NULL);
    } while (measure_wall_s() < deadline);
    return ST_UNAVAILABLE;
}

double site_number(const struct site *s, const char *sql)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    const struct view *row = db_query(s->db, sql, strlen(sql), &rows) == ST_OK && rows ? db_rows_next(rows) : NULL;
    return row && row[0].data ? strtod(row[0].data, NULL) : 0;
}
