/* PROLOGs that were answered (protocol.md 3.2, 3.6): the gateway decided, here is what it changes. */
#include "services/writer/apply/apply.h"
#include "services/writer/writer_metrics.h"

#include <stdio.h>

static void count_contact(struct upload *u)
{
    struct device *d = u->device;
    d->contact = u->id;
    d->contacted = d->counted = true;
    if (upload_seconds(u->id) >= d->quality.lastcome_s)
        d->last_agent = u->head->agent;
    rule_count_contact(&d->quality, upload_seconds(u->id));
    metric_add(&writer_metrics.contacts, 1);
}

/* One statement for all devices: what is counted was read under lock. */
static status write_counts(struct wave *w)
{
    AUTO(insert_clear) struct insert in;
    insert_init(&in, &w->st, NULL,
                " ON DUPLICATE KEY UPDATE FIDELITY=VALUES(FIDELITY),QUALITY=VALUES(QUALITY),LASTCOME=VALUES(LASTCOME),"
                "USERAGENT=VALUES(USERAGENT)");
    buffer_text(&in.head, "INSERT INTO hardware (ID,FIDELITY,QUALITY,LASTCOME,USERAGENT) VALUES ");
    const struct db_column *agent = columns_column(w->columns, TABLE_HARDWARE, "USERAGENT");
    status st = ST_OK;
    for (size_t i = 0; i < w->device_count && st == ST_OK; i++) {
        struct device *d = &w->devices[i];
        if (!d->counted)
            continue;
        insert_row(&in);
        buffer_format(&w->st.text, "%u,", d->hardware_id);
        if (d->quality.fidelity_known)
            buffer_format(&w->st.text, "%lld,", (long long)d->quality.fidelity);
        else
            buffer_text(&w->st.text, "NULL,"); /* NULL + 1 */
        buffer_format(&w->st.text, "%.4f,", d->quality.quality);
        append_past(&w->st.text, d->quality.lastcome_s);
        buffer_char(&w->st.text, ',');
        append_fitted(w, agent, d->last_agent);
        st = insert_row_end(&in, NULL, 0);
    }
    return st == ST_OK ? insert_finish(&in) : st;
}

/* A package of one of its groups: the device gets rows of its own, unless it has one. */
static status from_group(struct wave *w, const struct upload *u, struct view package, bool force)
{
    unsigned device = u->device->hardware_id;
    unsigned long long id = (unsigned long long)db_number(package);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&w->st, "SELECT 1 FROM devices WHERE HARDWARE_ID=%u AND NAME='DOWNLOAD' AND IVALUE=%llu LIMIT 1",
                    device, id);
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK || db_rows_count(rows) > 0)
        return st;
    if (force)
        st = statement_do(&w->st,
                          "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES (%u,'DOWNLOAD_FORCE',%llu,'1')",
                          device, id);
    if (st != ST_OK)
        return st;
    return statement_do(&w->st, "INSERT INTO devices (HARDWARE_ID,NAME,IVALUE,TVALUE) VALUES (%u,'DOWNLOAD',%llu,NULL)",
                        device, id);
}

static status in_history(struct wave *w, const struct upload *u, struct view package)
{
    statement_start(&w->st, "UPDATE devices SET TVALUE='SUCCESS_ALREADY_IN_HISTORY',COMMENTS=");
    append_time_text(&w->st.text, u->id);
    buffer_format(&w->st.text,
                  " WHERE HARDWARE_ID=%u AND NAME='DOWNLOAD' AND IVALUE=%llu AND (TVALUE IS NULL OR TVALUE='NOTIFIED')",
                  u->device->hardware_id, (unsigned long long)db_number(package));
    return statement_run(&w->st, NULL);
}

static status notified(struct wave *w, const struct upload *u)
{
    statement_start(&w->st, "UPDATE devices SET TVALUE='NOTIFIED',COMMENTS=");
    append_time_text(&w->st.text, u->id);
    buffer_format(&w->st.text, " WHERE HARDWARE_ID=%u AND NAME='DOWNLOAD' AND TVALUE IS NULL", u->device->hardware_id);
    return statement_run(&w->st, NULL);
}

static status write_packages(struct wave *w, const struct upload *u)
{
    struct record_row_view row;
    status st = ST_OK;
    const struct record_section_view *s = record_section_find(u->record, "DOWNLOAD_FROM_GROUP");
    for (const uint8_t *at = s ? s->rows : NULL; s && st == ST_OK && record_next_row(s, &at, &row);)
        st = from_group(w, u, row_value(s, &row, "IVALUE"), view_is(row_value(s, &row, "FORCE"), "1"));
    s = record_section_find(u->record, "DOWNLOAD_IN_HISTORY");
    for (const uint8_t *at = s ? s->rows : NULL; s && st == ST_OK && record_next_row(s, &at, &row);)
        st = in_history(w, u, row_value(s, &row, "IVALUE"));
    if (st == ST_OK && record_section_find(u->record, "DOWNLOAD_NOTIFIED"))
        st = notified(w, u);
    return st;
}

status contacts_apply(struct wave *w)
{
    status st = ST_OK;
    for (size_t i = 0; i < w->upload_count; i++)
        if (w->uploads[i]->kind == UPLOAD_CONTACT && !w->uploads[i]->skipped)
            count_contact(w->uploads[i]);
    st = write_counts(w);
    for (size_t i = 0; i < w->upload_count && st == ST_OK; i++)
        if (w->uploads[i]->kind == UPLOAD_CONTACT && !w->uploads[i]->skipped)
            st = write_packages(w, w->uploads[i]);
    return st;
}
