#include "services/parser/pack.h"

/* Single values of an upload kind that make one row of a section. */
static const struct {
    enum upload_kind kind;
    const char *section;
    size_t count;
    struct {
        const char *field;
        enum document_value value;
    } fields[2];
} value_rows[] = {
    {UPLOAD_NOTIFY, "NOTIFY", 1, {{"TYPE", VALUE_TYPE}}},
    {UPLOAD_DOWNLOAD, "RESULT", 2, {{"ID", VALUE_ID}, {"ERR", VALUE_ERR}}},
};

static void pack_values(struct record_builder *b, enum upload_kind kind, const struct document *d)
{
    for (size_t i = 0; i < COUNT(value_rows); i++) {
        if (value_rows[i].kind != kind)
            continue;
        struct view names[COUNT(value_rows[i].fields)], values[COUNT(value_rows[i].fields)];
        for (size_t f = 0; f < value_rows[i].count; f++) {
            names[f] = view_of(value_rows[i].fields[f].field);
            values[f] = document_value(d, value_rows[i].fields[f].value);
        }
        record_section(b, view_of(value_rows[i].section), names, value_rows[i].count);
        record_row(b, values);
    }
}

static void pack_section(struct record_builder *b, const struct document_section *s)
{
    if (!s->row_count)
        return; /* every row of it vanished */
    record_section(b, s->name, s->fields, s->field_count);
    if (s->has_text_rows)
        record_flag(b, RECORD_TEXT_ROWS);
    for (const struct document_row *row = s->first; row; row = row->next)
        record_row(b, row->values);
}

status pack_document(struct record_builder *b, const struct upload_head *head, const struct document *d, bool lz4,
                     struct view *out, struct reason *why)
{
    struct view deviceid = document_value(d, VALUE_DEVICEID);
    if (!deviceid.data)
        deviceid = document_value(d, VALUE_CONTENT_DEVICEID);
    if (!deviceid.data)
        return reason_set(why, "no_deviceid", "the document has no DEVICEID"), ST_MALFORMED;
    const struct record_head rh = {
        .id = head->id,
        .kind = head->kind,
        .normaliser = RECORD_NORMALISER,
        .https = head->https,
        .from = head->from,
        .agent = head->agent,
        .deviceid = deviceid,
        .old_deviceid = document_value(d, VALUE_OLD_DEVICEID),
    };
    record_begin(b, &rh);
    pack_values(b, head->kind, d);
    for (size_t i = 0; i < document_section_count(d); i++)
        pack_section(b, document_section_at(d, i));
    status st = record_finish(b, lz4, out);
    if (st != ST_OK)
        reason_set(why, st == ST_TOO_BIG ? "record_too_big" : "record_memory", "its record cannot be made: %s",
                   status_name(st));
    return st;
}
