#include "common/link/resolver.h"

#include "common/base/clock.h"
#include "common/link/wire.h"
#include "common/log/log.h"

#include <pthread.h>
#include <time.h>

/* Shared by its owner and the thread; freed by whichever lets go last. */
struct resolver {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int users;
    bool is_ending;
    bool has_news;
    struct resolved news;
    struct wake wake;
    size_t count;
    struct address names[ADDRESS_LIST_MAX];
};

static void let_go(struct resolver *r)
{
    pthread_mutex_lock(&r->lock);
    bool is_last = --r->users == 0;
    pthread_mutex_unlock(&r->lock);
    if (!is_last)
        return;
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->ended);
    wake_clear(&r->wake);
    free(r->news.texts);
    free(r);
}

/* All names into `out`; false when one is not found (said once per failure, not every five seconds). */
static bool resolve_all(const struct resolver *r, struct resolved *out, bool *was_found)
{
    bool is_found = true;
    out->count = 0;
    for (size_t i = 0; i < r->count && is_found; i++) {
        int n = address_expand(&r->names[i], out->texts + out->count, RESOLVER_ADDRESSES_MAX - out->count);
        if (n >= 0)
            out->count += (size_t)n;
        else if (*was_found)
            log_warning("name not found", LOG_TEXT("address", r->names[i].text));
        is_found = n >= 0;
    }
    *was_found = is_found;
    return is_found;
}

static void publish(struct resolver *r, struct resolved *found)
{
    pthread_mutex_lock(&r->lock);
    struct resolved old = r->news;
    r->news = *found;
    r->has_news = true;
    pthread_mutex_unlock(&r->lock);
    *found = old;
    wake_up(&r->wake);
}

/* @return false when the owner has let go */
static bool pause_between(struct resolver *r)
{
    const struct timespec until = clock_after(RESOLVER_PAUSE_MS);
    pthread_mutex_lock(&r->lock);
    while (!r->is_ending && pthread_cond_timedwait(&r->ended, &r->lock, &until) == 0)
        ;
    bool goes_on = !r->is_ending;
    pthread_mutex_unlock(&r->lock);
    return goes_on;
}

static void *run(void *arg)
{
    struct resolver *r = arg;
    bool was_found = true;
    struct resolved found = {0};
    do {
        if (!found.texts)
            found.texts = calloc(RESOLVER_ADDRESSES_MAX, sizeof *found.texts);
        if (found.texts && resolve_all(r, &found, &was_found))
            publish(r, &found);
    } while (pause_between(r));
    free(found.texts);
    let_go(r);
    return NULL;
}

static struct resolver *make(const struct address *names, size_t count)
{
    struct resolver *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    for (size_t i = 0; i < count && r->count < ADDRESS_LIST_MAX; i++)
        if (names[i].is_name)
            r->names[r->count++] = names[i];
    r->users = 1;
    pthread_mutex_init(&r->lock, NULL);
    clock_cond_init(&r->ended);
    return r;
}

status resolver_new(const struct address *names, size_t count, struct resolver **out)
{
    struct resolver *r = make(names, count);
    if (!r)
        return ST_NO_MEMORY;
    pthread_t thread;
    r->users = 2;
    if (wake_init(&r->wake) != ST_OK || pthread_create(&thread, NULL, run, r) != 0) {
        r->users = 1;
        let_go(r);
        return ST_IO;
    }
    pthread_detach(thread);
    *out = r;
    return ST_OK;
}

void resolver_destroy(struct resolver *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->is_ending = true;
    pthread_cond_signal(&r->ended);
    pthread_mutex_unlock(&r->lock);
    let_go(r);
}

int resolver_fd(const struct resolver *r)
{
    return r->wake.fd;
}

bool resolver_take(struct resolver *r, struct resolved *out)
{
    wake_take(&r->wake);
    pthread_mutex_lock(&r->lock);
    bool has_news = r->has_news;
    if (has_news)
        *out = r->news;
    if (has_news)
        r->news = (struct resolved){0};
    r->has_news = false;
    pthread_mutex_unlock(&r->lock);
    return has_news;
}
