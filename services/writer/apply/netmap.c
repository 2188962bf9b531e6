/* What elected devices found in their subnet. A row of netmap is one MAC address, whoever saw it last. */
#include "services/writer/apply/discovery.h"

#include <strings.h>

enum { HOSTS_MAX = 1 << 20 }; /* of one wave */

/* One H element. `order` makes the last of several with one MAC the one that counts. */
struct host {
    const struct discovery_device *by;
    struct view mac, ip, name, mask;
    size_t order;
};

struct hosts {
    struct host *items;
    size_t count;
};

static bool is_reporter(const struct discovery_device *d)
{
    return d->known && !d->refused && d->subnet.len;
}

static const struct record_section_view *section_of(const struct discovery_device *d)
{
    return record_section_find(d->device->upload->record, "IPDISCOVER/H");
}

/* Somewhere in it six groups of two characters with colons between them. */
static bool has_mac(struct view v)
{
    for (size_t from = 0; from + 17 <= v.len; from++) {
        bool fits = true;
        for (size_t i = 0; i < 17 && fits; i++)
            fits = i % 3 != 2 || v.data[from + i] == ':';
        if (fits)
            return true;
    }
    return false;
}

/* Empty when the subnet is no longer among its interfaces: the column takes no NULL. */
static struct view mask_of(const struct discovery_device *d)
{
    for (size_t i = 0; i < d->iface_count; i++)
        if (view_equal(d->ifaces[i].subnet, d->subnet))
            return d->ifaces[i].mask.data ? d->ifaces[i].mask : VIEW_LITERAL("");
    return VIEW_LITERAL("");
}

static void take_hosts(const struct discovery_device *d, const struct db_column *mac, struct wave *w, struct hosts *out)
{
    struct record_row_view row;
    const struct record_section_view *s = section_of(d);
    struct view mask = mask_of(d);
    for (const uint8_t *at = s->rows; out->count < HOSTS_MAX && record_next_row(s, &at, &row);) {
        bool adjusted = false;
        struct host h = {d,         row_value(s, &row, "M"), row_value(s, &row, "I"), row_value(s, &row, "N"), mask,
                         out->count};
        if (!election_is_dotted(h.ip) || !has_mac(h.mac))
            continue;
        h.mac = db_fit(mac, h.mac, w->arena, &adjusted);
        w->rows.adjusted += adjusted;
        out->items[out->count++] = h;
    }
}

static int compare_hosts(const void *a, const void *b)
{
    const struct host *x = a, *y = b;
    size_t len = x->mac.len < y->mac.len ? x->mac.len : y->mac.len;
    int order = strncasecmp(x->mac.data, y->mac.data, len);
    if (order == 0)
        order = x->mac.len < y->mac.len ? -1 : x->mac.len > y->mac.len;
    return order ? order : x->order < y->order ? -1 : 1;
}

static bool same_mac(const struct host *a, const struct host *b)
{
    return a->mac.len == b->mac.len && strncasecmp(a->mac.data, b->mac.data, a->mac.len) == 0;
}

/* ---- writing ---- */

enum host_value { HOST_IP, HOST_MAC, HOST_MASK, HOST_NETID, HOST_DATE, HOST_NAME, HOST_DEVICE, HOST_TAG };

/* Columns in the order of the statement. TAG is written only when discovery is done by TAG, and is the last one: whether the others may be
 * overwritten depends on what it was. */
static const struct {
    const char *name;
    enum host_value value;
} columns[] = {
    {"IP", HOST_IP},     {"MAC", HOST_MAC},   {"MASK", HOST_MASK},          {"NETID", HOST_NETID},
    {"DATE", HOST_DATE}, {"NAME", HOST_NAME}, {"HARDWARE_ID", HOST_DEVICE}, {"TAG", HOST_TAG},
};

static const struct db_column *column_at(const struct discovery *d, size_t i)
{
    if (columns[i].value == HOST_TAG && !d->rules.by_tag)
        return NULL;
    return columns_column(d->wave->columns, TABLE_NETMAP, columns[i].name);
}

static void append_frame(const struct discovery *d, struct buffer *head, struct buffer *tail)
{
    const char *guard = d->rules.by_tag ? "TAG IS NULL OR TAG='' OR TAG=VALUES(TAG)" : "1";
    buffer_text(head, "INSERT INTO netmap (");
    buffer_text(tail, " ON DUPLICATE KEY UPDATE ");
    const char *comma = "", *tail_comma = "";
    for (size_t i = 0; i < COUNT(columns); i++) {
        if (!column_at(d, i))
            continue;
        buffer_format(head, "%s%s", comma, columns[i].name);
        comma = ",";
        if (columns[i].value == HOST_MAC)
            continue; /* as it was stored first */
        buffer_format(tail, "%s%s=IF(%s,VALUES(%s),%s)", tail_comma, columns[i].name, guard, columns[i].name,
                      columns[i].name);
        tail_comma = ",";
    }
    buffer_text(head, ") VALUES ");
}

static void append_host(struct wave *w, const struct host *h, enum host_value value, const struct db_column *column)
{
    switch (value) {
    case HOST_IP: append_fitted(w, column, h->ip); break;
    case HOST_MAC: append_fitted(w, column, h->mac); break;
    case HOST_MASK: append_fitted(w, column, h->mask); break;
    case HOST_NETID: append_fitted(w, column, h->by->subnet); break;
    case HOST_DATE: append_time(&w->st.text, h->by->device->upload->id); break;
    case HOST_NAME: append_fitted(w, column, h->name); break;
    case HOST_DEVICE: buffer_format(&w->st.text, "%u", h->by->device->hardware_id); break;
    case HOST_TAG: append_fitted(w, column, h->by->tag); break;
    }
}

static status write_hosts(struct discovery *d, struct hosts *hosts)
{
    AUTO(insert_clear) struct insert in;
    AUTO(buffer_clear) struct buffer tail = BUFFER_INIT(1 << 12);
    insert_init(&in, &d->wave->st, NULL, "");
    append_frame(d, &in.head, &tail);
    status st = buffer_status(&tail);
    in.tail = tail.data;
    for (size_t i = 0; i < hosts->count && st == ST_OK; i++) {
        if (i + 1 < hosts->count && same_mac(&hosts->items[i], &hosts->items[i + 1])) {
            hosts->items[i + 1].mac = hosts->items[i].mac; /* as it was spelt first */
            continue;
        }
        const char *comma = "";
        insert_row(&in);
        for (size_t c = 0; c < COUNT(columns); c++) {
            const struct db_column *column = column_at(d, c);
            if (!column)
                continue;
            buffer_text(&d->wave->st.text, comma);
            append_host(d->wave, &hosts->items[i], columns[c].value, column);
            comma = ",";
        }
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_finish(&in) : st;
}

static status write_results(struct discovery *d)
{
    const struct db_column *mac = columns_column(d->wave->columns, TABLE_NETMAP, "MAC");
    size_t room = 0;
    for (size_t i = 0; i < d->device_count; i++)
        if (is_reporter(&d->devices[i]) && section_of(&d->devices[i]))
            room += section_of(&d->devices[i])->row_count;
    if (room == 0 || !mac)
        return ST_OK;
    struct hosts hosts = {arena_alloc(d->wave->arena, room * sizeof *hosts.items), 0};
    if (!hosts.items)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < d->device_count; i++)
        if (is_reporter(&d->devices[i]) && section_of(&d->devices[i]))
            take_hosts(&d->devices[i], mac, d->wave, &hosts);
    if (hosts.count == 0)
        return ST_OK;
    qsort(hosts.items, hosts.count, sizeof *hosts.items, compare_hosts);
    return write_hosts(d, &hosts);
}

/* ---- the end of a role ---- */

/* It reported nothing, there are more than are wanted, or nobody is to scan this subnet. What the operator gave stays. */
static bool has_to_go(const struct discovery *d, const struct discovery_device *by)
{
    if (by->by_operator)
        return false;
    size_t others = election_count(d->roles, d->role_count, &d->rules, by->subnet, by->tag);
    return !section_of(by) || (int64_t)others > d->rules.wanted || by->blacklisted;
}

static void forget_role(struct discovery *d, uint32_t hardware_id)
{
    for (size_t i = 0; i < d->role_count; i++)
        if (d->roles[i].hardware_id == hardware_id)
            d->roles[i].gone = true;
}

static status end_roles(struct discovery *d)
{
    size_t listed = 0;
    statement_start(&d->wave->st, "DELETE FROM devices WHERE NAME='IPDISCOVER' AND HARDWARE_ID IN (");
    for (size_t i = 0; i < d->device_count; i++) {
        const struct discovery_device *by = &d->devices[i];
        if (!is_reporter(by) || !has_to_go(d, by))
            continue;
        forget_role(d, by->device->hardware_id);
        buffer_format(&d->wave->st.text, "%s%u", listed++ ? "," : "", by->device->hardware_id);
    }
    buffer_char(&d->wave->st.text, ')');
    return listed ? statement_run(&d->wave->st, NULL) : ST_OK;
}

status netmap_apply(struct discovery *d)
{
    status st = write_results(d);
    return st == ST_OK ? end_roles(d) : st;
}
