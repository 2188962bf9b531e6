/* Sessions (protocol.md 3.8, 4.1): the gateway begins and checks them, here they end. One that began after the upload was accepted stays. */
#include "services/writer/apply/apply.h"

/* OCS's table is there for OCS servers of the same cluster (G-65). */
static const struct {
    enum columns_table table;
    const char *name, *since;
    bool of_ocs;
} tables[] = {
    {TABLE_MUSTER_SESSION, "muster_session", "STARTED", false},
    {TABLE_PROLOG_CONNTRACK, "prolog_conntrack", "TIMESTAMP", true},
};

static status end_in(struct wave *w, size_t table)
{
    size_t listed = 0;
    statement_start(&w->st, "DELETE FROM %s WHERE ", tables[table].name);
    for (size_t i = 0; i < w->upload_count; i++) {
        const struct upload *u = w->uploads[i];
        if (u->skipped || (u->kind != UPLOAD_INVENTORY && u->kind != UPLOAD_SNMP))
            continue;
        buffer_text(&w->st.text, listed++ ? " OR (DEVICEID=" : "(DEVICEID=");
        statement_value(&w->st, u->key);
        buffer_format(&w->st.text, " AND %s<=%lld)", tables[table].since, (long long)upload_seconds(u->id));
    }
    return listed ? statement_send(&w->st) : ST_OK;
}

status sessions_end(struct wave *w)
{
    status st = ST_OK;
    if (!w->options->inventory_session_only)
        return ST_OK;
    for (size_t i = 0; i < COUNT(tables) && st == ST_OK; i++)
        if (columns_table(w->columns, tables[i].table) && (!tables[i].of_ocs || w->ocs_sessions))
            st = end_in(w, i);
    return st;
}
