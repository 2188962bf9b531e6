/** Log lines and metrics from several threads at once, while the log is opened again and the metrics are printed: no data
 *  race, no lost count, no torn line. */
#include "common/log/log.h"
#include "common/metrics/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 500 };

#define RACE_METRICS(X)                                                                                                \
    X(rounds, "test_race_rounds_total", METRIC_COUNTER, "rounds run")                                                  \
    X(last, "test_race_last", METRIC_GAUGE, "number of the last round")

METRICS_DECLARE(race_metrics, RACE_METRICS);
METRICS_DEFINE(race_metrics, RACE_METRICS);

static void *run_rounds(void *name)
{
    for (int i = 0; i < ROUNDS; i++) {
        log_info("round", LOG_TEXT("thread", name), LOG_NUMBER("number", i), LOG_TEXT("end", "of-line"));
        metric_add(&race_metrics.rounds, 1);
        metric_set(&race_metrics.last, i);
    }
    return NULL;
}

static void *disturb(void *nothing)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(4096);
    for (int i = 0; i < ROUNDS / 10; i++) {
        log_open("race", "logfmt", i % 2 ? "info" : "debug");
        metrics_print(&text);
        buffer_reset(&text);
    }
    return nothing;
}

static int count_lines(FILE *from)
{
    char line[4097];
    int whole = 0;
    while (fgets(line, sizeof line, from)) {
        size_t len = strlen(line);
        if (strncmp(line, "time=", 5) != 0 || len < 13 || strcmp(line + len - 13, " end=of-line\n") != 0)
            return -1;
        whole++;
    }
    return whole;
}

int main(void)
{
    static char names[THREADS][2] = {"a", "b", "c", "d"};
    AUTO(fd_close) int terminal = dup(STDERR_FILENO);
    FILE *lines = tmpfile();
    if (!lines || dup2(fileno(lines), STDERR_FILENO) < 0)
        return 1;
    metrics_register(&race_metrics_table);

    pthread_t threads[THREADS + 1];
    for (int i = 0; i <= THREADS; i++)
        if (pthread_create(&threads[i], NULL, i < THREADS ? run_rounds : disturb, i < THREADS ? names[i] : NULL) != 0)
            return 1;
    for (int i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    dup2(terminal, STDERR_FILENO);

    rewind(lines);
    int whole = count_lines(lines);
    fclose(lines);
    printf("%d whole lines, %lld rounds, %llu lines dropped\n", whole, (long long)metric_get(&race_metrics.rounds),
           (unsigned long long)log_dropped());
    return whole != THREADS * ROUNDS || metric_get(&race_metrics.rounds) != THREADS * ROUNDS || log_dropped() != 0;
}
