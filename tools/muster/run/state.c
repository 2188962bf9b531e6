#include "tools/muster/run/state.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { SERVICES_MAX = 128 };

static void json_drop_p(json_t **json)
{
    json_decref(*json);
}

static json_t *child_json(const struct child *c)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s}", "name", c->plan->name, "service",
                     child_kind_name(c->plan->kind), "pid", (json_int_t)c->pid, "admin",
                     c->plan->admin ? c->plan->admin : "", "http", c->http, "https", c->https, "log", c->plan->log);
}

static json_t *state_json(const struct plan *plan, const struct child *children, bool ready)
{
    json_t *services = json_array();
    for (size_t i = 0; i < plan->count; i++)
        json_array_append_new(services, child_json(&children[i]));
    return json_pack("{s:I, s:b, s:s, s:o}", "pid", (json_int_t)getpid(), "ready", ready, "database", plan->database,
                     "services", services);
}

static bool write_all(const char *path, const json_t *json)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0 && json_dumpfd(json, fd, JSON_INDENT(2)) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

status state_write(const struct folder *f, const struct plan *plan, const struct child *children, bool ready,
                   struct reason *why)
{
    char path[FOLDER_PATH_MAX], fresh[FOLDER_PATH_MAX];
    folder_path(f, "run/up.json", path);
    folder_path(f, "run/up.json.new", fresh);
    AUTO(json_drop) json_t *json = state_json(plan, children, ready);
    if (json && write_all(fresh, json) && rename(fresh, path) == 0)
        return ST_OK;
    reason_set(why, "state", "cannot write %s: %s", path, json ? strerror(errno) : "out of memory");
    return ST_IO;
}

static void copy(char *to, size_t room, const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(to, room, "%s", text ? text : "");
}

#define COPY(field, object, key) copy(field, sizeof field, object, key)

static void service_of(const json_t *json, struct state_service *out)
{
    COPY(out->name, json, "name");
    COPY(out->kind, json, "service");
    COPY(out->admin, json, "admin");
    COPY(out->http, json, "http");
    COPY(out->https, json, "https");
    COPY(out->log, json, "log");
    out->pid = (long)json_integer_value(json_object_get(json, "pid"));
}

static status state_of(const json_t *json, struct state **out)
{
    const json_t *services = json_object_get(json, "services");
    size_t count = json_array_size(services);
    if (!json_is_array(services) || count > SERVICES_MAX)
        return ST_MALFORMED;
    AUTO(state_free) struct state *s = calloc(1, sizeof *s + count * sizeof s->services[0]);
    if (!s)
        return ST_NO_MEMORY;
    s->pid = (long)json_integer_value(json_object_get(json, "pid"));
    s->ready = json_is_true(json_object_get(json, "ready"));
    COPY(s->database, json, "database");
    for (; s->count < count; s->count++)
        service_of(json_array_get(services, s->count), &s->services[s->count]);
    *out = STEAL(s);
    return ST_OK;
}

status state_read(const struct folder *f, struct state **out, struct reason *why)
{
    char path[FOLDER_PATH_MAX];
    folder_path(f, "run/up.json", path);
    if (!folder_in_use(f)) {
        reason_set(why, "not_running", "nothing runs on %s; start it with: muster up --data %s", f->data, f->data);
        return ST_NOT_FOUND;
    }
    AUTO(json_drop) json_t *json = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    status st = json ? state_of(json, out) : ST_NOT_FOUND;
    if (st == ST_NOT_FOUND)
        reason_set(why, "not_running", "%s is just being started or stopped (%s cannot be read)", f->data, path);
    else if (st != ST_OK)
        reason_set(why, "state", "%s: %s", path, status_name(st));
    return st;
}

void state_free(struct state *s)
{
    free(s);
}
