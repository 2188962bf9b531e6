/* bench-spool FOLDER COUNT BYTES: a spool with COUNT pending uploads of BYTES each, filled, closed and started again. With COUNT 0 only
 * started: so that the caches can be dropped before. */
#include "common/base/clock.h"
#include "services/gateway/spool/spool.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static double since(int64_t start_ms)
{
    return (double)(clock_steady_ms() - start_ms) / 1000;
}

/* Peak of the process's memory so far, in MiB. */
static long peak_mib(void)
{
    char line[256];
    long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib / 1024;
}

static bool fill(struct spool *s, long count, size_t bytes)
{
    static const struct timespec pause = {0, 100000};
    AUTO(mem_free) char *body = malloc(bytes + 1);
    if (!body)
        return false;
    memset(body, 'x', bytes);
    for (long i = 0; i < count;) {
        const struct upload_head head = {.kind = UPLOAD_INVENTORY, .device_hash = (uint64_t)i * 0x9e3779b97f4a7c15U};
        status st = spool_append(s, &head, (struct view){body, bytes}, NULL, NULL);
        if (st == ST_AGAIN)
            nanosleep(&pause, NULL);
        else if (st == ST_OK)
            i++;
        else
            return fprintf(stderr, "upload %ld: %s\n", i, status_name(st)), false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: bench-spool FOLDER COUNT BYTES\n"), 2;
    long count = strtol(argv[2], NULL, 10);
    struct reason why = {0};
    struct spool_settings set = {.folder = argv[1],
                                 .max = (int64_t)1 << 44,
                                 .segment_size = 64 << 20,
                                 .queue_max = 64 << 20,
                                 .pending_max = 20000000};
    for (int round = count > 0 ? 0 : 1; round < 2; round++) {
        AUTO(spool_close) struct spool *s = NULL;
        int64_t start_ms = clock_steady_ms();
        if (spool_open(&set, &s, &why) != ST_OK)
            return fprintf(stderr, "%s\n", why.text), 1;
        double opened = since(start_ms);
        if (round == 0 && !fill(s, count, strtoul(argv[3], NULL, 10)))
            return 1;
        spool_close(STEAL(s));
        if (round == 0)
            printf("filled: %ld uploads in %.1f s, peak %ld MiB\n", count, since(start_ms), peak_mib());
        else
            printf("started: %lld uploads in %.2f s, peak %ld MiB\n", (long long)metric_get(&spool_metrics.recovered),
                   opened, peak_mib());
    }
    return 0;
}
