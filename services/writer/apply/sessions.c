/* Sessions (protocol.md 3.8, 4.1): the gateway begins and checks them, here they end. One that began after the upload was accepted stays. */
#include "services/writer/apply/apply.h"

status sessions_end(struct wave *w)
{
    size_t listed = 0;
    if (!w->options->inventory_session_only || !columns_table(w->columns, TABLE_MUSTER_SESSION))
        return ST_OK;
    statement_start(&w->st, "DELETE FROM muster_session WHERE ");
    for (size_t i = 0; i < w->upload_count; i++) {
        const struct upload *u = w->uploads[i];
        if (u->skipped || (u->kind != UPLOAD_INVENTORY && u->kind != UPLOAD_SNMP))
            continue;
        buffer_text(&w->st.text, listed++ ? " OR (DEVICEID=" : "(DEVICEID=");
        statement_value(&w->st, u->key);
        buffer_format(&w->st.text, " AND STARTED<=%lld)", (long long)upload_seconds(u->id));
    }
    return listed ? statement_run(&w->st, NULL) : ST_OK;
}
