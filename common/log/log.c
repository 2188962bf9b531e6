#include "common/log/log.h"

#include "common/base/clock.h"
#include "common/log/line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The log is one of the two things in a process that are global (the other: metrics). */
static _Atomic(const char *) service = "muster";
static _Atomic bool as_json = false;
static _Atomic int lowest = LOG_INFO;
static _Atomic uint64_t dropped;
/* Between poll() and write() no other thread may take the room that poll() saw. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

void log_open(const char *service_name, const char *format, const char *level)
{
    atomic_store(&service, service_name);
    atomic_store(&as_json, strcmp(format, "json") == 0);
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++)
        if (strcmp(level, level_names[i]) == 0)
            atomic_store(&lowest, i);
}

uint64_t log_dropped(void)
{
    return atomic_load(&dropped);
}

static void time_text(char out[static 32])
{
    int64_t now = clock_wall_us();
    time_t seconds = now / 1000000;
    struct tm t;
    gmtime_r(&seconds, &t);
    size_t len = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &t);
    snprintf(out + len, 32 - len, ".%03dZ", (int)(now / 1000 % 1000));
}

/* A pipe or a socket that says POLLOUT takes a whole line of PIPE_BUF bytes without blocking. */
static bool stderr_takes(const struct line *line)
{
    struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&ready, 1, 0) != 1 || ready.revents != POLLOUT)
        return false;
    ssize_t n;
    do
        n = write(STDERR_FILENO, line->bytes, line->len);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)line->len;
}

static void line_write(const struct line *line)
{
    pthread_mutex_lock(&writing);
    if (!stderr_takes(line))
        atomic_fetch_add(&dropped, 1);
    pthread_mutex_unlock(&writing);
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if ((int)level < atomic_load_explicit(&lowest, memory_order_relaxed))
        return;
    char now[32];
    time_text(now);
    const struct log_field head[] = {LOG_TEXT("time", now), LOG_TEXT("level", level_names[level]),
                                     LOG_TEXT("service", atomic_load(&service)), LOG_TEXT("event", event)};
    struct line line;
    bool fits = true;
    line_begin(&line, atomic_load(&as_json));
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        fits &= line_field(&line, &head[i]);
    for (size_t i = 0; i < count; i++)
        fits &= line_field(&line, &fields[i]);
    line_end(&line, !fits);
    line_write(&line);
}
