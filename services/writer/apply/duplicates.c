/* Which other devices are the machine that an INVENTORY came from (inventory-to-database.md 15).
 *
 * A search costs a statement, so it is made only when the answer can be another one: what the level asks for is remembered (as the hash of
 * a section that no upload has), and an upload that says the same is not searched for again. It is made behind the COMMIT: of two writers
 * that store the same machine at the same time, the later one then sees the other's device. An upload that comes again, because something
 * went wrong between its COMMIT and its merge, is always searched for. */
#include "services/writer/apply/evidence.h"
#include "services/writer/apply/merge.h"

#include <stdio.h>

enum { SEARCH_MAX = 1000 }; /* devices found for one upload at most: the rest is merged at its next INVENTORY */

/* No element of XML has such a name. */
static uint64_t identity_key(void)
{
    return state_section_key(VIEW_LITERAL("/identity"));
}

static int64_t level_of(const struct wave *w)
{
    int64_t level = w->options->auto_duplicate_lvl;
    return (level & EVIDENCE_ASSET_TAG) && !w->asset_tag ? 0 : level;
}

/* Groups are rows of hardware too, with a DEVICEID that begins with an underscore: they are nobody's twin. */
static bool names_old_device(const struct device *d)
{
    struct view old = d->upload->head->old_deviceid;
    return old.len && old.data[0] != '_' && !view_equal(old, d->upload->head->deviceid);
}

status duplicates_note(struct wave *w)
{
    int64_t level = level_of(w);
    struct identity *id = arena_alloc(w->arena, sizeof *id);
    if (!id)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < w->device_count; i++) {
        struct device *d = &w->devices[i];
        if (!device_is_current(d))
            continue;
        d->searches = names_old_device(d);
        identity_read(d->upload->record, w->blacklists, id);
        if (level <= 0 || !evidence_is_possible(id, level))
            continue;
        struct record_hash hash = evidence_hash(id, level);
        if (device_writes(d) && !(d->flags & DEVICE_SEARCH_AGAIN) &&
            state_section_is(&d->sections, identity_key(), hash))
            continue;
        state_section_put(&d->sections, identity_key(), hash);
        d->searches = true;
    }
    return ST_OK;
}

/* ---- the search ---- */

struct search {
    struct wave *wave;
    size_t parts;
    struct identity *id; /* of the device in hand */
};

static void open_part(struct search *s, size_t device, bool named)
{
    struct buffer *sql = &s->wave->st.text;
    buffer_format(sql, "%s(SELECT %zu,%d,h.ID,h.DEVICEID FROM hardware h", s->parts++ ? " UNION ALL " : "", device,
                  named);
}

static void close_part(struct search *s, const struct device *d)
{
    buffer_format(&s->wave->st.text, " AND h.ID<>%u AND LEFT(h.DEVICEID,1)<>'_' LIMIT %d)", d->hardware_id, SEARCH_MAX);
}

static void search_named(struct search *s, size_t device)
{
    const struct device *d = &s->wave->devices[device];
    open_part(s, device, true);
    buffer_text(&s->wave->st.text, " WHERE h.DEVICEID=");
    append_sought(s->wave, columns_column(s->wave->columns, TABLE_HARDWARE, "DEVICEID"), d->upload->head->old_deviceid);
    close_part(s, d);
}

static const struct {
    enum evidence bit;
    const char *column;
    enum columns_table table;
    size_t offset; /* of its value in struct identity */
} single[] = {
    {EVIDENCE_NAME, "NAME", TABLE_HARDWARE, offsetof(struct identity, name)},
    {EVIDENCE_UUID, "UUID", TABLE_HARDWARE, offsetof(struct identity, uuid)},
    {EVIDENCE_SERIAL, "SSN", TABLE_BIOS, offsetof(struct identity, serial)},
    {EVIDENCE_MODEL, "SMODEL", TABLE_BIOS, offsetof(struct identity, model)},
    {EVIDENCE_ASSET_TAG, "ASSETTAG", TABLE_BIOS, offsetof(struct identity, asset_tag)},
};

static void append_singles(struct search *s, int64_t level)
{
    struct buffer *sql = &s->wave->st.text;
    for (size_t i = 0; i < COUNT(single); i++) {
        if (!(level & single[i].bit))
            continue;
        const struct view *value = (const void *)((const char *)s->id + single[i].offset);
        buffer_format(sql, " AND %s.%s=", single[i].table == TABLE_BIOS ? "b" : "h", single[i].column);
        append_sought(s->wave, columns_column(s->wave->columns, single[i].table, single[i].column), *value);
    }
}

static void append_macs(struct search *s)
{
    struct buffer *sql = &s->wave->st.text;
    buffer_text(sql, " AND h.ID IN (SELECT n.HARDWARE_ID FROM networks n WHERE n.MACADDR IN (");
    for (size_t i = 0; i < s->id->mac_count; i++) {
        buffer_text(sql, i ? "," : "");
        append_sought(s->wave, columns_column(s->wave->columns, TABLE_NETWORKS, "MACADDR"), s->id->macs[i]);
    }
    buffer_text(sql, "))");
}

/* All that the level asks for in one statement: which index is the most selective is known to the database better than to us. */
static void search_evidence(struct search *s, size_t device, int64_t level)
{
    const struct device *d = &s->wave->devices[device];
    identity_read(d->upload->record, s->wave->blacklists, s->id);
    if (level <= 0 || !evidence_is_possible(s->id, level))
        return;
    open_part(s, device, false);
    if (level & (EVIDENCE_SERIAL | EVIDENCE_MODEL | EVIDENCE_ASSET_TAG))
        buffer_text(&s->wave->st.text, " JOIN bios b ON b.HARDWARE_ID=h.ID");
    buffer_text(&s->wave->st.text, " WHERE 1");
    append_singles(s, level);
    if (level & EVIDENCE_MAC)
        append_macs(s);
    close_part(s, d);
}

/* A column that an old schema lacks is evidence that nobody has. */
static bool has_columns(const struct wave *w, int64_t level)
{
    for (size_t i = 0; i < COUNT(single); i++)
        if ((level & single[i].bit) && !columns_column(w->columns, single[i].table, single[i].column))
            return false;
    return true;
}

static size_t write_search(struct wave *w, struct search *s)
{
    int64_t level = has_columns(w, level_of(w)) ? level_of(w) : 0;
    statement_start(&w->st, "%s", "");
    for (size_t i = 0; i < w->device_count; i++) {
        struct device *d = &w->devices[i];
        if (!d->searches || !d->hardware_id)
            continue;
        if (names_old_device(d))
            search_named(s, i);
        search_evidence(s, i, level);
    }
    return s->parts;
}

/* ---- what it found ---- */

static int compare_texts_of(uint32_t a, uint32_t b)
{
    char x[16], y[16];
    snprintf(x, sizeof x, "%u", a);
    snprintf(y, sizeof y, "%u", b);
    return strcmp(x, y);
}

/* The newest upload first: what it merges is no longer there for the others. Then as OCS does it: the device that the agent names, then
 * the others by their id, as text; what the last one had is what stays. */
static int compare_merges(const void *a, const void *b)
{
    const struct merge *x = a, *y = b;
    int order = upload_id_compare(y->into->upload->id, x->into->upload->id);
    if (order == 0)
        order = (int)y->named - (int)x->named;
    return order ? order : compare_texts_of(x->old_id, y->old_id);
}

static status take_found(struct wave *w, struct db_rows *rows, struct merge *merges, size_t *count)
{
    for (const struct view *row; (row = db_rows_next(rows));) {
        size_t device = (size_t)db_number(row[0]);
        if (device >= w->device_count)
            continue;
        struct merge *m = &merges[(*count)++];
        *m = (struct merge){.into = &w->devices[device],
                            .named = db_number(row[1]) != 0,
                            .old_id = (uint32_t)db_number(row[2]),
                            .old_key = arena_copy(w->arena, row[3])};
        if (!m->old_key.data)
            return ST_NO_MEMORY;
    }
    qsort(merges, *count, sizeof *merges, compare_merges);
    return ST_OK;
}

status duplicates_apply(struct wave *w)
{
    struct search s = {.wave = w, .id = arena_alloc(w->arena, sizeof *s.id)};
    if (!s.id)
        return ST_NO_MEMORY;
    if (write_search(w, &s) == 0)
        return ST_OK;
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = statement_run(&w->st, &rows);
    size_t count = 0;
    if (st != ST_OK || db_rows_count(rows) == 0)
        return st;
    struct merge *merges = arena_alloc(w->arena, db_rows_count(rows) * sizeof *merges);
    if (!merges)
        return ST_NO_MEMORY;
    st = take_found(w, rows, merges, &count);
    return st == ST_OK && count ? merges_run(w, merges, count) : st;
}
