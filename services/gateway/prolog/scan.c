/*
 * OPTION SNMP (protocol.md 3.7). Unlike OCS, which sends the communities and SNMPv3 passwords to every known device as soon as SNMP
 * is on, they go only to devices that have something to scan: a network of their own, or the discovery of one by the operator.
 */
#include "common/reply/reply.h"
#include "services/gateway/prolog/options.h"

/** A query of which every row becomes one PARAM: column i is attribute i. */
struct list {
    const char *type, *sql;
    const char *attributes[9];
};

static const struct list types = {
    "SNMP_TYPE",
    "SELECT t.TYPE_NAME, t.TABLE_TYPE_NAME, k.CONDITION_OID, k.CONDITION_VALUE, l.LABEL_NAME, c.OID FROM snmp_types t"
    " LEFT JOIN snmp_configs c ON c.TYPE_ID=t.ID LEFT JOIN snmp_labels l ON l.ID=c.LABEL_ID"
    " LEFT JOIN snmp_types_conditions k ON k.TYPE_ID=t.ID ORDER BY t.ID, c.ID, k.ID",
    {"TYPE_NAME", "TABLE_TYPE_NAME", "CONDITION_OID", "CONDITION_VALUE", "LABEL_NAME", "OID"},
};

static const struct list communities = {
    "COMMUNITY",
    "SELECT VERSION, NAME, USERNAME, AUTHPASSWD, LEVEL, AUTHPROTO, PRIVPASSWD, PRIVPROTO FROM snmp_communities ORDER "
    "BY ID",
    {"VERSION", "NAME", "USERNAME", "AUTHPASSWD", "LEVEL", "AUTHPROTO", "PRIVPASSWD", "PRIVPROTO"},
};

static const struct list mibs = {
    "MIB",
    "SELECT VENDOR, URL, CHECKSUM, VERSION, PARSER FROM snmp_mibs ORDER BY ID",
    {"VENDOR", "URL", "CHECKSUM", "VERSION", "PARSER"},
};

static status write_list(struct db *db, const struct list *list, struct view sql, struct buffer *out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql.data, sql.len, &rows);
    if (st != ST_OK)
        return st;
    for (const struct view *row; (row = db_rows_next(rows)) != NULL;) {
        struct reply_attribute attributes[1 + COUNT(list->attributes)] = {{"TYPE", view_of(list->type)}};
        size_t count = 1;
        for (; count <= COUNT(list->attributes) && list->attributes[count - 1]; count++)
            attributes[count] = (struct reply_attribute){list->attributes[count - 1], row[count - 1]};
        reply_param(out, PARAM_DEPTH, attributes, count, VIEW_ABSENT);
    }
    return ST_OK;
}

static status write_table(struct db *db, const struct list *list, struct buffer *out)
{
    return write_list(db, list, view_of(list->sql), out);
}

static void write_networks(struct view networks, struct buffer *out)
{
    while (networks.len) {
        const char *comma = memchr(networks.data, ',', networks.len);
        size_t len = comma ? (size_t)(comma - networks.data) : networks.len;
        const struct reply_attribute attributes[] = {{"TYPE", VIEW_LITERAL("NETWORK")},
                                                     {"SUBNET", {networks.data, len}}};
        if (len)
            reply_param(out, PARAM_DEPTH, attributes, COUNT(attributes), VIEW_ABSENT);
        len += comma != NULL;
        networks = (struct view){networks.data + len, networks.len - len};
    }
}

/** What the discovery of the device's subnet has found and no inventory explains. */
static status write_devices(struct db *db, struct view subnet, struct buffer *out)
{
    static const struct list devices = {"DEVICE", NULL, {"IPADDR", "MACADDR"}};
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(1 << 18);
    buffer_text(&sql, "SELECT n.IP, n.MAC FROM netmap n WHERE n.NETID=");
    db_quote(db, &sql, subnet);
    buffer_text(&sql, " AND NOT EXISTS (SELECT 1 FROM networks w WHERE w.MACADDR=n.MAC AND w.IPSUBNET=");
    db_quote(db, &sql, subnet);
    buffer_text(&sql, ") ORDER BY n.IP, n.MAC");
    return buffer_status(&sql) == ST_OK ? write_list(db, &devices, buffer_view(&sql), out) : buffer_status(&sql);
}

static void write_scan(const struct option_question *q, struct buffer *out)
{
    struct view type = view_of(q->config->scan_type_snmp);
    struct view bandwidth = option_number(q, q->config->scan_arp_bandwidth);
    const struct reply_attribute attributes[] = {
        {"TYPE", VIEW_LITERAL("OPTION")},
        {"SCAN_TYPE_SNMP", option_scan_value(q, PARAM_SCAN_TYPE_SNMP, type)},
        {"SCAN_ARP_BANDWIDTH", option_scan_value(q, PARAM_SCAN_ARP_BANDWIDTH, bandwidth)},
    };
    reply_param(out, PARAM_DEPTH, attributes, COUNT(attributes), VIEW_ABSENT);
}

static bool applies(const struct option_question *q)
{
    return q->db && q->facts->known && q->https &&
           parameter_switch(&q->facts->parameters, PARAM_SNMP_SWITCH, q->config->snmp != 0) != 0;
}

status option_snmp_write(const struct option_question *q, struct buffer *out, struct prolog_effects *effects)
{
    (void)effects;
    if (!applies(q))
        return ST_OK;
    const struct parameter *network = parameter_of_device(&q->facts->parameters, PARAM_SNMP_NETWORK);
    const struct parameter *discovery = parameter_of_device(&q->facts->parameters, PARAM_IPDISCOVER);
    bool by_operator = discovery && discovery->number == 2;
    bool scans = by_operator || (network && network->text.len);

    size_t before = out->len;
    option_begin(out, "SNMP");
    size_t begun = out->len;
    if (network)
        write_networks(network->text, out);
    status st = by_operator ? write_devices(q->db, discovery->text, out) : ST_OK;
    if (st == ST_OK)
        st = write_table(q->db, &types, out);
    if (st == ST_OK && out->len == begun) {
        out->len = before;
        return ST_OK; /* nothing to say: no option at all */
    }
    if (st == ST_OK && scans)
        st = write_table(q->db, &communities, out);
    if (st == ST_OK)
        st = write_table(q->db, &mibs, out);
    if (st == ST_OK)
        write_scan(q, out);
    option_end(out);
    return st;
}
