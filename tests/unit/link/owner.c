#include "owner.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool next(void *ctx, unsigned kinds, struct link_message *out)
{
    struct owner *o = ctx;
    bool is_found = false;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 1; i <= o->count && !is_found && (kinds & UPLOAD_MASK(UPLOAD_INVENTORY)); i++) {
        if (o->states[i] != OWNER_READY)
            continue;
        o->states[i] = OWNER_OUT;
        *out = (struct link_message){.id = {i, i * 2},
                                     .kind = UPLOAD_INVENTORY,
                                     .attempt = o->attempts[i]++,
                                     .is_suspect = o->is_suspect,
                                     .body = calloc(1, o->body_len + 1),
                                     .len = o->body_len,
                                     .release = free};
        memset(out->body, (int)i, o->body_len);
        is_found = true;
    }
    pthread_mutex_unlock(&o->lock);
    return is_found;
}

static void verdict(void *ctx, struct upload_id id, enum link_verdict v, const struct reason *why)
{
    struct owner *o = ctx;
    pthread_mutex_lock(&o->lock);
    o->verdicts[v]++;
    if (v == LINK_ACK)
        o->states[id.hi] = OWNER_DONE;
    else if (v == LINK_REJECT)
        o->states[id.hi] = OWNER_REJECTED;
    else
        o->states[id.hi] = o->takes_back ? OWNER_READY : OWNER_DONE;
    if (why)
        o->last_why = *why;
    pthread_mutex_unlock(&o->lock);
}

void owner_init(struct owner *o, size_t count, size_t body_len)
{
    *o = (struct owner){.count = count, .body_len = body_len, .takes_back = true};
    pthread_mutex_init(&o->lock, NULL);
    o->link = (struct link_owner){o, next, verdict};
}

void owner_add(struct owner *o)
{
    pthread_mutex_lock(&o->lock);
    o->count++;
    pthread_mutex_unlock(&o->lock);
}

size_t owner_verdicts(struct owner *o, enum link_verdict v)
{
    pthread_mutex_lock(&o->lock);
    size_t n = o->verdicts[v];
    pthread_mutex_unlock(&o->lock);
    return n;
}

size_t owner_out(struct owner *o)
{
    size_t n = 0;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 1; i <= o->count; i++)
        n += o->states[i] == OWNER_OUT;
    pthread_mutex_unlock(&o->lock);
    return n;
}

enum { ADDRESS_ROOM = 128 };

struct peer peer_new(void (*run)(const char *address, void *ctx), void *ctx)
{
    int ends[2];
    char address[ADDRESS_ROOM];
    cr_assert_eq(pipe(ends), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        close(ends[1]);
        if (read(ends[0], address, sizeof address) == (ssize_t)sizeof address)
            run(address, ctx);
        _exit(0);
    }
    close(ends[0]);
    return (struct peer){pid, ends[1]};
}

void peer_begin(const struct peer *p, const char *address)
{
    char room[ADDRESS_ROOM] = {0};
    snprintf(room, sizeof room, "%s", address);
    cr_assert_eq(write(p->address, room, sizeof room), (ssize_t)sizeof room);
}

int peer_end(struct peer *p)
{
    int end = 0;
    close(p->address);
    cr_assert_eq(waitpid(p->pid, &end, 0), p->pid);
    return end;
}
