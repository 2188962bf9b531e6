#include "common/xml/xml.h"
#include "services/gateway/access.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/handlers.h"
#include "services/gateway/server.h"

enum { KEEP_AFTER_BIG = 1 << 20 }; /**< what an inflater keeps of its memory between requests */

static const struct {
    const char *query, *phase;
    metric *count;
    void (*handle)(struct exchange *x, const struct upload_envelope *envelope);
} queries[] = {
    {"PROLOG", "prolog", &gateway_metrics.prolog, handle_prolog},
    {"INVENTORY", "inventory", &gateway_metrics.inventory, handle_inventory},
    {"DOWNLOAD", "download", &gateway_metrics.download, handle_download},
    {"NOTIFY", "notify", &gateway_metrics.notify, handle_notify},
    {"SNMP", "snmp", &gateway_metrics.snmp, handle_snmp},
    {"UPDATE", "update", &gateway_metrics.update, handle_update},
    {"NETDISCOVERY", "netdiscovery", &gateway_metrics.netdiscovery, handle_unstored},
    {"SNMPQUERY", "snmpquery", &gateway_metrics.snmpquery, handle_unstored},
};

void handle_unstored(struct exchange *x, const struct upload_envelope *envelope)
{
    (void)envelope;
    exchange_answer(x, false);
}

/** Device and User-Agent, in memory that stays. @return false when memory is out */
static bool take_identity(struct exchange *x, const struct upload_envelope *envelope)
{
    x->deviceid = exchange_text(x, envelope->deviceid);
    x->device_hash = upload_device_hash(x->deviceid);
    if (envelope->deviceid.data && !x->deviceid.data)
        return false;
    if (!x->view->agent.data)
        return true;
    char *agent = http_request_alloc(x->request, UPLOAD_AGENT_MAX);
    x->agent = (struct view){agent, agent ? upload_clean_agent(x->view->agent, agent) : 0};
    return agent != NULL;
}

static void dispatch(struct exchange *x, const struct upload_envelope *envelope)
{
    bool by_device = !view_is(envelope->query, "UPDATE");
    if (!take_identity(x, envelope)) {
        exchange_refuse(x, REFUSE_no_memory, NULL);
        return;
    }
    if (by_device && !upload_deviceid_is_valid(envelope->deviceid)) {
        exchange_refuse(x, REFUSE_deviceid_bad, NULL);
        return;
    }
    if (!envelope->query.data) {
        exchange_refuse(x, REFUSE_query_missing, NULL);
        return;
    }
    if (by_device && !access_device(x))
        return;
    for (size_t i = 0; i < COUNT(queries) && !envelope->query_repeated; i++)
        if (view_is(envelope->query, queries[i].query)) {
            metric_add(queries[i].count, 1);
            x->phase = queries[i].phase;
            queries[i].handle(x, envelope);
            return;
        }
    exchange_refuse(x, REFUSE_query_unknown, NULL);
}

static bool coding_is_on(struct exchange *x)
{
    if (x->coding == CODING_ZLIB || x->coding == CODING_DEFLATE)
        return true;
    struct ocs_config config;
    lookup_config(x->gateway->lookup, &config);
    return config.compress_try_others != 0;
}

static void refuse_unreadable(struct exchange *x, status st, const struct reason *why)
{
    exchange_refuse(x, st == ST_NO_MEMORY ? REFUSE_no_memory : refusal_of(why), why);
}

static void read_text(struct exchange *x, struct loop_tools *tools, struct view text)
{
    struct upload_envelope envelope;
    struct reason why = {0};
    struct view utf8;
    x->phase = "envelope";
    status st = xml_to_utf8(text, &tools->memory, &utf8, &x->utf8, &why);
    if (st == ST_OK)
        st = upload_envelope_read(utf8.data, utf8.len, tools->scratch, LOOP_SCRATCH, &envelope, &why);
    if (st == ST_OK)
        dispatch(x, &envelope);
    else
        refuse_unreadable(x, st, &why);
}

/** After a big body: nothing of it stays in memory. */
static void trim(struct loop_tools *tools)
{
    inflater_trim(tools->inflater, KEEP_AFTER_BIG);
    if (tools->memory.room > KEEP_AFTER_BIG)
        buffer_clear(&tools->memory);
    buffer_reset(&tools->memory);
}

void handle_request(struct exchange *x, struct view unused)
{
    (void)unused;
    struct loop_tools *tools = &x->gateway->loops[x->view->thread];
    if (x->view->body.len == 0) {
        exchange_refuse(x, REFUSE_no_body, NULL);
        return;
    }
    struct view text;
    struct reason why = {0};
    x->phase = "unpack";
    status st = inflater_run(tools->inflater, x->view->body, &text, &x->coding, &why);
    metric_add(&gateway_metrics.trailing, st == ST_OK && inflater_rest(tools->inflater) > 0);
    if (st != ST_OK)
        refuse_unreadable(x, st, &why);
    else if (!coding_is_on(x))
        exchange_refuse(x, REFUSE_body_coding_off, NULL);
    else
        read_text(x, tools, text);
    trim(tools);
}
