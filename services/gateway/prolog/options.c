#include "services/gateway/prolog/options.h"

#include "common/log/log.h"
#include "common/reply/reply.h"

#include <stdio.h>

void option_begin(struct buffer *out, const char *name)
{
    reply_open(out, OPTION_DEPTH, "OPTION");
    reply_element(out, PARAM_DEPTH, "NAME", view_of(name));
}

void option_end(struct buffer *out)
{
    reply_close(out, OPTION_DEPTH, "OPTION");
}

struct view option_number(const struct option_question *q, int64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", (long long)number);
    return arena_copy(q->arena, (struct view){text, (size_t)len});
}

struct view option_scan_value(const struct option_question *q, enum parameter_name name, struct view option)
{
    struct view value = option.len ? option : VIEW_LITERAL("0");
    struct view of_groups = parameter_text_of_groups(&q->facts->parameters, name);
    if (of_groups.data)
        value = of_groups;
    const struct parameter *own = parameter_of_device(&q->facts->parameters, name);
    return own && own->has_number ? own->text : value;
}

/* ----------------------------------------------------------------- REGISTRY ---- */

static status write_registry(const struct option_question *q, struct buffer *out, struct prolog_effects *effects)
{
    (void)effects;
    static const char sql[] = "SELECT NAME, REGTREE, REGKEY, REGVALUE FROM regconfig ORDER BY ID";
    if (!q->db || !q->config->registry)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(q->db, sql, sizeof sql - 1, &rows);
    if (st != ST_OK || db_rows_count(rows) == 0)
        return st;

    option_begin(out, "REGISTRY");
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;) {
        const struct reply_attribute attributes[] = {{"NAME", row[0]}, {"REGTREE", row[1]}, {"REGKEY", row[2]}};
        reply_param(out, PARAM_DEPTH, attributes, COUNT(attributes), row[3]);
    }
    option_end(out);
    return ST_OK;
}

/* --------------------------------------------------------------- IPDISCOVER ---- */

/** Agents of the 1.x years, up to these versions, expect the bare subnet. */
static bool wants_bare_subnet(struct view agent)
{
    static const struct {
        const char *prefix;
        uint64_t last;
    } old[] = {{"OCS-NG_windows_client_v", 4027}, {"OCS-NG_linux_client_v", 13}};
    for (size_t i = 0; i < COUNT(old); i++) {
        size_t len = strlen(old[i].prefix);
        if (agent.len > len && memcmp(agent.data, old[i].prefix, len) == 0)
            return db_number((struct view){agent.data + len, agent.len - len}) <= old[i].last;
    }
    return false;
}

static int64_t discovery_latency(const struct option_question *q)
{
    enum { LATENCY_MS = 100 };
    const struct parameters *p = &q->facts->parameters;
    const struct parameter *own = parameter_of_device(p, PARAM_IPDISCOVER_LATENCY);
    int64_t of_groups;
    if (own && own->number)
        return own->number;
    if (parameter_of_groups(p, PARAM_IPDISCOVER_LATENCY, GROUPS_LARGEST, &of_groups) && of_groups)
        return of_groups;
    return q->config->ipdiscover_latency ? q->config->ipdiscover_latency : LATENCY_MS;
}

static status write_ipdiscover(const struct option_question *q, struct buffer *out, struct prolog_effects *effects)
{
    (void)effects;
    if (!q->decision->ipdiscover)
        return ST_OK;
    struct view subnet = parameter_of_device(&q->facts->parameters, PARAM_IPDISCOVER)->text;
    struct view type = view_of(q->config->scan_type_ipdiscover);
    struct view bandwidth = option_number(q, q->config->scan_arp_bandwidth);
    const struct reply_attribute attributes[] = {
        {"IPDISC_LAT", option_number(q, discovery_latency(q))},
        {"SCAN_TYPE_IPDISCOVER", option_scan_value(q, PARAM_SCAN_TYPE_IPDISCOVER, type)},
        {"SCAN_ARP_BANDWIDTH", option_scan_value(q, PARAM_SCAN_ARP_BANDWIDTH, bandwidth)},
    };
    option_begin(out, "IPDISCOVER");
    reply_param(out, PARAM_DEPTH, attributes, wants_bare_subnet(q->agent) ? 0 : COUNT(attributes), subnet);
    option_end(out);
    return ST_OK;
}

/* ---------------------------------------------------------------- the table ---- */

typedef status option_writer(const struct option_question *q, struct buffer *out, struct prolog_effects *effects);

static const struct {
    const char *name;
    option_writer *write;
} writers[] = {
    {"REGISTRY", write_registry},
    {"IPDISCOVER", write_ipdiscover},
    {"DOWNLOAD", option_download_write},
    {"SNMP", option_snmp_write},
};

/** Take back what a writer that failed has appended. */
static void rewind_to(struct buffer *out, size_t len)
{
    out->len = len;
    if (out->data)
        out->data[len] = '\0';
}

status prolog_options_write(const struct option_question *q, struct buffer *out, struct prolog_effects *effects)
{
    *effects = (struct prolog_effects){0};
    for (size_t i = 0; i < COUNT(writers); i++) {
        size_t before = out->len;
        status st = writers[i].write(q, out, effects);
        if (st == ST_UNAVAILABLE || st == ST_NO_MEMORY)
            return st;
        if (st != ST_OK) {
            rewind_to(out, before);
            log_warning("option left out of a PROLOG", LOG_TEXT("option", writers[i].name),
                        LOG_TEXT("status", status_name(st)), LOG_TEXT("database", q->db ? db_error(q->db) : ""));
        }
    }
    return buffer_status(out);
}
