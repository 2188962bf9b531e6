#include "tools/muster/why/events.h"

#include "common/base/buffer.h"
#include "tools/muster/run/admin_client.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
    ANSWER_MAX = 4 << 20,
    TAIL_MAX = 16 << 20, /* of a log file: its end */
    UPLOADS_MAX = 64,    /* whose lines are looked for */
};

static const char *text_of(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "";
}

/* ---- from a running service ---- */

static void add_escaped(struct buffer *out, const char *text)
{
    for (; *text; text++)
        if (isalnum((unsigned char)*text) || strchr("-._~", *text))
            buffer_char(out, *text);
        else
            buffer_format(out, "%%%02X", (unsigned char)*text);
}

static void append_all(json_t *events, json_t *found, const char *by)
{
    size_t i;
    json_t *event;
    json_array_foreach(found, i, event)
    {
        json_object_set_new(event, "by", json_string(by));
        json_array_append(events, event);
    }
}

json_t *events_ask(const struct state_service *service, const char *deviceid, const char *from, json_t *events)
{
    AUTO(buffer_clear) struct buffer path = BUFFER_INIT(4096), body = BUFFER_INIT(ANSWER_MAX);
    AUTO(admin_client_free) struct admin_client *client = admin_client_new(service->admin);
    long code = 0;
    buffer_text(&path, "/events?device=");
    add_escaped(&path, deviceid);
    buffer_text(&path, "&from=");
    add_escaped(&path, from);
    buffer_char(&path, '\0');
    if (!client || buffer_status(&path) != ST_OK || admin_client_get(client, path.data, &body, &code) != ST_OK ||
        code != 200)
        return NULL;
    json_t *said = json_loadb(body.data, body.len, 0, NULL);
    append_all(events, json_object_get(said, "events"), service->name);
    json_object_del(said, "events");
    return said;
}

/* ---- from files ---- */

/* A quoted value is a JSON text. */
static size_t quoted_length(const char *at, size_t left)
{
    for (size_t i = 1; i < left; i++) {
        if (at[i] == '\\')
            i++;
        else if (at[i] == '"')
            return i + 1;
    }
    return 0;
}

static json_t *parse_logfmt(const char *line, size_t len)
{
    json_t *event = json_object();
    for (const char *end = line + len; line < end;) {
        const char *equals = memchr(line, '=', (size_t)(end - line));
        if (!equals)
            break;
        const char *value = equals + 1;
        bool quoted = value < end && *value == '"';
        const char *blank = memchr(value, ' ', (size_t)(end - value));
        size_t value_len =
            quoted ? quoted_length(value, (size_t)(end - value)) : (size_t)((blank ? blank : end) - value);
        if (quoted && value_len == 0)
            break;
        json_t *text = quoted ? json_loadb(value, value_len, JSON_DECODE_ANY, NULL) : json_stringn(value, value_len);
        char key[64];
        snprintf(key, sizeof key, "%.*s", (int)(equals - line), line);
        if (text)
            json_object_set_new(event, key, text);
        line = value + value_len + 1;
    }
    return event;
}

json_t *events_parse_line(const char *line, size_t len)
{
    json_t *event = len > 0 && *line == '{' ? json_loadb(line, len, 0, NULL) : parse_logfmt(line, len);
    if (*text_of(event, "time") && *text_of(event, "event"))
        return event;
    json_decref(event);
    return NULL;
}

/* What is asked for in the files: the device and uploads of it. */
struct wanted {
    const char *deviceid;
    const char *uploads[UPLOADS_MAX];
    size_t upload_count;
};

static bool has_text(const char *line, size_t len, const char *text)
{
    return memmem(line, len, text, strlen(text)) != NULL;
}

/* The line is searched before it is taken apart: most are about others. */
static bool is_wanted(const struct wanted *w, const char *line, size_t len)
{
    bool found = has_text(line, len, w->deviceid);
    for (size_t i = 0; i < w->upload_count && !found; i++)
        found = has_text(line, len, w->uploads[i]);
    return found;
}

static bool is_about(const struct wanted *w, const json_t *event)
{
    bool about = strcasecmp(text_of(event, "device"), w->deviceid) == 0;
    for (size_t i = 0; i < w->upload_count && !about; i++)
        about = !*text_of(event, "device") && strcmp(text_of(event, "upload"), w->uploads[i]) == 0;
    return about;
}

static void take_lines(const struct wanted *w, const char *text, size_t len, const char *by, json_t *events)
{
    for (const char *end = text + len; text < end;) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line_len = (size_t)((newline ? newline : end) - text);
        json_t *event = is_wanted(w, text, line_len) ? events_parse_line(text, line_len) : NULL;
        if (event && is_about(w, event)) {
            json_object_set_new(event, "by", json_string(by));
            json_array_append(events, event);
        }
        json_decref(event);
        text += line_len + 1;
    }
}

static void read_file(const struct wanted *w, int folder, const char *name, json_t *events)
{
    AUTO(fd_close) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return;
    size_t room = info.st_size < TAIL_MAX ? (size_t)info.st_size : TAIL_MAX;
    AUTO(mem_free) char *text = malloc(room + 1);
    ssize_t len = text ? pread(fd, text, room, info.st_size - (off_t)room) : -1;
    char by[64];
    snprintf(by, sizeof by, "%.*s", (int)strcspn(name, "."), name);
    if (len > 0)
        take_lines(w, text, (size_t)len, by, events);
}

static void read_files(const struct wanted *w, const char *path, json_t *events)
{
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strstr(entry->d_name, ".log"))
            read_file(w, dirfd(dir), entry->d_name, events);
    if (dir)
        closedir(dir);
}

static void want_upload(struct wanted *w, const char *upload)
{
    for (size_t i = 0; i < w->upload_count; i++)
        if (strcmp(w->uploads[i], upload) == 0)
            return;
    if (*upload && w->upload_count < UPLOADS_MAX)
        w->uploads[w->upload_count++] = upload;
}

void events_read_logs(const struct folder *folder, const char *deviceid, json_t *events)
{
    struct wanted w = {.deviceid = deviceid};
    char path[FOLDER_PATH_MAX];
    folder_path(folder, "log", path);
    json_t *mine = json_array();
    read_files(&w, path, mine);
    json_array_extend(events, mine);
    for (size_t i = json_array_size(events); i-- > 0;) /* the newest of each source are last */
        want_upload(&w, text_of(json_array_get(events, i), "upload"));
    read_files(&w, path, events);
    json_decref(mine);
}

/* ---- in order ---- */

struct item {
    json_t *event;
    size_t at; /* of one process: in the order in which it spoke */
};

static int compare_texts(const struct item *a, const struct item *b)
{
    static const char *const keys[] = {"time", "by", "event", "upload", "reason"};
    int order = 0;
    for (size_t i = 0; i < COUNT(keys) && order == 0; i++)
        order = strcmp(text_of(a->event, keys[i]), text_of(b->event, keys[i]));
    return order;
}

static int by_texts(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = compare_texts(x, y);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

static int by_time(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = strcmp(text_of(x->event, "time"), text_of(y->event, "time"));
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

json_t *events_finish(json_t *events)
{
    size_t count = json_array_size(events), kept = 0;
    json_t *out = json_array();
    AUTO(mem_free) struct item *list = calloc(count + 1, sizeof *list);
    if (!list)
        return out;
    for (size_t i = 0; i < count; i++)
        list[i] = (struct item){json_array_get(events, i), i};
    qsort(list, count, sizeof *list, by_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || compare_texts(&list[i], &list[kept - 1]) != 0)
            list[kept++] = list[i];
    qsort(list, kept, sizeof *list, by_time);
    for (size_t i = kept > EVENTS_MAX ? kept - EVENTS_MAX : 0; i < kept; i++)
        json_array_append(out, list[i].event);
    return out;
}
