/*
 * PROLOG: a question, answered at once from the database. It writes nothing itself (but for sessions, where they are asked for): that the device was seen goes to the spool as a
 * small upload, without the agent waiting for it.
 */
#include "common/base/clock.h"
#include "common/log/log.h"
#include "common/reply/reply.h"
#include "services/gateway/admission.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/handlers.h"
#include "services/gateway/prolog/contact.h"
#include "services/gateway/prolog/facts.h"
#include "services/gateway/server.h"

enum {
    FACTS_MAX = 32 << 20, /**< settings of one device and its groups, and its packages */
    REPLY_MAX = 32 << 20, /**< registry keys, packages, SNMP types: as many as the administrator made */
    CONTACT_MAX = 4 << 20,
};

struct contact {
    struct exchange *x;
    struct arena *arena; /**< NULL until asked */
    struct prolog_facts facts;
    struct prolog_decision decision;
    struct prolog_effects effects;
    bool is_ahead; /**< the facts were read together with those of others */
    status failed; /**< not ST_OK: there is no reply */
};

/* -------------------------------------------------------------------- asking ---- */

static void write_head(const struct prolog_decision *d, struct buffer *out)
{
    char text[24];
    reply_begin(out);
    reply_element(out, 1, "RESPONSE", view_of(d->send ? "SEND" : "STOP"));
    snprintf(text, sizeof text, "%lld", (long long)d->prolog_freq);
    reply_element(out, 1, "PROLOG_FREQ", view_of(text));
    snprintf(text, sizeof text, "%lld", (long long)d->on_startup);
    reply_element(out, 1, "INVENTORY_ON_STARTUP", view_of(text));
}

/** Decide, write the reply, keep it coded in the exchange. */
static status compose(struct contact *c, struct db *db, const struct ocs_config *config)
{
    int64_t now_s = clock_wall_us() / 1000000;
    prolog_decide(&c->facts, config, now_s, &c->decision);
    if (c->decision.postponed)
        c->decision.prolog_freq = herd_spread(c->decision.prolog_freq, c->x->device_hash, now_s);
    const struct option_question q = {
        .db = c->facts.database ? db : NULL,
        .arena = c->arena,
        .facts = &c->facts,
        .config = config,
        .decision = &c->decision,
        .agent = c->x->agent,
        .https = c->x->view->https,
    };
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(REPLY_MAX);
    write_head(&c->decision, &text);
    status st = c->decision.options ? prolog_options_write(&q, &text, &c->effects) : ST_OK;
    reply_end(&text);
    return st == ST_OK ? exchange_prepare(c->x, &text) : st;
}

/** Before the database is asked: an INVENTORY that leaves the spool in between is then found there. */
static void look_in_spool(struct contact *c)
{
    int64_t received_us = 0;
    c->facts.pending = spool_inventory_pending(c->x->gateway->spool, c->x->device_hash, &received_us);
    c->facts.pending_s = received_us / 1000000;
    c->facts.lagging = herd_look(&c->x->gateway->herd, c->x->gateway->spool);
}

static status look_in_database(struct contact *c, struct db *db, const struct ocs_config *config)
{
    status st = prolog_facts_read(db, c->x->deviceid, config->enable_groups != 0, c->arena, &c->facts);
    c->facts.database = st == ST_OK;
    if (st == ST_OK || st == ST_UNAVAILABLE)
        return st;
    log_warning("cannot read what is set for a device", LOG_VIEW("device", c->x->deviceid),
                LOG_TEXT("status", status_name(st)), LOG_TEXT("database", db_error(db)));
    return ST_OK; /* answered as if the database were away */
}

/** Asked again: what a broken connection brought is dropped. @return false when memory is out */
static bool begin(struct contact *c)
{
    arena_destroy(c->arena);
    c->arena = arena_new(FACTS_MAX);
    c->facts = (struct prolog_facts){0};
    if (c->arena)
        look_in_spool(c);
    return c->arena != NULL;
}

/** The facts of several contacts in one round trip; who cannot be among them asks for itself. */
static status ask_ahead(struct db *db, void *const *ctxs, size_t count)
{
    struct contact *const *all = (struct contact *const *)ctxs;
    struct device_list devices = {.count = 0};
    struct prolog_place places[DEVICE_LIST_MAX] = {{NULL, NULL}};
    for (size_t i = 0; i < count; i++)
        if (device_list_add(&devices, all[i]->x->deviceid)) {
            if (!begin(all[i]))
                return ST_NO_MEMORY;
            places[devices.count - 1] = (struct prolog_place){all[i]->arena, &all[i]->facts};
        }
    struct ocs_config config;
    lookup_config(all[0]->x->gateway->lookup, &config);
    status st = prolog_facts_read_all(db, &devices, config.enable_groups != 0, places);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        all[i]->is_ahead = all[i]->facts.database = all[i]->arena != NULL;
    return st;
}

static status ask(struct db *db, void *ctx)
{
    struct contact *c = ctx;
    bool is_ahead = c->is_ahead && db;
    c->is_ahead = false; /* when it is asked again everything is */
    c->effects = (struct prolog_effects){0};
    if (!is_ahead && !begin(c))
        return c->failed = ST_NO_MEMORY;

    struct ocs_config config;
    lookup_config(c->x->gateway->lookup, &config);
    status st = db && !is_ahead ? look_in_database(c, db, &config) : ST_OK;
    if (st == ST_OK)
        st = compose(c, db, &config);
    if (st == ST_OK && c->facts.database && c->decision.send)
        st = session_begin(db, &config, c->x->gateway->set->ocs_sessions, c->x->deviceid);
    return c->failed = st;
}

/* ------------------------------------------------------------------ answering ---- */

static status append_contact(const struct contact *c)
{
    const struct exchange *x = c->x;
    AUTO(record_builder_destroy) struct record_builder *b = record_builder_new(CONTACT_MAX);
    if (!b)
        return ST_NO_MEMORY;
    const struct record_head head = {
        .kind = UPLOAD_CONTACT,
        .normaliser = RECORD_NORMALISER,
        .https = x->view->https,
        .from = x->view->from,
        .agent = x->agent,
        .deviceid = x->deviceid,
    };
    struct view record;
    status st = contact_build(b, &head, c->decision.send, &c->effects, &record);
    if (st != ST_OK)
        return st;
    const struct upload_head upload = {
        .kind = UPLOAD_CONTACT,
        .from = x->view->from,
        .https = x->view->https,
        .device_hash = x->device_hash,
        .agent = x->agent,
    };
    return spool_append(x->gateway->spool, &upload, record, NULL, NULL);
}

static void record_contact(const struct contact *c)
{
    status st = c->decision.contact ? append_contact(c) : ST_OK;
    if (st == ST_OK)
        return;
    metric_add(&gateway_metrics.contacts_lost, 1);
    /* That the spool is full was said there, once: not again for every agent. */
    log_debug("contact not recorded", LOG_VIEW("device", c->x->deviceid), LOG_TEXT("phase", c->x->phase),
              LOG_TEXT("reason", refusal_name(refusal_of_spool(st))), LOG_VIEW("agent", c->x->agent));
}

static void note(const struct contact *c)
{
    struct activity *activity = c->x->gateway->activity;
    if (c->facts.database && !c->facts.known)
        activity_note(activity, c->x, 103, "prolog", "new_deviceid");
    activity_note(activity, c->x, c->decision.send ? 100 : 102, "prolog", c->decision.send ? "accepted" : "declined");
}

static void count(const struct contact *c)
{
    metric_add(c->decision.send ? &gateway_metrics.contacts_send : &gateway_metrics.contacts_stop, 1);
    if (!c->facts.database)
        metric_add(&gateway_metrics.contacts_blind, 1);
    if (c->decision.postponed)
        metric_add(&gateway_metrics.contacts_postponed, 1);
    char from[UPLOAD_ADDRESS_TEXT];
    log_debug("contact", LOG_VIEW("device", c->x->deviceid), LOG_TEXT("phase", c->x->phase),
              LOG_VIEW("agent", c->x->agent), LOG_TEXT("from", upload_address_text(&c->x->view->from, from)),
              LOG_TEXT("response", c->decision.send ? "SEND" : "STOP"),
              LOG_TEXT("known", c->facts.known      ? "yes"
                                : c->facts.database ? "no"
                                                    : "database away"));
}

static void asked(void *ctx)
{
    struct contact *c = ctx;
    if (c->failed == ST_OK) {
        record_contact(c);
        count(c);
        note(c);
    }
    arena_destroy(c->arena);
    if (c->failed == ST_OK)
        exchange_answer(c->x, c->decision.ipdiscover);
    else
        exchange_refuse(c->x, REFUSE_no_memory, NULL);
}

void handle_prolog(struct exchange *x, const struct upload_envelope *envelope)
{
    (void)envelope;
    if (!agent_gate_admits(x->gateway->gate, x->agent)) {
        exchange_refuse(x, REFUSE_agent_refused, NULL);
        return;
    }
    struct contact *c = http_request_alloc(x->request, sizeof *c);
    if (!c) {
        exchange_refuse(x, REFUSE_no_memory, NULL);
        return;
    }
    *c = (struct contact){.x = x};
    static const struct lookup_kind contact = {.ask = ask, .done = asked, .ask_ahead = ask_ahead};
    if (lookup_submit(x->gateway->lookup, &contact, c) != ST_OK)
        exchange_refuse(x, REFUSE_lookup_busy, NULL);
}
