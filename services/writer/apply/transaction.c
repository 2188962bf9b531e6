/* The steps of a wave, in order. Tables are always locked in this order: muster_device, hardware, devices, networks, then the sections
 * as the section map has them, software_categories, software_categories_link, hardware (locked already), accountinfo, tables of SNMP
 * types, snmp_accountinfo, download_history, saas, caches of words, muster_rows, muster_device (locked already), muster_session.
 *
 * Behind the COMMIT comes what has to see what other writers have committed. When it fails for a reason that passes, the wave is repeated:
 * its INVENTORYs are then found to be applied, and only this is done for them. */
#include "services/writer/apply/transaction.h"

#include "common/log/log.h"
#include "services/writer/writer_metrics.h"

typedef status step_fn(struct wave *w);

/* While it waits for its turn a wave must not keep those from writing that have theirs: until then it locks rows of its own devices only. */
enum { TURN_MS = 3000 };

static step_fn *const before[] = {devices_prepare, console_locks_obey, software_prepare, osnames_prepare};

static step_fn *const plan[] = {
    devices_lock, contacts_apply, downloads_apply, notices_apply, sections_plan, caches_collect,
};

static step_fn *const rows[] = {
    sections_write, categories_write, hardware_write, account_write,
    snmp_apply,     history_write,    saas_write,     caches_write,
};

static step_fn *const end[] = {duplicates_note, devices_save, sessions_end, console_locks_look_again};

static step_fn *const behind[] = {discovery_apply, duplicates_apply};

static status run_steps(struct wave *w, step_fn *const *list, size_t count)
{
    status st = ST_OK;
    for (size_t i = 0; i < count && st == ST_OK; i++)
        st = list[i](w);
    return st;
}

static void count_devices(const struct wave *w)
{
    for (size_t i = 0; i < w->device_count; i++) {
        const struct device *d = &w->devices[i];
        if (!device_writes(d))
            continue;
        metric_add(d->is_new        ? &writer_metrics.devices_new
                   : d->has_changed ? &writer_metrics.devices_changed
                                    : &writer_metrics.devices_unchanged,
                   1);
    }
}

static void commit_adjusted(struct wave *w)
{
    metric_add(&writer_metrics.values_adjusted, w->rows.adjusted);
    w->rows.adjusted = 0;
}

static void commit_counts(struct wave *w)
{
    count_devices(w);
    wave_tell(w);
    metric_add(&writer_metrics.batches, 1);
    metric_add(&writer_metrics.rows_inserted, w->rows.inserted);
    metric_add(&writer_metrics.rows_deleted, w->rows.deleted);
    metric_add(&writer_metrics.sections_compared, w->rows.compared);
    commit_adjusted(w);
    metric_add(&writer_metrics.sections_unknown, w->rows.sections_lost);
    metric_add(&writer_metrics.fields_unknown, w->rows.fields_lost);
    for (size_t i = 0; i < w->upload_count; i++)
        w->uploads[i]->outcome = UPLOAD_APPLIED;
}

/* The INVENTORYs are stored: what is wrong here must not send them into quarantine. */
static status run_behind(struct wave *w)
{
    for (size_t i = 0; i < COUNT(behind); i++) {
        status st = behind[i](w);
        if (st == ST_AGAIN || st == ST_UNAVAILABLE)
            return st;
        if (st == ST_OK) {
            commit_adjusted(w);
            continue;
        }
        metric_add(&writer_metrics.behind_failed, 1);
        log_error("discovery or merge given up", LOG_TEXT("status", status_name(st)),
                  LOG_TEXT("database", db_error(w->st.db)));
        if (statement_do(&w->st, "ROLLBACK") != ST_OK)
            return ST_UNAVAILABLE;
    }
    return ST_OK;
}

static bool writes_sections(const struct wave *w)
{
    bool is_snmp = false;
    for (size_t i = 0; i < w->upload_count; i++)
        is_snmp |= w->uploads[i]->kind == UPLOAD_SNMP;
    return is_snmp || w->work_count > 0;
}

/* Two connections that insert into the same tables at once wait for each other's pages by spinning, so those of one writer take turns. It
 * is no lock: rows keep their own. Who has the turn may wait for a row, or for a database that is gone, and so is not waited for
 * longer than a batch takes. What only sees that nothing has changed needs no turn. */
static bool take_turn(struct wave *w)
{
    return w->turn && writes_sections(w) && turn_take(w->turn, TURN_MS);
}

/* The commit is left out where it can be: a disk that syncs is no reason for the next one to wait. */
static status write_and_commit(struct wave *w)
{
    bool has_turn = take_turn(w);
    status st = run_steps(w, rows, COUNT(rows));
    if (has_turn && !w->keeps_turn) {
        turn_give(w->turn);
        has_turn = false;
    }
    if (st == ST_OK)
        st = run_steps(w, end, COUNT(end));
    if (st == ST_OK)
        st = statement_do(&w->st, "COMMIT");
    if (has_turn)
        turn_give(w->turn);
    return st;
}

static status run_transaction(struct wave *w)
{
    status st = statement_do(&w->st, "START TRANSACTION");
    if (st == ST_OK)
        st = run_steps(w, plan, COUNT(plan));
    return st == ST_OK ? write_and_commit(w) : st;
}

status wave_run(struct wave *w)
{
    status st = run_steps(w, before, COUNT(before));
    if (st == ST_OK)
        st = run_transaction(w);
    if (st != ST_OK)
        return st;
    commit_counts(w);
    return run_behind(w);
}
