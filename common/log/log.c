#include "common/log/log.h"

#include "common/base/clock.h"
#include "common/log/kept.h"
#include "common/log/line.h"
#include "common/metrics/metrics.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/* The log is one of the two things in a process that are global (the other: metrics). */
#define LOG_METRICS(X) X(dropped, "muster_log_dropped_total", METRIC_COUNTER, "log lines that stderr did not take")
METRICS_DECLARE(log_metrics, LOG_METRICS);
METRICS_DEFINE(log_metrics, LOG_METRICS);

static _Atomic(const char *) service = "muster";
static _Atomic bool as_json = false;
static _Atomic int lowest = LOG_INFO;
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
    return (uint64_t)metric_get(&log_metrics.dropped);
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
        metric_add(&log_metrics.dropped, 1);
    pthread_mutex_unlock(&writing);
}

/* @return false: something was left out */
static bool compose(struct line *line, enum log_level level, const char *now, const char *event,
                    const struct log_field *fields, size_t count)
{
    const struct log_field head[] = {LOG_TEXT("time", now), LOG_TEXT("level", level_names[level]),
                                     LOG_TEXT("service", atomic_load(&service)), LOG_TEXT("event", event)};
    bool fits = true;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        fits &= line_field(line, &head[i]);
    for (size_t i = 0; i < count; i++)
        fits &= line_field(line, &fields[i]);
    return fits;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    bool written = (int)level >= atomic_load_explicit(&lowest, memory_order_relaxed);
    bool kept = kept_wants(fields, count);
    if (!written && !kept)
        return;
    char now[32];
    struct line line;
    time_text(now);
    if (kept) {
        line_begin(&line, true);
        line.room = LOG_KEPT_BYTES;
        line_end(&line, !compose(&line, level, now, event, fields, count));
        kept_add(&line, fields, count);
    }
    if (written) {
        line_begin(&line, atomic_load(&as_json));
        line_end(&line, !compose(&line, level, now, event, fields, count));
        line_write(&line);
    }
}
