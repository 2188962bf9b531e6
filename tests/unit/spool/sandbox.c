#include "sandbox.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

void sandbox_start(struct sandbox *b)
{
    *b = (struct sandbox){.set = {.max = 16 * SANDBOX_SEGMENT,
                                  .segment_size = SANDBOX_SEGMENT,
                                  .queue_max = 1 << 20,
                                  .gateway_id = 7,
                                  .attempts_max = 3,
                                  .suspect_ms = 100}};
    snprintf(b->folder, sizeof b->folder, "/tmp/muster-test-spool-XXXXXX");
    cr_assert_not_null(mkdtemp(b->folder));
    sandbox_open(b);
}

void sandbox_open_with(struct sandbox *b, const struct spool_calls *calls)
{
    struct reason why = {0};
    b->set.folder = b->folder;
    status st = spool_open_with(&b->set, calls, &b->spool, &why);
    cr_assert_eq(st, ST_OK, "%s: %s", status_name(st), why.text);
}

void sandbox_open(struct sandbox *b)
{
    sandbox_open_with(b, &spool_calls_real);
}

void sandbox_close(struct sandbox *b)
{
    spool_close(b->spool);
    b->spool = NULL;
}

void sandbox_restart(struct sandbox *b)
{
    sandbox_close(b);
    sandbox_open(b);
}

static DIR *open_sub(const struct sandbox *b, const char *sub, char path[128])
{
    snprintf(path, 128, "%s/%s", b->folder, sub);
    return opendir(path);
}

void sandbox_empty(const struct sandbox *b, const char *sub)
{
    char path[128], file[512];
    DIR *dir = open_sub(b, sub, path);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        unlink(file);
    }
    if (dir)
        closedir(dir);
}

static void remove_all(const struct sandbox *b, const char *sub)
{
    char path[128];
    sandbox_empty(b, sub);
    snprintf(path, sizeof path, "%s/%s", b->folder, sub);
    rmdir(path);
}

void sandbox_end(struct sandbox *b)
{
    sandbox_close(b);
    remove_all(b, "segments");
    remove_all(b, "quarantine");
    remove_all(b, "");
}

struct outcome {
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool is_told;
    status st;
    struct upload_id id;
};

static void tell(void *ctx, status st, struct upload_id id)
{
    struct outcome *o = ctx;
    pthread_mutex_lock(&o->lock);
    o->is_told = true;
    o->st = st;
    o->id = id;
    pthread_cond_signal(&o->told);
    pthread_mutex_unlock(&o->lock);
}

status sandbox_append_kind(struct sandbox *b, enum upload_kind kind, uint64_t device, char fill, size_t len,
                           struct upload_id *id)
{
    struct outcome o = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};
    const struct upload_head head = {.kind = kind, .device_hash = device, .agent = VIEW_LITERAL("agent")};
    AUTO(mem_free) char *body = malloc(len + 1);
    memset(body, fill, len + 1);
    status st = spool_append(b->spool, &head, (struct view){body, len}, tell, &o);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&o.lock);
    while (!o.is_told)
        pthread_cond_wait(&o.told, &o.lock);
    pthread_mutex_unlock(&o.lock);
    if (id)
        *id = o.id;
    return o.st;
}

status sandbox_append(struct sandbox *b, uint64_t device, char fill, size_t len, struct upload_id *id)
{
    return sandbox_append_kind(b, UPLOAD_INVENTORY, device, fill, len, id);
}

int sandbox_next(struct sandbox *b, struct upload_id *id)
{
    struct link_message m;
    if (!spool_next(b->spool, ALL_KINDS, &m))
        return -1;
    struct upload_head head;
    struct view body;
    cr_assert_eq(upload_head_decode(m.body, m.len, &head, &body), ST_OK);
    cr_assert(head.id.hi == m.id.hi && head.id.lo == m.id.lo);
    int first = body.len ? (unsigned char)body.data[0] : 0;
    for (size_t i = 0; i < body.len; i++)
        cr_assert_eq((unsigned char)body.data[i], first);
    m.release(m.body);
    if (id)
        *id = m.id;
    return first;
}

void sandbox_ack(struct sandbox *b, struct upload_id id)
{
    spool_verdict(b->spool, id, LINK_ACK, NULL);
}

const char *sandbox_drain(struct sandbox *b)
{
    static char order[4096];
    size_t n = 0;
    struct upload_id id;
    for (int first; n < sizeof order - 1 && (first = sandbox_next(b, &id)) >= 0;) {
        order[n++] = (char)first;
        sandbox_ack(b, id);
    }
    order[n] = '\0';
    return order;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_segment(const struct dirent *e)
{
    return strstr(e->d_name, ".seg") != NULL;
}

void sandbox_segment(const struct sandbox *b, int which, char path[128])
{
    struct dirent **list;
    char folder[100];
    snprintf(folder, sizeof folder, "%s/segments", b->folder);
    int n = scandir(folder, &list, is_segment, by_name);
    cr_assert_gt(n, which);
    snprintf(path, 128, "%.90s/%.32s", folder, list[which]->d_name);
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

int sandbox_count_files(const struct sandbox *b, const char *sub, const char *suffix)
{
    char path[128];
    int n = 0;
    DIR *dir = open_sub(b, sub, path);
    for (const struct dirent *e; dir && (e = readdir(dir));) {
        size_t len = strlen(e->d_name), tail = strlen(suffix);
        n += len > tail && strcmp(e->d_name + len - tail, suffix) == 0;
    }
    if (dir)
        closedir(dir);
    return n;
}
