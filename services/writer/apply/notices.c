/* NOTIFY: an address that changed between two inventories (protocol.md 7). */
#include "services/writer/apply/apply.h"
#include "services/writer/writer_metrics.h"

enum { CHECKSUM_NETWORKS = 4096 };

static const struct {
    const char *field, *column;
    bool needed;
} iface_fields[] = {
    {"IP", "IPADDRESS", true}, {"MASK", "IPMASK", true},      {"GW", "IPGATEWAY", false},
    {"DHCP", "IPDHCP", false}, {"SUBNET", "IPSUBNET", false},
};

/* @param matched  whether the device has a row with this MAC */
static status update_interface(struct wave *w, const struct device *d, const struct record_section_view *s,
                               const struct record_row_view *row, bool *matched)
{
    struct view mac = row_value(s, row, "MAC");
    if (!mac.len || !row_value(s, row, "IP").len || !row_value(s, row, "MASK").len)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&w->st, "SELECT ID FROM networks WHERE HARDWARE_ID=%u AND MACADDR=", d->hardware_id);
    append_sought(w, columns_column(w->columns, TABLE_NETWORKS, "MACADDR"), mac);
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK || db_rows_count(rows) == 0)
        return st;
    *matched = true;
    statement_start(&w->st, "UPDATE networks SET ");
    const char *comma = "";
    for (size_t i = 0; i < COUNT(iface_fields); i++) {
        struct view value = row_value(s, row, iface_fields[i].field);
        if (!value.data)
            continue;
        buffer_format(&w->st.text, "%s%s=", comma, iface_fields[i].column);
        append_fitted(w, columns_column(w->columns, TABLE_NETWORKS, iface_fields[i].column), value);
        comma = ",";
    }
    buffer_text(&w->st.text, " WHERE ID IN (0");
    for (const struct view *id; (id = db_rows_next(rows));)
        buffer_format(&w->st.text, ",%llu", (unsigned long long)db_number(id[0]));
    buffer_char(&w->st.text, ')');
    return statement_run(&w->st, NULL);
}

/* The rows are no longer those of the last inventory: an inventory that says the same as that one must not find them unchanged. */
static status distrust_networks(struct wave *w, struct device *d)
{
    uint64_t key = state_section_key(VIEW_LITERAL("NETWORKS"));
    state_section_remove(&d->sections, key);
    return statement_do(&w->st, "DELETE FROM muster_rows WHERE HARDWARE_ID=%u AND SECTION=%llu", d->hardware_id,
                        (unsigned long long)key);
}

static status update_hardware(struct wave *w, const struct upload *u)
{
    struct view address = record_single(u->record, "HARDWARE", "IPADDR");
    bool has_hardware = record_section_find(u->record, "HARDWARE") != NULL;
    statement_start(&w->st, "UPDATE hardware SET CHECKSUM=COALESCE(CHECKSUM,0)|%u", CHECKSUM_NETWORKS | has_hardware);
    if (has_hardware) {
        buffer_text(&w->st.text, ",IPADDR=");
        append_fitted(w, columns_column(w->columns, TABLE_HARDWARE, "IPADDR"), address);
    }
    buffer_format(&w->st.text, " WHERE ID=%u", u->device->hardware_id);
    return statement_run(&w->st, NULL);
}

static status write_notice(struct wave *w, struct upload *u)
{
    const struct record_section_view *s = record_section_find(u->record, "IFACE");
    struct record_row_view row;
    bool matched = false;
    status st = ST_OK;
    if (!s || !view_is(record_single(u->record, "NOTIFY", "TYPE"), "IP"))
        return ST_OK;
    for (const uint8_t *at = s->rows; st == ST_OK && record_next_row(s, &at, &row);)
        st = update_interface(w, u->device, s, &row, &matched);
    if (st == ST_OK && matched)
        st = update_hardware(w, u);
    return st == ST_OK && matched ? distrust_networks(w, u->device) : st;
}

status notices_apply(struct wave *w)
{
    status st = ST_OK;
    for (size_t i = 0; i < w->upload_count && st == ST_OK; i++) {
        struct upload *u = w->uploads[i];
        if (u->kind != UPLOAD_NOTIFY || u->skipped)
            continue;
        u->device->contact = u->id;
        u->device->contacted = true;
        metric_add(&writer_metrics.contacts, 1);
        st = write_notice(w, u);
    }
    return st;
}
