/* The life of a loop's thread: serve, drain, cut, finish. */
#include "common/http/inner.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

enum { TICK_MS = 50 };

static void on_tick(h2o_timeout_entry_t *entry)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, tick_entry, entry);
    connections_watch(loop);
    acceptors_resume(loop); /* another loop's connections may have ended */
    acceptors_press(loop);
    h2o_timeout_link(loop->context.loop, &loop->tick, entry);
}

static void prepare(struct loop *loop)
{
    loop->self = pthread_self();
    h2o_linklist_init_anchor(&loop->open);
    h2o_linklist_init_anchor(&loop->busy);
    h2o_linklist_init_anchor(&loop->turns);
    h2o_evloop_t *events = h2o_evloop_create();
    h2o_context_init(&loop->context, events, &loop->server->conf);
    h2o_multithread_register_receiver(loop->context.queue, &loop->answers, requests_on_answers);
    h2o_timeout_init(events, &loop->tick, TICK_MS);
    loop->tick_entry = (h2o_timeout_entry_t){.cb = on_tick};
    h2o_timeout_link(events, &loop->tick, &loop->tick_entry);
    acceptors_open(loop);
}

static void dispose(struct loop *loop)
{
    h2o_evloop_t *events = loop->context.loop;
    h2o_timeout_unlink(&loop->tick_entry);
    h2o_timeout_dispose(events, &loop->tick);
    h2o_multithread_unregister_receiver(loop->context.queue, &loop->answers);
    h2o_context_dispose(&loop->context);
    h2o_evloop_destroy(events);
}

static void turn(struct loop *loop)
{
    int rc = h2o_evloop_run(loop->context.loop, INT32_MAX);
    assert(rc == 0 || errno == EINTR); /* epoll has no other failure that is not a bug of ours */
    (void)rc;
}

static bool is_before(const struct loop *loop, enum stage stage)
{
    return atomic_load(&loop->server->stage) < (int)stage;
}

static void announce(struct loop *loop, unsigned *count, size_t busy)
{
    pthread_mutex_lock(&loop->server->lock);
    (*count)++;
    loop->server->busy_at_cut += busy;
    pthread_cond_broadcast(&loop->server->changed);
    pthread_mutex_unlock(&loop->server->lock);
}

static void drain(struct loop *loop)
{
    acceptors_close(loop);
    loop->is_draining = true;
    h2o_context_request_shutdown(&loop->context); /* answers say "Connection: close" from now on */
    while (is_before(loop, STAGE_CUT) && loop->count > 0)
        turn(loop);
    if (loop->count == 0)
        announce(loop, &loop->server->empty, 0);
}

void *loop_run(void *data)
{
    struct loop *loop = data;
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE); /* h2o writes to sockets whose peer may have gone */
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);

    prepare(loop);
    announce(loop, &loop->server->ready, 0);
    while (is_before(loop, STAGE_DRAIN))
        turn(loop);
    drain(loop);
    while (is_before(loop, STAGE_CUT))
        turn(loop);
    loop->is_cut = true;
    announce(loop, &loop->server->cut, connections_cut(loop));
    while (is_before(loop, STAGE_FINISH) || loop->count > 0)
        turn(loop);
    pthread_mutex_lock(&loop->server->lock); /* enter_stage() has woken everybody */
    pthread_mutex_unlock(&loop->server->lock);
    dispose(loop);
    return NULL;
}
