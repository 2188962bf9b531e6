#include "common/signals/signals.h"

#include "common/base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FOREVER_MS = 3600000 }; /* for ever is one hour after another */

static sigset_t set_of(const int *numbers, size_t count)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        sigaddset(&set, numbers[i]);
    return set;
}

static sigset_t waited_for(void)
{
    return set_of((const int[]){SIGTERM, SIGINT, SIGHUP}, 3);
}

static sigset_t ending(void)
{
    return set_of((const int[]){SIGTERM, SIGINT}, 2);
}

void signals_block(void)
{
    sigset_t set = waited_for();
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int signals_wait(int timeout_ms)
{
    sigset_t set = waited_for();
    int64_t end = clock_steady_ms() + timeout_ms;
    for (;;) {
        int64_t left = timeout_ms < 0 ? FOREVER_MS : end - clock_steady_ms();
        if (left < 0)
            left = 0;
        struct timespec wait = {.tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000};
        int got = sigtimedwait(&set, NULL, &wait);
        if (got > 0)
            return got;
        /* EINTR: a debugger, or SIGSTOP and SIGCONT. */
        if (errno == EAGAIN && timeout_ms >= 0)
            return 0;
    }
}

static void *end_at_once(void *exit_code)
{
    sigset_t set = ending();
    int got;
    while (sigwait(&set, &got) != 0)
        continue;
    _exit(*(const int *)exit_code);
}

void signals_second_ends(int exit_code)
{
    static int code; /* outlives this call, as the thread does */
    code = exit_code;
    pthread_t thread;
    if (pthread_create(&thread, NULL, end_at_once, &code) == 0) {
        pthread_detach(thread);
        return;
    }
    /* No thread to be had: let the signal itself end the process. */
    sigset_t set = ending();
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
