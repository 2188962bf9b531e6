#include "services/parser/work.h"

#include "common/base/clock.h"
#include "common/inflate/inflate.h"
#include "common/log/log.h"
#include "common/upload/upload.h"
#include "common/xml/xml.h"
#include "services/parser/pack.h"
#include "services/parser/parser_metrics.h"

#include <pthread.h>

enum { KEEP_INFLATED = 8 << 20 };

struct worker {
    struct work_settings set;
    struct link_consumer *from;
    struct relay *to;
    struct admin *admin;
    struct inflater *inflater;
    struct document *document;
    struct record_builder *builder;
    pthread_t thread;
    bool is_running;
};

static void count_parsed(enum upload_kind kind, size_t body, size_t record, int64_t began_us)
{
    metric_add(kind == UPLOAD_INVENTORY ? &parser_metrics.inventories
               : kind == UPLOAD_CONTACT ? &parser_metrics.contacts
                                        : &parser_metrics.others,
               1);
    metric_add(&parser_metrics.body_bytes, (int64_t)body);
    metric_add(&parser_metrics.record_bytes, (int64_t)record);
    metric_add(&parser_metrics.busy_us, clock_steady_us() - began_us);
}

/* A contact is a record already, made by the gateway: it is checked and passed on, but for the id that the spool gave it. */
static status make_contact(struct worker *w, const struct upload_head *head, struct view body, struct view *out,
                           struct reason *why)
{
    AUTO(record_close) struct record *in = NULL;
    status st = record_open(body.data, body.len, w->set.record_max, &in, why);
    if (st != ST_OK)
        return st;
    struct record_head rh = *record_head(in);
    rh.id = head->id;
    record_begin(w->builder, &rh);
    for (size_t i = 0; i < record_section_count(in); i++) {
        const struct record_section_view *s = record_section_at(in, i);
        struct record_row_view row;
        record_section(w->builder, s->name, s->fields, s->field_count);
        for (const uint8_t *at = s->rows; record_next_row(s, &at, &row);)
            record_row(w->builder, row.values);
    }
    return record_finish(w->builder, false, out);
}

static struct view deviceid_of(const struct document *d)
{
    struct view at_root = document_value(d, VALUE_DEVICEID);
    return at_root.data ? at_root : document_value(d, VALUE_CONTENT_DEVICEID);
}

static void tell_repaired(const struct worker *w, const struct upload_head *head, const struct xml_repairs *repairs)
{
    char id[UPLOAD_ID_TEXT];
    log_info("text repaired", LOG_TEXT("upload", upload_id_text(head->id, id)),
             LOG_VIEW("device", deviceid_of(w->document)), LOG_VIEW("agent", head->agent), LOG_TEXT("phase", "parse"),
             LOG_TEXT("reason", "text_repaired"), LOG_NUMBER("forbidden", repairs->forbidden),
             LOG_NUMBER("bytes", repairs->bytes));
}

/* The one at the top counts, as with OCS. */
static void tell_other_inside(const struct worker *w, const struct upload_head *head)
{
    char id[UPLOAD_ID_TEXT];
    struct view at_root = document_value(w->document, VALUE_DEVICEID);
    struct view inside = document_value(w->document, VALUE_CONTENT_DEVICEID);
    if (at_root.data && inside.data && !view_equal(at_root, inside))
        log_info("another DEVICEID inside", LOG_TEXT("upload", upload_id_text(head->id, id)),
                 LOG_VIEW("device", at_root), LOG_VIEW("inside", inside), LOG_VIEW("agent", head->agent),
                 LOG_TEXT("phase", "parse"), LOG_TEXT("reason", "deviceid_inside"));
}

static status make_from_xml(struct worker *w, const struct upload_head *head, struct view body, struct view *out,
                            struct reason *why)
{
    enum inflate_coding coding;
    struct view text;
    struct xml_repairs repairs = {0};
    status st = inflater_run(w->inflater, body, &text, &coding, why);
    if (st != ST_OK)
        return st;
    st = document_read(w->document, head->kind, text, &repairs, why);
    metric_add(&parser_metrics.text_bytes, (int64_t)text.len);
    metric_add(&parser_metrics.forbidden, repairs.forbidden);
    metric_add(&parser_metrics.bytes, repairs.bytes);
    if (st != ST_OK)
        return st;
    if (repairs.forbidden || repairs.bytes)
        tell_repaired(w, head, &repairs);
    tell_other_inside(w, head);
    metric_add(&parser_metrics.unknown, document_unknown(w->document));
    metric_add(&parser_metrics.sanitized, document_sanitized(w->document));
    return pack_document(w->builder, head, w->document, w->set.lz4, out, why);
}

static status make_record(struct worker *w, const struct upload_head *head, struct view body, struct view *out,
                          struct reason *why)
{
    if (head->kind == UPLOAD_CONTACT)
        return make_contact(w, head, body, out, why);
    status st = make_from_xml(w, head, body, out, why);
    inflater_trim(w->inflater, KEEP_INFLATED);
    return st;
}

/* For the log: the DEVICEID of an upload that cannot be read, found as the gateway found it. Room for the values is in `scratch`. */
static struct view device_of_refused(struct worker *w, const struct upload_head *head, struct view body, char *scratch,
                                     size_t room)
{
    enum inflate_coding coding;
    struct view text, utf8;
    struct reason ignored;
    struct upload_envelope envelope;
    bool is_utf8;
    AUTO(buffer_clear) struct buffer memory = BUFFER_INIT(w->set.inflated_max);
    if (head->kind == UPLOAD_CONTACT || inflater_run(w->inflater, body, &text, &coding, &ignored) != ST_OK ||
        xml_to_utf8(text, &memory, &utf8, &is_utf8, &ignored) != ST_OK ||
        upload_envelope_read(utf8.data, utf8.len, scratch, room, &envelope, &ignored) != ST_OK ||
        !upload_deviceid_is_valid(envelope.deviceid) || envelope.deviceid.len >= room)
        return VIEW_ABSENT;
    memmove(scratch, envelope.deviceid.data, envelope.deviceid.len); /* `memory` goes */
    return (struct view){scratch, envelope.deviceid.len};
}

static void tell_refused(struct worker *w, const struct link_delivery *d, const struct reason *why)
{
    enum { SCRATCH = 64 << 10 };
    char id[UPLOAD_ID_TEXT];
    struct upload_head head = {0};
    struct view body, device = VIEW_ABSENT;
    AUTO(mem_free) char *scratch = malloc(SCRATCH);
    if (scratch && upload_head_decode(d->body, d->len, &head, &body) == ST_OK)
        device = device_of_refused(w, &head, body, scratch, SCRATCH);
    log_warning("upload refused", LOG_TEXT("upload", upload_id_text(d->id, id)), LOG_VIEW("device", device),
                LOG_VIEW("agent", head.agent), LOG_TEXT("phase", "parse"), LOG_TEXT("kind", upload_kind_name(d->kind)),
                LOG_REASON(why));
}

/* What memory could not take, or a record of another version's, may work later or elsewhere; everything else will never work. */
static void refuse(struct worker *w, struct link_delivery *d, status st, const struct reason *why)
{
    tell_refused(w, d, why);
    if (st == ST_NO_MEMORY || st == ST_REFUSED) {
        link_consumer_answer(w->from, d, LINK_RETRY, why);
        return;
    }
    metric_add(&parser_metrics.rejected, 1);
    admin_last_error(w->admin, why);
    link_consumer_answer(w->from, d, LINK_REJECT, why);
}

static void handle(struct worker *w, struct link_delivery *d)
{
    struct upload_head head;
    struct view body, record;
    struct reason why = {"memory", "out of memory"};
    int64_t began_us = clock_steady_us();
    status st = upload_head_decode(d->body, d->len, &head, &body);
    if (st != ST_OK)
        reason_set(&why, "upload_head", "its head cannot be read");
    else
        st = make_record(w, &head, body, &record, &why);
    if (st != ST_OK) {
        refuse(w, d, st, &why);
        return;
    }
    count_parsed(head.kind, body.len, record.len, began_us);
    relay_offer(w->to, d, record);
}

static struct link_delivery *next(struct worker *w)
{
    relay_wait_room(w->to);
    return link_consumer_take(w->from, -1);
}

static void *run(void *ctx)
{
    struct worker *w = ctx;
    for (struct link_delivery *d; (d = next(w));)
        handle(w, d);
    return NULL;
}

status worker_start(const struct work_settings *set, struct link_consumer *from, struct relay *to, struct admin *admin,
                    struct worker **out)
{
    AUTO(worker_join) struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return ST_NO_MEMORY;
    *w = (struct worker){.set = *set, .from = from, .to = to, .admin = admin};
    w->inflater = inflater_new(set->inflated_max, set->ratio_max);
    w->document = document_new(&set->document);
    w->builder = record_builder_new(set->record_max);
    if (!w->inflater || !w->document || !w->builder)
        return ST_NO_MEMORY;
    if (pthread_create(&w->thread, NULL, run, w) != 0)
        return ST_IO;
    w->is_running = true;
    *out = STEAL(w);
    return ST_OK;
}

void worker_join(struct worker *w)
{
    if (!w)
        return;
    if (w->is_running)
        pthread_join(w->thread, NULL);
    record_builder_destroy(w->builder);
    document_destroy(w->document);
    inflater_destroy(w->inflater);
    free(w);
}
