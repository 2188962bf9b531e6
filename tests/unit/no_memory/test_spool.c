/* The spool: what is answered with ST_OK is given out, and what is not may be refused, whatever memory does on any of its threads. */
#include "tests/unit/no_memory/trial.h"
#include "tests/unit/spool/sandbox.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>

enum { UPLOADS = 8, BODY = 3000 };

static struct sandbox box;
static int kept; /* answered with ST_OK and not yet given out */

/* ---- appending, without memory of the test's own ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool is_told;
    status st;
} outcome = {.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER};

static void tell(void *ctx, status st, struct upload_id id)
{
    (void)ctx, (void)id;
    pthread_mutex_lock(&outcome.lock);
    outcome.is_told = true;
    outcome.st = st;
    pthread_cond_signal(&outcome.told);
    pthread_mutex_unlock(&outcome.lock);
}

static status append_once(uint64_t device)
{
    static const char body[BODY] = "body";
    const struct upload_head head = {.kind = UPLOAD_INVENTORY, .device_hash = device, .agent = VIEW_LITERAL("agent")};
    outcome.is_told = false;
    status st = spool_append(box.spool, &head, (struct view){body, sizeof body}, tell, NULL);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&outcome.lock);
    while (!outcome.is_told)
        pthread_cond_wait(&outcome.told, &outcome.lock);
    pthread_mutex_unlock(&outcome.lock);
    return outcome.st;
}

/* A segment that could not be made is made when there is memory again: that is the keeper's, and a matter of moments. */
static status append(uint64_t device)
{
    status st = append_once(device);
    if (st == ST_NO_SPACE && failing_is_on())
        return ST_NO_MEMORY;
    (void)BECOMES_TRUE(st != ST_NO_SPACE || (st = append_once(device)) != ST_NO_SPACE, PATIENCE_MS);
    return st;
}

/* Give out all that there is. @return how many; -1: memory is out */
static int give_out(struct digest *out)
{
    struct link_message m;
    int given = 0;
    for (; spool_count(box.spool).pending > 0; given++) {
        if (!spool_next(box.spool, ALL_KINDS, &m))
            return -1;
        digest_number(out, m.len);
        m.release(m.body);
        spool_verdict(box.spool, m.id, LINK_ACK, NULL);
        kept -= kept > 0;
    }
    if (kept)
        out->fault = "what was answered is lost";
    return given;
}

/* ---- the spool's life ---- */

static status begin_spool(const void *what)
{
    (void)what;
    struct reason why = {0};
    box.set.folder = box.folder;
    return spool_open(&box.set, &box.spool, &why);
}

static void end_spool(void)
{
    sandbox_close(&box);
}

/* What a run before left is taken first: all that was kept, and perhaps what was acknowledged without memory for it. */
static status run_spool(const void *what, struct digest *out)
{
    (void)what;
    struct digest before = {0};
    int given = give_out(&before);
    out->fault = before.fault;
    if (given < 0)
        return ST_NO_MEMORY;
    for (uint64_t device = 0; device < UPLOADS; device++) {
        status st = append(device);
        if (st != ST_OK)
            return st;
        kept++;
    }
    given = give_out(out);
    if (given < 0)
        return ST_NO_MEMORY;
    digest_number(out, (uint64_t)given);
    return ST_OK;
}

Test(no_memory, a_spool)
{
    static const struct trial t = {"a spool", NULL, begin_spool, run_spool, end_spool, 10, FAILING_EVERYWHERE};
    sandbox_start(&box);
    sandbox_close(&box);
    trials_run(&t, 1);
    sandbox_open(&box);
    cr_expect_eq(spool_count(box.spool).quarantined, 0, "nothing was damaged");
    sandbox_end(&box);
}
