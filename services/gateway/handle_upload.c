/*
 * What is stored: INVENTORY, DOWNLOAD, NOTIFY, SNMP. The body goes to the spool as it was received; the agent gets its 200 from
 * the committer's thread, once the bytes are on stable storage.
 */
#include "common/log/log.h"
#include "services/gateway/admission.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/handlers.h"
#include "services/gateway/prolog/facts.h"
#include "services/gateway/server.h"

struct upload_work {
    struct exchange *x;
    enum upload_kind kind;
    struct account_pairs sent;   /**< INVENTORY */
    struct account_facts facts;  /**< INVENTORY: what is stored of the device */
    struct arena *arena;         /**< INVENTORY: of the facts; NULL until asked */
    bool is_ahead;               /**< the facts were read together with those of other devices */
    struct admission admission;  /**< INVENTORY: what has to be asked before it is taken */
    struct ocs_config *exported; /**< it is written to a file as these options say; NULL: it is not */
    bool wanted;                 /**< SNMP: the switch of this device is on */
};

/* OCS's codes for the two that it notes; it does so when the inventory is in the database, we when it is safe. */
static void note(const struct upload_work *w, bool is_stored)
{
    struct activity *activity = w->x->gateway->activity;
    if (w->kind == UPLOAD_INVENTORY)
        activity_note(activity, w->x, is_stored ? 101 : 104, "inventory", is_stored ? "transmitted" : "incoming");
    else if (w->kind == UPLOAD_SNMP)
        activity_note(activity, w->x, is_stored ? 102 : 100, "snmp",
                      is_stored ? "inventory transmitted" : "inventory incoming");
}

static void stored(void *ctx, status st, struct upload_id id)
{
    struct upload_work *w = ctx;
    struct exchange *x = w->x;
    if (st != ST_OK) {
        exchange_refuse(x, refusal_of_spool(st), NULL);
        return;
    }
    if (w->exported)
        export_offer(x->gateway->exporter, w->exported, w->kind, x->deviceid, x->view->body);
    char text[UPLOAD_ID_TEXT], from[UPLOAD_ADDRESS_TEXT];
    log_debug("upload stored", LOG_TEXT("upload", upload_id_text(id, text)),
              LOG_TEXT("kind", upload_kind_name(w->kind)), LOG_VIEW("device", x->deviceid), LOG_TEXT("phase", x->phase),
              LOG_VIEW("agent", x->agent), LOG_TEXT("from", upload_address_text(&x->view->from, from)),
              LOG_NUMBER("bytes", x->view->body.len));
    note(w, true);
    exchange_answer(x, false);
}

static void store(struct upload_work *w)
{
    struct exchange *x = w->x;
    const struct upload_head head = {
        .kind = w->kind,
        .from = x->view->from,
        .https = x->view->https,
        .device_hash = x->device_hash,
        .agent = x->agent,
    };
    status st = spool_append(x->gateway->spool, &head, x->view->body, stored, w);
    if (st != ST_OK)
        exchange_refuse(x, refusal_of_spool(st), NULL);
}

/** The options as they are now: when the upload is safe, the look-ups may have ended. */
static bool take_export(struct upload_work *w)
{
    struct ocs_config config;
    lookup_config(w->x->gateway->lookup, &config);
    if (!export_wants(&config, w->kind))
        return true;
    w->exported = http_request_alloc(w->x->request, sizeof *w->exported);
    if (w->exported)
        *w->exported = config;
    return w->exported != NULL;
}

/** @return NULL when memory is out: then it was answered */
static struct upload_work *work_new(struct exchange *x, enum upload_kind kind)
{
    struct upload_work *w = http_request_alloc(x->request, sizeof *w);
    if (w) {
        *w = (struct upload_work){.x = x, .kind = kind};
        note(w, false);
        if (take_export(w))
            return w;
    }
    exchange_refuse(x, REFUSE_no_memory, NULL);
    return NULL;
}

void handle_download(struct exchange *x, const struct upload_envelope *envelope)
{
    (void)envelope;
    struct upload_work *w = work_new(x, UPLOAD_DOWNLOAD);
    if (w)
        store(w);
}

void handle_notify(struct exchange *x, const struct upload_envelope *envelope)
{
    (void)envelope;
    struct upload_work *w = work_new(x, UPLOAD_NOTIFY);
    if (w)
        store(w);
}

/* ---------------------------------------------------------------- INVENTORY ---- */

enum { ANSWER_MAX = 16 << 20 }; /**< values of accountinfo are short; this is against a table gone mad */

static status prepare_account_reply(struct upload_work *w)
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(ANSWER_MAX);
    account_reply_write(account_decide(&w->facts, w->sent), w->facts.pairs, w->sent, &text);
    return exchange_prepare(w->x, &text);
}

/** Asked again: what a broken connection brought is dropped. @return false when memory is out */
static bool begin(struct upload_work *w)
{
    arena_destroy(w->arena);
    w->arena = arena_new(ANSWER_MAX);
    w->facts = (struct account_facts){0};
    return w->arena != NULL;
}

/** What is stored of several devices, in one round trip; who cannot be among them asks for itself. */
static status ask_accounts_ahead(struct db *db, void *const *ctxs, size_t count)
{
    struct upload_work *const *all = (struct upload_work *const *)ctxs;
    struct device_list devices = {.count = 0};
    struct account_place places[DEVICE_LIST_MAX] = {{NULL, NULL}};
    for (size_t i = 0; i < count; i++)
        if (device_list_add(&devices, all[i]->x->deviceid)) {
            if (!begin(all[i]))
                return ST_NO_MEMORY;
            places[devices.count - 1] = (struct account_place){all[i]->arena, &all[i]->facts};
        }
    status st = account_facts_read_all(db, all[0]->x->gateway->columns, &devices, places);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        all[i]->is_ahead = all[i]->arena != NULL; /* who is not in the list has none yet */
    return st;
}

/** What is stored of the device; without a database, or when it cannot be read: as of a new one, NO_ACCOUNT_UPDATE. */
static status read_facts(struct upload_work *w, struct db *db)
{
    status st = begin(w) ? ST_OK : ST_NO_MEMORY;
    if (db && st == ST_OK)
        st = account_facts_read(db, w->x->gateway->columns, w->x->deviceid, w->arena, &w->facts);
    if (st == ST_OK || st == ST_UNAVAILABLE)
        return st;
    log_warning("cannot compare the administrative values of a device", LOG_VIEW("device", w->x->deviceid),
                LOG_TEXT("status", status_name(st)), LOG_TEXT("database", db ? db_error(db) : ""));
    w->facts = (struct account_facts){0};
    return ST_OK;
}

static status ask_account(struct db *db, void *ctx)
{
    struct upload_work *w = ctx;
    bool is_ahead = w->is_ahead && db;
    w->is_ahead = false; /* when it is asked again everything is */
    status st = admission_ask(&w->admission, db, w->x->deviceid);
    if (st == ST_OK && !w->admission.refused && !is_ahead)
        st = read_facts(w, db);
    if (st != ST_OK || w->admission.refused)
        return st;
    if (w->x->gateway->set->accept_tag)
        account_facts_accept(&w->facts, w->sent, w->arena);
    return prepare_account_reply(w);
}

static void account_asked(void *ctx)
{
    struct upload_work *w = ctx;
    arena_destroy(w->arena);
    if (w->admission.refused)
        exchange_refuse(w->x, w->admission.refusal, NULL);
    else if (w->x->reply.len)
        store(w);
    else
        exchange_refuse(w->x, REFUSE_no_memory, NULL);
}

/** The pairs that were sent, in memory that stays, fit to be sent back. */
static bool take_pairs(struct upload_work *w, const struct upload_envelope *envelope)
{
    struct upload_account *list = http_request_alloc(w->x->request, (envelope->account_count + 1) * sizeof *list);
    if (!list)
        return false;
    for (size_t i = 0; i < envelope->account_count; i++) {
        const struct upload_account *sent = &envelope->accounts[i];
        list[i].name = exchange_text(w->x, sent->name);
        list[i].value = exchange_text(w->x, sent->value);
        if ((sent->name.data && !list[i].name.data) || (sent->value.data && !list[i].value.data))
            return false;
    }
    w->sent = (struct account_pairs){list, envelope->account_count};
    return true;
}

void handle_inventory(struct exchange *x, const struct upload_envelope *envelope)
{
    struct upload_work *w = work_new(x, UPLOAD_INVENTORY);
    if (!w)
        return;
    if (!take_pairs(w, envelope)) {
        exchange_refuse(x, REFUSE_no_memory, NULL);
        return;
    }
    w->admission = admission_of(x);
    static const struct lookup_kind accounts = {
        .ask = ask_account, .done = account_asked, .ask_ahead = ask_accounts_ahead};
    if (lookup_submit(x->gateway->lookup, &accounts, w) == ST_OK)
        return;
    if (w->admission.sessions || w->admission.flood) {
        exchange_refuse(x, REFUSE_lookup_busy, NULL);
        return;
    }
    /* The look-ups are busy. An upload matters more than its answer: accept it, and let the next one be compared. */
    (void)ask_account(NULL, w);
    account_asked(w);
}

/* --------------------------------------------------------------------- SNMP ---- */

static status ask_switch(struct db *db, void *ctx)
{
    struct upload_work *w = ctx;
    struct ocs_config config;
    lookup_config(w->x->gateway->lookup, &config);
    struct prolog_facts facts = {0};
    AUTO(arena_destroy) struct arena *arena = arena_new(ANSWER_MAX);
    status st = !arena ? ST_NO_MEMORY : ST_OK;
    if (db && arena)
        st = prolog_facts_read(db, w->x->deviceid, config.enable_groups != 0, arena, &facts);
    w->wanted = parameter_switch(&facts.parameters, PARAM_SNMP_SWITCH, config.snmp != 0) != 0;
    return st == ST_UNAVAILABLE ? st : ST_OK; /* else: what the option says */
}

static void switch_asked(void *ctx)
{
    struct upload_work *w = ctx;
    if (w->wanted) {
        store(w);
        return;
    }
    metric_add(&gateway_metrics.snmp_off, 1);
    exchange_answer(w->x, false);
}

void handle_snmp(struct exchange *x, const struct upload_envelope *envelope)
{
    (void)envelope;
    struct ocs_config config;
    lookup_config(x->gateway->lookup, &config);
    if (!config.snmp) {
        metric_add(&gateway_metrics.snmp_off, 1);
        exchange_answer(x, false);
        return;
    }
    struct upload_work *w = work_new(x, UPLOAD_SNMP);
    static const struct lookup_kind snmp_switch = {.ask = ask_switch, .done = switch_asked};
    if (w && lookup_submit(x->gateway->lookup, &snmp_switch, w) != ST_OK)
        exchange_refuse(x, REFUSE_lookup_busy, NULL);
}
