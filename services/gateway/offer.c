#include "services/gateway/offer.h"

#include "common/log/log.h"
#include "services/gateway/gateway_metrics.h"

#include <stdatomic.h>

struct offer {
    struct spool *spool;
    struct link_producer *link;
    atomic_bool is_stopping;
};

static bool next(void *ctx, unsigned kinds, struct link_message *out)
{
    struct offer *o = ctx;
    return spool_next(o->spool, kinds, out);
}

static void verdict(void *ctx, struct upload_id id, enum link_verdict v, const struct reason *why)
{
    static metric *const counts[] = {
        [LINK_ACK] = &gateway_metrics.acked,
        [LINK_RETRY] = &gateway_metrics.retried,
        [LINK_REJECT] = &gateway_metrics.rejected,
        [LINK_LOST] = &gateway_metrics.lost,
    };
    struct offer *o = ctx;
    char text[UPLOAD_ID_TEXT];
    if (v == LINK_RETRY && why && strcmp(why->code, LINK_WHY_LOST) == 0)
        v = LINK_LOST; /* a writer died of it, perhaps */
    if (v == LINK_LOST && atomic_load(&o->is_stopping))
        v = LINK_RETRY; /* it is we who leave */
    metric_add(counts[v], 1);
    if (v == LINK_REJECT && why)
        log_warning("upload rejected", LOG_TEXT("upload", upload_id_text(id, text)), LOG_TEXT("phase", "answer"),
                    LOG_REASON(why));
    else if (v == LINK_RETRY || v == LINK_LOST)
        log_debug(v == LINK_LOST ? "upload lost by its consumer" : "upload given back",
                  LOG_TEXT("upload", upload_id_text(id, text)), LOG_TEXT("phase", "answer"),
                  LOG_TEXT("reason", why ? why->code : ""), LOG_TEXT("detail", why ? why->text : ""));
    spool_verdict(o->spool, id, v, why);
}

static void wake(void *ctx)
{
    struct offer *o = ctx;
    link_producer_wake(o->link);
}

status offer_start(struct spool *spool, const char *address, const char *key, size_t message_max, struct offer **out,
                   struct reason *why)
{
    struct offer *o = calloc(1, sizeof *o);
    if (!o) {
        reason_set(why, "no_memory", "no memory for the link");
        return ST_NO_MEMORY;
    }
    o->spool = spool;
    const struct link_settings set = {.message_max = message_max, .key = key};
    const struct link_owner owner = {.ctx = o, .next = next, .verdict = verdict};
    status st = link_producer_new(address, &set, &owner, &o->link, why);
    if (st != ST_OK) {
        free(o);
        return st;
    }
    spool_on_work(spool, wake, o);
    link_producer_wake(o->link); /* for what rested there before the start */
    *out = o;
    return ST_OK;
}

size_t offer_consumers(const struct offer *o)
{
    return link_producer_consumers(o->link);
}

void offer_stop(struct offer *o)
{
    if (!o)
        return;
    spool_on_work(o->spool, NULL, NULL);
    atomic_store(&o->is_stopping, true);
    link_producer_destroy(o->link);
    free(o);
}
