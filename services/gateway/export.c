#include "services/gateway/export.h"

#include "common/inflate/inflate.h"
#include "common/log/log.h"
#include "common/xml/xml.h"
#include "services/gateway/gateway_metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <strings.h>

enum { RATIO_MAX = 2000, DECLARATION_ROOM = 64 };

struct order {
    struct order *next;
    char folder[OCS_CONFIG_TEXT_MAX], name[EXPORT_NAME_MAX];
    bool overwrite;
    enum { FORMAT_OCS, FORMAT_XML, FORMAT_UNKNOWN } format;
    size_t len;
    char body[];
};

struct exporter {
    size_t queue_max, inflated_max;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t ordered;
    struct order *first, **last; /* under `lock` */
    size_t waiting;              /* bytes; under `lock` */
    bool stopping;               /* under `lock` */
};

/* ---- the thread ---- */

static struct order *take(struct exporter *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->first && !e->stopping)
        pthread_cond_wait(&e->ordered, &e->lock);
    struct order *o = e->first;
    if (o) {
        e->first = o->next;
        if (!e->first)
            e->last = &e->first;
        e->waiting -= o->len;
    }
    pthread_mutex_unlock(&e->lock);
    return o;
}

static void tell(const struct order *o, status st, const struct reason *why)
{
    metric_add(st == ST_OK ? &gateway_metrics.exported : &gateway_metrics.export_failed, 1);
    if (st != ST_OK)
        log_warning("upload not exported", LOG_TEXT("folder", o->folder), LOG_TEXT("name", o->name), LOG_REASON(why));
}

/* The text as UTF-8. Who reads clear text wants its declaration: OCS takes nothing else for XML. */
static status write_text(struct exporter *e, const struct order *o, struct reason *why)
{
    AUTO(inflater_destroy) struct inflater *inflater = inflater_new(e->inflated_max, RATIO_MAX);
    AUTO(buffer_clear) struct buffer memory = BUFFER_INIT(e->inflated_max);
    struct view text;
    enum inflate_coding coding;
    bool utf8;
    reason_set(why, "no_memory", "no memory to unpack it");
    status st = inflater ? inflater_run(inflater, (struct view){o->body, o->len}, &text, &coding, why) : ST_NO_MEMORY;
    if (st == ST_OK)
        st = xml_to_utf8(text, &memory, &text, &utf8, why);
    if (st != ST_OK)
        return st;
    AUTO(buffer_clear) struct buffer whole = BUFFER_INIT(e->inflated_max + DECLARATION_ROOM);
    buffer_text(&whole, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    buffer_add(&whole, text.data, text.len);
    st = buffer_status(&whole);
    return st == ST_OK ? export_write(o->folder, o->name, o->overwrite, buffer_view(&whole), why) : st;
}

static void *run(void *ctx)
{
    struct exporter *e = ctx;
    for (struct order *o; (o = take(e)) != NULL; free(o)) {
        struct reason why = {0};
        const struct view body = {o->body, o->format == FORMAT_OCS ? o->len : 0};
        status st = o->format == FORMAT_XML ? write_text(e, o, &why)
                                            : export_write(o->folder, o->name, o->overwrite, body, &why);
        tell(o, st, &why);
    }
    return NULL;
}

/* ---- from outside ---- */

status exporter_new(size_t queue_max, size_t inflated_max, struct exporter **out)
{
    struct exporter *e = calloc(1, sizeof *e);
    if (!e)
        return ST_NO_MEMORY;
    e->queue_max = queue_max;
    e->inflated_max = inflated_max;
    e->last = &e->first;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->ordered, NULL);
    e->started = pthread_create(&e->thread, NULL, run, e) == 0;
    if (!e->started) {
        exporter_destroy(e);
        return ST_NO_MEMORY;
    }
    *out = e;
    return ST_OK;
}

void exporter_destroy(struct exporter *e)
{
    if (!e)
        return;
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_cond_signal(&e->ordered);
    pthread_mutex_unlock(&e->lock);
    if (e->started)
        pthread_join(e->thread, NULL);
    pthread_cond_destroy(&e->ordered);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

bool export_wants(const struct ocs_config *config, enum upload_kind kind)
{
    return (kind == UPLOAD_INVENTORY && config->generate_ocs_files) ||
           (kind == UPLOAD_SNMP && config->generate_ocs_files_snmp);
}

static struct order *order_new(const struct ocs_config *config, enum upload_kind kind, struct view deviceid,
                               struct view body)
{
    struct order *o = malloc(sizeof *o + body.len);
    if (!o)
        return NULL;
    *o = (struct order){.overwrite = config->ocs_files_overwrite != 0,
                        .format = strcasecmp(config->ocs_files_format, "OCS") == 0   ? FORMAT_OCS
                                  : strcasecmp(config->ocs_files_format, "XML") == 0 ? FORMAT_XML
                                                                                     : FORMAT_UNKNOWN,
                        .len = body.len};
    snprintf(o->folder, sizeof o->folder, "%s", config->ocs_files_path);
    export_name(deviceid, kind, o->name);
    memcpy(o->body, body.data, body.len);
    return o;
}

static bool put(struct exporter *e, struct order *o)
{
    pthread_mutex_lock(&e->lock);
    bool fits = e->waiting + o->len <= e->queue_max && !e->stopping;
    if (fits) {
        *e->last = o;
        e->last = &o->next;
        e->waiting += o->len;
        pthread_cond_signal(&e->ordered);
    }
    pthread_mutex_unlock(&e->lock);
    return fits;
}

void export_offer(struct exporter *e, const struct ocs_config *config, enum upload_kind kind, struct view deviceid,
                  struct view body)
{
    if (!e)
        return;
    struct order *o = order_new(config, kind, deviceid, body);
    if (o && put(e, o))
        return;
    free(o);
    metric_add(&gateway_metrics.export_failed, 1);
    log_warning("upload not exported", LOG_VIEW("device", deviceid), LOG_TEXT("reason", "too much waits for the disk"));
}
