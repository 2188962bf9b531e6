/* Services that a device was seen to use (inventory-to-database.md 9.3): entries of the upload that one of the operator's rules matches.
 * OCS adds the rows again with every inventory; here the rows of a device are replaced, and only when its entries or the rules changed. */
#include "services/writer/apply/apply.h"

static struct record_hash content_of(const struct wave *w, const struct record_section_view *s)
{
    return state_content_hash(s->hash, operator_rules_services_hash(w->rules));
}

static const struct record_section_view *changed_entries(const struct wave *w, const struct device *d, uint64_t key)
{
    const struct record_section_view *s = device_writes(d) ? record_section_find(d->upload->record, "SAAS") : NULL;
    if (!s || (!d->trusts_nothing && state_section_is(&d->sections, key, content_of(w, s))))
        return NULL;
    return s;
}

static status delete_rows(struct wave *w, uint64_t key)
{
    size_t listed = 0;
    statement_start(&w->st, "DELETE FROM saas WHERE HARDWARE_ID IN (");
    for (size_t i = 0; i < w->device_count; i++)
        if (!w->devices[i].is_new && changed_entries(w, &w->devices[i], key))
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", w->devices[i].hardware_id);
    buffer_char(&w->st.text, ')');
    return listed ? statement_send(&w->st) : ST_OK;
}

static void append_column(struct wave *w, const char *column, struct view value)
{
    buffer_char(&w->st.text, ',');
    append_fitted(w, columns_column(w->columns, TABLE_SAAS, column), value.data ? value : VIEW_LITERAL(""));
}

static status insert_device(struct wave *w, struct insert *in, const struct device *d,
                            const struct record_section_view *s)
{
    struct record_row_view row;
    uint32_t service;
    status st = ST_OK;
    for (const uint8_t *at = s->rows; st == ST_OK && record_next_row(s, &at, &row);) {
        struct view entry = row_value(s, &row, "ENTRY");
        for (size_t next = 0; entry.len && st == ST_OK && operator_rules_service(w->rules, entry, &next, &service);) {
            insert_row(in);
            buffer_format(&w->st.text, "%u,%u", service, d->hardware_id);
            append_column(w, "ENTRY", entry);
            append_column(w, "DATA", row_value(s, &row, "DATA"));
            append_column(w, "TTL", row_value(s, &row, "TTL"));
            st = insert_row_end(in, NULL, 0);
        }
    }
    return st;
}

static bool has_columns(const struct wave *w)
{
    return columns_column(w->columns, TABLE_SAAS, "ENTRY") && columns_column(w->columns, TABLE_SAAS, "DATA") &&
           columns_column(w->columns, TABLE_SAAS, "TTL");
}

status saas_write(struct wave *w)
{
    if (!w->options->inventory_saas_enabled || !has_columns(w))
        return ST_OK;
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL, "");
    buffer_text(&in.head, "INSERT INTO saas (SAAS_EXP_ID,HARDWARE_ID,ENTRY,DATA,TTL) VALUES ");
    uint64_t key = state_section_key(VIEW_LITERAL("SAAS"));
    status st = delete_rows(w, key);
    for (size_t i = 0; i < w->device_count && st == ST_OK; i++) {
        struct device *d = &w->devices[i];
        const struct record_section_view *s = changed_entries(w, d, key);
        if (!s)
            continue;
        st = insert_device(w, &in, d, s);
        state_section_put(&d->sections, key, content_of(w, s));
    }
    return st == ST_OK ? insert_finish(&in) : st;
}
