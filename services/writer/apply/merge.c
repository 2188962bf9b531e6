/* What a merge moves from the old device to the new one, and what it deletes: a table of tables, worked on in its order after the rows of
 * muster_device and hardware are locked. */
#include "services/writer/apply/merge.h"

#include "common/log/log.h"
#include "services/writer/apply/lookup.h"
#include "services/writer/writer_metrics.h"

enum merge_form {
    MERGE_MOVE,    /* rows of the old device become rows of the new one */
    MERGE_REPLACE, /* the same, and the new one's own rows go, whatever the old one has */
    MERGE_INHERIT, /* the same, but only if the old one has any */
    MERGE_ONE,     /* one row at most: the new device's own stays */
    MERGE_GROUPS,  /* memberships that the operator gave; what a query gave is not moved */
    MERGE_DROP,    /* rows of the old device go */
};

static const struct {
    enum columns_table table;
    const char *name, *column;
    enum merge_form form;
} tables[] = {
    {TABLE_ACCOUNTINFO, "accountinfo", "HARDWARE_ID", MERGE_INHERIT},
    {TABLE_ARCHIVE, "archive", "HARDWARE_ID", MERGE_DROP},
    {TABLE_DEVICES, "devices", "HARDWARE_ID", MERGE_REPLACE},
    {TABLE_DOWNLOAD_ENABLE, "download_enable", "SERVER_ID", MERGE_MOVE},
    {TABLE_DOWNLOAD_HISTORY, "download_history", "HARDWARE_ID", MERGE_DROP},
    {TABLE_DOWNLOAD_SERVERS, "download_servers", "HARDWARE_ID", MERGE_ONE},
    {TABLE_GROUPS_CACHE, "groups_cache", "HARDWARE_ID", MERGE_GROUPS},
    {TABLE_ITMGMT_COMMENTS, "itmgmt_comments", "HARDWARE_ID", MERGE_MOVE},
    {TABLE_NETMAP, "netmap", "HARDWARE_ID", MERGE_MOVE},
    {TABLE_SAAS, "saas", "HARDWARE_ID", MERGE_DROP},
    {TABLE_MUSTER_ROWS, "muster_rows", "HARDWARE_ID", MERGE_DROP},
    {TABLE_MUSTER_DEVICE, "muster_device", "HARDWARE_ID", MERGE_DROP},
};

/* ---- locks ---- */

static status lock_devices(struct wave *w, const struct merge *merges, size_t count)
{
    struct view *keys = arena_alloc(w->arena, (2 * count + 1) * sizeof *keys);
    if (!keys)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        keys[2 * i] = merges[i].into->row_key;
        keys[2 * i + 1] = merges[i].old_key;
    }
    qsort(keys, 2 * count, sizeof *keys, lookup_compare);
    statement_start(&w->st, "SELECT DEVICEID FROM muster_device FORCE INDEX (PRIMARY) WHERE DEVICEID IN (");
    for (size_t i = 0; i < 2 * count; i++) {
        buffer_text(&w->st.text, i ? "," : "");
        statement_value(&w->st, keys[i]);
    }
    buffer_text(&w->st.text, ") ORDER BY DEVICEID FOR UPDATE");
    return statement_run(&w->st, NULL);
}

static void note_locked(struct merge *merges, size_t count, const struct view *row)
{
    for (size_t i = 0; i < count; i++)
        if (merges[i].old_id == db_number(row[0]) && view_equal(merges[i].old_key, row[1]))
            merges[i].is_there = true;
}

static status lock_hardware(struct wave *w, struct merge *merges, size_t count)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    statement_start(&w->st, "SELECT ID,DEVICEID FROM hardware FORCE INDEX (PRIMARY) WHERE ID IN (");
    for (size_t i = 0; i < count; i++)
        buffer_format(&w->st.text, "%s%u,%u", i ? "," : "", merges[i].into->hardware_id, merges[i].old_id);
    buffer_text(&w->st.text, ") ORDER BY ID FOR UPDATE");
    status st = statement_run(&w->st, &rows);
    for (const struct view *row; st == ST_OK && (row = db_rows_next(rows));)
        note_locked(merges, count, row);
    return st;
}

/* What the console deletes or merges at this moment is its business. */
static status find_held(struct wave *w, struct merge *merges, size_t count)
{
    struct console_locks locks = {0};
    status st = console_locks_read(w, &locks);
    for (size_t i = 0; i < count && st == ST_OK; i++)
        merges[i].held = console_locks_hold(&locks, merges[i].old_id, merges[i].old_key);
    return st;
}

/* ---- one table ---- */

static status move_groups(struct wave *w, uint32_t from, uint32_t to)
{
    status st =
        statement_do(&w->st,
                     "INSERT INTO groups_cache (HARDWARE_ID,GROUP_ID,STATIC) SELECT %u,o.GROUP_ID,o.STATIC FROM "
                     "groups_cache o WHERE o.HARDWARE_ID=%u AND o.STATIC IN (1,2) ON DUPLICATE KEY UPDATE "
                     "STATIC=IF(groups_cache.STATIC IN (1,2),groups_cache.STATIC,VALUES(STATIC))",
                     to, from);
    return st == ST_OK ? statement_do(&w->st, "DELETE FROM groups_cache WHERE HARDWARE_ID=%u", from) : st;
}

static status move_rows(struct wave *w, size_t table, uint32_t from, uint32_t to)
{
    const char *name = tables[table].name, *column = tables[table].column;
    status st = ST_OK;
    switch (tables[table].form) {
    case MERGE_DROP: return ST_OK; /* for all devices at once, later */
    case MERGE_GROUPS: return move_groups(w, from, to);
    case MERGE_MOVE: break;
    case MERGE_REPLACE: st = statement_do(&w->st, "DELETE FROM %s WHERE %s=%u", name, column, to); break;
    case MERGE_INHERIT:
        st = statement_do(&w->st, "DELETE n FROM %s n JOIN %s o ON o.%s=%u WHERE n.%s=%u", name, name, column, from,
                          column, to);
        break;
    case MERGE_ONE:
        st = statement_do(&w->st, "DELETE o FROM %s o JOIN %s n ON n.%s=%u WHERE o.%s=%u", name, name, column, to,
                          column, from);
        break;
    }
    return st == ST_OK ? statement_do(&w->st, "UPDATE %s SET %s=%u WHERE %s=%u", name, column, to, column, from) : st;
}

static bool has_column(const struct wave *w, size_t table)
{
    return columns_column(w->columns, tables[table].table, tables[table].column) != NULL;
}

/* ---- one merge ---- */

/* The new row keeps what the upload said; how often and how regularly the machine calls is known from the old one. */
static status merge_hardware(struct wave *w, const struct merge *m)
{
    bool system = rule_is_system_user(record_single(m->into->upload->record, "HARDWARE", "USERID"));
    return statement_do(
        &w->st,
        "UPDATE hardware n JOIN hardware o ON o.ID=%u SET n.QUALITY=COALESCE(o.QUALITY,0),"
        "n.FIDELITY=o.FIDELITY,n.CHECKSUM=COALESCE(n.CHECKSUM,0)|COALESCE(o.CHECKSUM,0)%s WHERE n.ID=%u",
        m->old_id, system ? ",n.USERID=o.USERID" : "", m->into->hardware_id);
}

static status trace(struct wave *w, const struct merge *m)
{
    if (!w->options->trace_deleted || !columns_table(w->columns, TABLE_DELETED_EQUIV))
        return ST_OK;
    return statement_do(&w->st, "INSERT INTO deleted_equiv (DATE,DELETED,EQUIVALENT) VALUES (NOW(),%u,%u)", m->old_id,
                        m->into->hardware_id);
}

static status merge_one(struct wave *w, struct merge *m)
{
    status st = merge_hardware(w, m);
    for (size_t i = 0; i < COUNT(tables) && st == ST_OK; i++)
        if (has_column(w, i))
            st = move_rows(w, i, m->old_id, m->into->hardware_id);
    if (st == ST_OK)
        st = trace(w, m);
    m->done = st == ST_OK;
    return st;
}

/* A device that was merged is there for no other merge, neither as the old nor as the new one. */
static bool is_gone(const struct merge *merges, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (merges[i].done && merges[i].old_id == id)
            return true;
    return false;
}

/* ---- what goes ---- */

static status drop_rows(struct wave *w, const char *table, const char *column, const struct merge *merges, size_t count)
{
    size_t listed = 0;
    statement_start(&w->st, "DELETE FROM `%s` WHERE %s IN (", table, column);
    for (size_t i = 0; i < count; i++)
        if (merges[i].done)
            buffer_format(&w->st.text, "%s%u", listed++ ? "," : "", merges[i].old_id);
    buffer_char(&w->st.text, ')');
    return listed ? statement_run(&w->st, NULL) : ST_OK;
}

static status drop_all(struct wave *w, const struct merge *merges, size_t count)
{
    status st = ST_OK;
    for (size_t i = 0; i < columns_section_count(w->columns) && st == ST_OK; i++) {
        const struct section_columns *c = columns_section(w->columns, i);
        if (c->table)
            st = drop_rows(w, c->section->table, "HARDWARE_ID", merges, count);
    }
    for (size_t i = 0; i < COUNT(tables) && st == ST_OK; i++)
        if (tables[i].form == MERGE_DROP && has_column(w, i))
            st = drop_rows(w, tables[i].name, tables[i].column, merges, count);
    return st == ST_OK ? drop_rows(w, "hardware", "ID", merges, count) : st;
}

static status search_again(struct wave *w, const struct merge *m)
{
    statement_start(&w->st, "UPDATE muster_device SET FLAGS=FLAGS|%d WHERE DEVICEID=", DEVICE_SEARCH_AGAIN);
    statement_value(&w->st, m->into->row_key);
    return statement_run(&w->st, NULL);
}

/* ---- all of them ---- */

static status merge_all(struct wave *w, struct merge *merges, size_t count)
{
    status st = ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++) {
        struct merge *m = &merges[i];
        if (!m->is_there || is_gone(merges, count, m->old_id) || is_gone(merges, count, m->into->hardware_id))
            continue;
        st = m->held ? search_again(w, m) : merge_one(w, m);
    }
    return st == ST_OK ? drop_all(w, merges, count) : st;
}

static void report(const struct merge *merges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!merges[i].done)
            continue;
        metric_add(&writer_metrics.merges, 1);
        /* twice, so that either of the two finds it under its own name */
        log_info("merged into another device", LOG_VIEW("device", merges[i].old_key),
                 LOG_VIEW("into", merges[i].into->row_key), LOG_TEXT("phase", "duplicate"),
                 LOG_TEXT("reason", "merged"));
        log_info("devices merged", LOG_VIEW("device", merges[i].into->row_key), LOG_VIEW("old", merges[i].old_key),
                 LOG_TEXT("phase", "duplicate"), LOG_TEXT("reason", "merged"),
                 LOG_NUMBER("id", merges[i].into->hardware_id), LOG_NUMBER("old_id", merges[i].old_id),
                 LOG_TEXT("because", merges[i].named ? "OLD_DEVICEID" : "AUTO_DUPLICATE_LVL"));
    }
}

status merges_run(struct wave *w, struct merge *merges, size_t count)
{
    status st = statement_do(&w->st, "START TRANSACTION");
    if (st == ST_OK)
        st = lock_devices(w, merges, count);
    if (st == ST_OK)
        st = lock_hardware(w, merges, count);
    if (st == ST_OK)
        st = find_held(w, merges, count);
    if (st == ST_OK)
        st = merge_all(w, merges, count);
    if (st == ST_OK)
        st = statement_do(&w->st, "COMMIT");
    if (st == ST_OK)
        report(merges, count);
    return st;
}
