/* What an agent says of a deployment (protocol.md 5): the state of the first row that stands for that package. */
#include "services/writer/apply/apply.h"
#include "services/writer/writer_metrics.h"

static status write_result(struct wave *w, struct upload *u)
{
    struct view file = record_single(u->record, "RESULT", "ID"), result = record_single(u->record, "RESULT", "ERR");
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&w->st,
                    "SELECT e.ID FROM devices d JOIN download_enable e ON e.ID=d.IVALUE WHERE d.HARDWARE_ID=%u "
                    "AND d.NAME='DOWNLOAD' AND e.FILEID=",
                    u->device->hardware_id);
    append_sought(w, columns_column(w->columns, TABLE_DOWNLOAD_ENABLE, "FILEID"), file.data ? file : VIEW_LITERAL(""));
    buffer_text(&w->st.text, " ORDER BY d.ID LIMIT 1");
    status st = statement_run(&w->st, &rows);
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    if (!row)
        return st; /* not a package of this device: nothing to say */
    statement_start(&w->st, "UPDATE devices SET TVALUE=");
    append_fitted(w, columns_column(w->columns, TABLE_DEVICES, "TVALUE"),
                  result.data ? result : VIEW_LITERAL("UNKNOWN_CODE"));
    buffer_text(&w->st.text, ",COMMENTS=");
    append_time_text(&w->st.text, u->id);
    buffer_format(&w->st.text, " WHERE NAME='DOWNLOAD' AND HARDWARE_ID=%u AND IVALUE=%llu", u->device->hardware_id,
                  (unsigned long long)db_number(row[0]));
    return statement_run(&w->st, NULL);
}

status downloads_apply(struct wave *w)
{
    status st = ST_OK;
    for (size_t i = 0; i < w->upload_count && st == ST_OK; i++) {
        struct upload *u = w->uploads[i];
        if (u->kind != UPLOAD_DOWNLOAD || u->skipped)
            continue;
        u->device->contact = u->id;
        u->device->contacted = true;
        metric_add(&writer_metrics.contacts, 1);
        st = write_result(w, u);
    }
    return st;
}
