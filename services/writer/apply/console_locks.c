/* OCS's console puts a row into `locks` while it deletes or merges a computer (inventory-to-database.md 14). An INVENTORY of that computer
 * waits: it is given back to be offered again. We put no row there ourselves: what we do is one transaction on rows that we lock. */
#include "services/writer/apply/apply.h"
#include "services/writer/writer_metrics.h"

struct console_lock {
    uint32_t hardware_id;
    struct view deviceid; /* absent: no such computer (any more) */
    bool stale;
};

status console_locks_read(struct wave *w, struct console_locks *out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    out->count = 0;
    if (!columns_table(w->columns, TABLE_LOCKS))
        return ST_OK;
    long long age = w->options->lock_reuse_time;
    statement_start(
        &w->st,
        "SELECT l.HARDWARE_ID,h.DEVICEID,%lld>0 AND l.SINCE<NOW()-INTERVAL %lld SECOND FROM locks l LEFT JOIN "
        "hardware h ON h.ID=l.HARDWARE_ID LIMIT 10000",
        age, age);
    status st = statement_run(&w->st, &rows);
    if (st != ST_OK || db_rows_count(rows) == 0)
        return st;
    out->items = arena_alloc(w->arena, db_rows_count(rows) * sizeof *out->items);
    if (!out->items)
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));)
        out->items[out->count++] = (struct console_lock){.hardware_id = (uint32_t)db_number(row[0]),
                                                         .deviceid = arena_copy(w->arena, row[1]),
                                                         .stale = db_number(row[2]) != 0};
    return ST_OK;
}

static const struct console_lock *find_lock(const struct console_locks *locks, uint32_t hardware_id,
                                            struct view deviceid)
{
    for (size_t i = 0; i < locks->count; i++) {
        const struct console_lock *lock = &locks->items[i];
        if (lock->hardware_id == hardware_id || (lock->deviceid.data && view_equal(lock->deviceid, deviceid)))
            return lock;
    }
    return NULL;
}

bool console_locks_hold(const struct console_locks *locks, uint32_t hardware_id, struct view deviceid)
{
    const struct console_lock *lock = find_lock(locks, hardware_id, deviceid);
    return lock && !lock->stale;
}

/* As OCS does it: the lock of a request that died is taken over, and so goes. */
static status remove_stale(struct wave *w, const struct console_lock *lock)
{
    long long age = w->options->lock_reuse_time;
    return statement_do(&w->st, "DELETE FROM locks WHERE HARDWARE_ID=%u AND SINCE<NOW()-INTERVAL %lld SECOND",
                        lock->hardware_id, age);
}

status console_locks_obey(struct wave *w)
{
    struct console_locks locks = {0};
    size_t held = 0;
    status st = console_locks_read(w, &locks);
    for (size_t i = 0; i < w->device_count && locks.count && st == ST_OK; i++) {
        struct device *d = &w->devices[i];
        const struct console_lock *lock = d->upload ? find_lock(&locks, d->hardware_id, d->key) : NULL;
        if (lock && lock->stale)
            st = remove_stale(w, lock);
        else if (lock) {
            d->upload->outcome = UPLOAD_HELD;
            reason_set(&d->upload->why, "device_locked", "the console works on it");
            metric_add(&writer_metrics.held, 1);
            upload_tell(LOG_INFO, "upload given back", d->upload);
            d->upload = NULL;
            held++;
        }
    }
    if (held)
        devices_drop(w);
    return st;
}

/* The console began with it since: what it has deleted already would be there again. From here to the COMMIT the rows that we wrote are
 * locked, so whoever begins now waits for them, and deletes them too. */
status console_locks_look_again(struct wave *w)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    size_t count = 0;
    if (!columns_table(w->columns, TABLE_LOCKS))
        return ST_OK;
    statement_start(&w->st, "SELECT 1 FROM locks WHERE HARDWARE_ID IN (");
    for (size_t i = 0; i < w->device_count; i++)
        if (device_writes(&w->devices[i]) && w->devices[i].hardware_id && !w->devices[i].is_new)
            buffer_format(&w->st.text, count++ ? ",%u" : "%u", w->devices[i].hardware_id);
    if (count == 0)
        return ST_OK;
    buffer_text(&w->st.text, ") LIMIT 1");
    status st = statement_run(&w->st, &rows);
    return st == ST_OK && db_rows_count(rows) > 0 ? ST_AGAIN : st;
}
