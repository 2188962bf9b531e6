/* Threads that append and threads that take, small segments, every verdict: what was accepted is acknowledged or in
 * quarantine at the end. */
#include "services/gateway/spool/spool.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { APPENDERS = 4, EACH = 500, TAKERS = 2 };

static struct spool *spool;
static atomic_size_t accepted, outcomes, wakes;

static void done(void *ctx, status st, struct upload_id id)
{
    (void)ctx;
    (void)id;
    atomic_fetch_add(&accepted, st == ST_OK);
    atomic_fetch_add(&outcomes, 1);
}

static void wake(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&wakes, 1);
}

static void *append(void *arg)
{
    static const char body[2000] = "body";
    size_t thread = (size_t)arg;
    for (size_t i = 0; i < EACH; i++) {
        const struct upload_head head = {.kind = i % 2 ? UPLOAD_INVENTORY : UPLOAD_CONTACT,
                                         .device_hash = i % 17 + thread};
        while (spool_append(spool, &head, (struct view){body, 100 + i % 1900}, done, NULL) != ST_OK)
            usleep(1000);
        (void)spool_inventory_pending(spool, i % 17, NULL);
    }
    return NULL;
}

static void *take(void *arg)
{
    struct reason why = {"test", "a test"};
    struct link_message m;
    for (size_t i = 0; atomic_load(&outcomes) < APPENDERS * EACH || spool_count(spool).pending > 0; i++) {
        if (!spool_next(spool, ~0u, &m)) {
            usleep(500);
            continue;
        }
        m.release(m.body);
        enum link_verdict v = i % 50 == 3 ? LINK_LOST : i % 70 == 5 ? LINK_RETRY : i % 90 == 7 ? LINK_REJECT : LINK_ACK;
        spool_verdict(spool, m.id, v, v == LINK_REJECT ? &why : NULL);
    }
    return arg;
}

static int run(const char *folder)
{
    const struct spool_settings set = {.folder = folder,
                                       .max = 1 << 20,
                                       .segment_size = 64 << 10,
                                       .queue_max = 64 << 10,
                                       .gateway_id = 1,
                                       .attempts_max = 9,
                                       .suspect_ms = 100};
    struct reason why;
    pthread_t threads[APPENDERS + TAKERS];
    if (spool_open(&set, &spool, &why) != ST_OK)
        return puts(why.text), 1;
    spool_on_work(spool, wake, NULL);
    for (size_t i = 0; i < APPENDERS; i++)
        pthread_create(&threads[i], NULL, append, (void *)i);
    for (size_t i = 0; i < TAKERS; i++)
        pthread_create(&threads[APPENDERS + i], NULL, take, NULL);
    for (size_t i = 0; i < COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    struct spool_counts c = spool_count(spool);
    spool_close(spool);
    printf("%zu accepted, %lld pending, %lld in quarantine\n", atomic_load(&accepted), (long long)c.pending,
           (long long)c.quarantined);
    return c.pending == 0 && c.in_flight == 0 && atomic_load(&wakes) > 0 ? 0 : 1;
}

int main(void)
{
    char folder[] = "/tmp/muster-tsan-spool-XXXXXX", command[128];
    if (!mkdtemp(folder))
        return 1;
    int result = run(folder);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? result : 1;
}
