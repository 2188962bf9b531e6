#include "services/writer/applier.h"

#include "common/base/clock.h"
#include "common/log/log.h"
#include "services/writer/apply/transaction.h"
#include "services/writer/writer_metrics.h"

#include <errno.h>
#include <time.h>

enum {
    PAUSE_MIN_MS = 20,
    PAUSE_MAX_MS = 1000,
    PAUSE_SLICE_MS = 50,
    LOCK_TRIES = 30,
    LOCK_WAIT_S = 5,   /* for rows that somebody else has locked */
    TABLE_WAIT_S = 10, /* for a table that an administrator changes; the server's default is a day */
    HASTE_MS = 30000,  /* since something waited in vain: the others must not wait for the same again and again */
    IDLE_S = 30, /* of a frozen writer or one behind a broken line: the server ends its transaction and its locks */
    VERSIONS_AT_ONCE = 2000,
    OSNAMES_MAX = 1000
};

struct applier {
    struct applier_settings set;
    struct db *db;           /* owned; NULL: not connected */
    struct columns *columns; /* owned; of this connection's database */
    int64_t columns_read_ms;
    struct ocs_config options;
    struct blacklists *blacklists;     /* owned; as old as the options */
    struct operator_rules *rules;      /* owned; read together with the options */
    struct asset_categories *assets;   /* owned; the same */
    int64_t options_read_ms;           /* 0: never */
    struct dictionaries *dictionaries; /* owned, unless the settings have them */
    struct word_cache *osnames;        /* owned; words seen in the database since options_read_ms */
    struct arena *arena;               /* owned; reset before each try */
    unsigned random;                   /* for the jitter of pauses */
    int64_t hasty_until_ms;
    bool is_hasty; /* the session's time-outs are the short ones */
};

struct applier *applier_new(const struct applier_settings *set)
{
    AUTO(applier_destroy) struct applier *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->set = *set;
    a->set.sections = set->sections ? set->sections : &sections_builtin;
    a->random = (unsigned)clock_wall_us() ^ (unsigned)((uintptr_t)a >> 4);
    a->dictionaries = set->dictionaries ? set->dictionaries : dictionaries_new(set->words_max);
    a->osnames = word_cache_new(OSNAMES_MAX);
    a->rules = operator_rules_new();
    a->assets = asset_categories_new(set->assets_refresh_ms);
    a->arena = arena_new(set->memory_max);
    return a->dictionaries && a->osnames && a->rules && a->assets && a->arena ? STEAL(a) : NULL;
}

static void disconnect(struct applier *a)
{
    db_close(a->db);
    a->db = NULL;
}

void applier_destroy(struct applier *a)
{
    if (!a)
        return;
    disconnect(a);
    columns_free(a->columns);
    blacklists_free(a->blacklists);
    if (!a->set.dictionaries)
        dictionaries_destroy(a->dictionaries);
    word_cache_destroy(a->osnames);
    operator_rules_free(a->rules);
    asset_categories_free(a->assets);
    arena_destroy(a->arena);
    free(a);
}

/* ---- connection ---- */

static status read_columns(struct applier *a, struct reason *why)
{
    struct columns *columns = NULL;
    status st = columns_read(a->db, a->set.sections, &columns, why);
    if (st != ST_OK)
        return st;
    columns_log_missing(columns, a->columns);
    columns_free(a->columns);
    a->columns = columns;
    a->columns_read_ms = clock_steady_ms();
    return ST_OK;
}

/* Versions that are left stay for the next time. */
static status finish_versions(struct applier *a)
{
    struct statement st;
    arena_reset(a->arena);
    statement_init(&st, a->db);
    status result = dictionary_finish_versions(&st, a->columns, VERSIONS_AT_ONCE, a->arena);
    statement_clear(&st);
    return result == ST_AGAIN ? ST_OK : result; /* another writer is at it */
}

/* What a console may have changed since: its schema now and then. */
static status refresh_columns(struct applier *a, struct reason *why)
{
    if (clock_steady_ms() - a->columns_read_ms < a->set.columns_refresh_ms)
        return ST_OK;
    status st = read_columns(a, why);
    return st == ST_OK ? finish_versions(a) : st;
}

static void warn_of_binlog(struct db *db)
{
    static const char sql[] = "SELECT @@log_bin,@@binlog_format";
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    const struct view *row = db_query(db, sql, sizeof sql - 1, &rows) == ST_OK ? db_rows_next(rows) : NULL;
    if (row && view_is(row[0], "1") && view_is(row[1], "STATEMENT"))
        log_error("binlog_format is STATEMENT: the database refuses every write at READ COMMITTED",
                  LOG_TEXT("remedy", "set binlog_format to ROW or MIXED"));
}

/* The console changes them at any time; within some seconds it counts. */
static status read_options(struct applier *a)
{
    int64_t now_ms = clock_steady_ms();
    if (a->options_read_ms && now_ms - a->options_read_ms < a->set.config_refresh_ms)
        return ST_OK;
    struct blacklists *blacklists = NULL;
    status st = ocs_config_read(a->db, &a->options);
    if (st == ST_OK)
        st = blacklists_read(a->db, a->columns, &blacklists);
    if (st == ST_OK)
        st = operator_rules_read(a->rules, a->db, &a->options);
    if (st == ST_OK)
        st = asset_categories_read(a->assets, a->db);
    if (st != ST_OK) {
        blacklists_free(blacklists);
        return st;
    }
    blacklists_free(a->blacklists);
    a->blacklists = blacklists;
    a->options_read_ms = now_ms;
    word_cache_clear(a->osnames); /* somebody else may have emptied the table */
    return ST_OK;
}

/* While a table is locked, who needs it fails at once and is held; rows are waited for shortly. */
static status set_patience(struct applier *a)
{
    bool is_hasty = clock_steady_ms() < a->hasty_until_ms;
    if (is_hasty == a->is_hasty)
        return ST_OK;
    a->is_hasty = is_hasty;
    return db_exec(a->db, "SET SESSION innodb_lock_wait_timeout=%d, SESSION lock_wait_timeout=%d",
                   is_hasty ? 1 : LOCK_WAIT_S, is_hasty ? 0 : TABLE_WAIT_S);
}

static status open_connection(struct applier *a, struct reason *why)
{
    a->is_hasty = false;
    status st = db_open(&a->set.target, &a->db, why);
    if (st != ST_OK)
        return st;
    warn_of_binlog(a->db);
    /* names of days in devices.COMMENTS are English whatever the server speaks */
    st = db_exec(a->db,
                 "SET SESSION lc_time_names='en_US', SESSION innodb_lock_wait_timeout=%d, SESSION lock_wait_timeout=%d,"
                 " SESSION wait_timeout=%d",
                 LOCK_WAIT_S, TABLE_WAIT_S, IDLE_S);
    if (st != ST_OK)
        reason_set(why, "db_session", "%s (%u)", db_error(a->db), db_errno(a->db));
    else if ((st = read_columns(a, why)) == ST_OK && (st = finish_versions(a)) != ST_OK)
        reason_set(why, "database", "table software_version: %s (%u)", db_error(a->db), db_errno(a->db));
    if (st != ST_OK) {
        disconnect(a);
        return st;
    }
    log_info("database connected", LOG_TEXT("database", a->set.target.name),
             LOG_TEXT("ids", db_ids_consecutive(a->db) ? "consecutive" : "read back"));
    return ST_OK;
}

status applier_connect(struct applier *a, struct reason *why)
{
    if (!a->db)
        return open_connection(a, why);
    status st = db_exec(a->db, "DO 1");
    if (st == ST_OK)
        st = refresh_columns(a, why);
    if (st != ST_OK) {
        reason_set(why, "db_lost", "%s (%u)", db_error(a->db), db_errno(a->db));
        disconnect(a);
    }
    return st;
}

/* ---- what a failure means ---- */

enum verdict {
    VERDICT_LOCK,        /* deadlock: repeat */
    VERDICT_WAIT,        /* somebody holds what one of the uploads needs: the others must not wait with it */
    VERDICT_LOST,        /* connect again, repeat */
    VERDICT_SCHEMA,      /* read the columns again, repeat */
    VERDICT_ENVIRONMENT, /* nothing is wrong with the uploads: repeat later */
    VERDICT_UPLOAD,      /* one of the uploads cannot be written */
};

/* Failures of the server that would hit every upload alike: a quarantine full of good uploads would help nobody. */
static const unsigned environment[] = {
    3,    1015, 1016, 1021, 1026, 1030, 1034, 1035, 1036, 1037, 1038, 1041, 1042, 1044, 1045, 1114, 1142, 1143, 1180,
    1194, 1195, 1196, 1206, 1207, 1226, 1227, 1296, 1297, 1370, 1401, 1402, 1665, 1792, 1969, 3024, 4031, 4150,
};

/* Unknown column, table, database; number of columns. */
static const unsigned schema[] = {1049, 1051, 1054, 1136, 1146, 1932};

/* What only uploads meet that need this one table: it is locked, or has no more ids for rows (MariaDB, MySQL). */
static const unsigned of_one_table[] = {1205, 167, 1467};

static bool is_listed(unsigned number, const unsigned *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == number)
            return true;
    return false;
}

static enum verdict judge(const struct applier *a, status st)
{
    unsigned number = db_errno(a->db);
    if (st == ST_UNAVAILABLE)
        return VERDICT_LOST;
    if (st == ST_NO_MEMORY && arena_failure(a->arena) == ST_NO_MEMORY)
        return VERDICT_ENVIRONMENT;
    if ((st == ST_AGAIN || st == ST_IO) && is_listed(number, of_one_table, COUNT(of_one_table)))
        return VERDICT_WAIT;
    if (st == ST_AGAIN)
        return VERDICT_LOCK;
    if (st == ST_IO && is_listed(number, schema, COUNT(schema)))
        return VERDICT_SCHEMA;
    if (st == ST_IO && is_listed(number, environment, COUNT(environment)))
        return VERDICT_ENVIRONMENT;
    return VERDICT_UPLOAD;
}

static void explain(const struct applier *a, status st, struct reason *why)
{
    if (st == ST_TOO_BIG)
        reason_set(why, "too_big", "a statement would be larger than the database's max_allowed_packet");
    else if (st == ST_NO_MEMORY && arena_failure(a->arena) == ST_NO_MEMORY)
        reason_set(why, "no_memory", "no memory for its plan");
    else if (st == ST_NO_MEMORY)
        reason_set(why, "too_big", "its plan needs more memory than MUSTER_WRITER_MEMORY_MAX");
    else
        reason_set(why, "database", "%s (%u)", db_error(a->db), db_errno(a->db));
}

/* ---- repeating ---- */

static bool is_stopping(const struct applier *a)
{
    return a->set.stopping && atomic_load(a->set.stopping);
}

/* Longer with every try, and never the same for two writers. */
static void pause_before(struct applier *a, int attempt)
{
    int64_t ms = PAUSE_MIN_MS << (attempt < 6 ? attempt : 6);
    a->random = a->random * 1103515245u + 12345u;
    ms = ms / 2 + (int64_t)(a->random >> 16) % (ms + 1);
    ms = ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
    for (; ms > 0 && !is_stopping(a); ms -= PAUSE_SLICE_MS) {
        long slice = ms < PAUSE_SLICE_MS ? (long)ms : PAUSE_SLICE_MS;
        nanosleep(&(struct timespec){.tv_nsec = slice * 1000000}, NULL);
    }
}

static status run_once(struct applier *a, struct upload **uploads, size_t count, struct reason *why)
{
    status st = a->db ? ST_OK : open_connection(a, why);
    if (st != ST_OK)
        return ST_UNAVAILABLE;
    st = read_options(a);
    if (st == ST_OK)
        st = refresh_columns(a, why);
    if (st == ST_OK)
        st = set_patience(a);
    if (st != ST_OK) {
        explain(a, st, why);
        return st;
    }
    arena_reset(a->arena);
    struct upload **mine = arena_alloc(a->arena, count * sizeof *mine);
    if (!mine)
        return ST_NO_MEMORY;
    memcpy(mine, uploads, count * sizeof *mine);
    struct wave w = {.options = &a->options,
                     .rules = a->rules,
                     .assets = a->assets,
                     .columns = a->columns,
                     .dictionaries = a->dictionaries,
                     .osnames = a->osnames,
                     .arena = a->arena,
                     .absent = a->set.absent,
                     .accept_tag = a->set.accept_tag,
                     .turn = a->set.turn,
                     .ocs_sessions = a->set.ocs_sessions,
                     .asset_tag = a->set.asset_tag,
                     .blacklists = a->blacklists,
                     .uploads = mine,
                     .upload_count = count};
    statement_init(&w.st, a->db);
    st = wave_run(&w);
    statement_clear(&w.st);
    if (st != ST_OK) {
        explain(a, st, why);
        for (size_t i = 0; i < count; i++)
            uploads[i]->outcome = UPLOAD_WAITS;
    }
    return st;
}

/* After a failure: leave the connection without a transaction, or leave it. */
static void clean_up(struct applier *a, enum verdict verdict)
{
    struct reason why;
    if (!a->db)
        return;
    status under_way = db_finish(a->db); /* it is rolled back, too */
    bool usable = verdict != VERDICT_LOST && under_way != ST_UNAVAILABLE && db_exec(a->db, "ROLLBACK") == ST_OK &&
                  (verdict != VERDICT_SCHEMA || read_columns(a, &why) == ST_OK);
    if (!usable)
        disconnect(a);
}

static void count_retry(enum verdict verdict)
{
    metric_add(verdict == VERDICT_LOCK     ? &writer_metrics.retries_lock
               : verdict == VERDICT_WAIT   ? &writer_metrics.retries_wait
               : verdict == VERDICT_SCHEMA ? &writer_metrics.retries_schema
                                           : &writer_metrics.retries_lost,
               1);
}

/* @retval ST_OK  @retval ST_UNAVAILABLE not now  @retval ST_AGAIN one of the uploads has to wait for a lock
 * @retval other: one of the uploads cannot be written */
static status run_repeatedly(struct applier *a, struct upload **uploads, size_t count, struct reason *why)
{
    int64_t deadline = clock_steady_ms() + a->set.retry_for_ms;
    for (int attempt = 0;; attempt++) {
        status st = run_once(a, uploads, count, why);
        if (st == ST_OK)
            return ST_OK;
        enum verdict verdict = a->db ? judge(a, st) : VERDICT_LOST;
        clean_up(a, verdict);
        if (verdict == VERDICT_UPLOAD)
            return st;
        count_retry(verdict);
        bool is_late = clock_steady_ms() >= deadline;
        if (verdict == VERDICT_WAIT) {
            bool is_first = clock_steady_ms() >= a->hasty_until_ms;
            a->hasty_until_ms = clock_steady_ms() + HASTE_MS;
            if ((count > 1 || attempt > 0 || is_late || !is_first) && !is_stopping(a))
                return ST_AGAIN;
        }
        bool enough = verdict == VERDICT_LOCK ? attempt >= LOCK_TRIES : is_late;
        if (enough || is_stopping(a))
            return ST_UNAVAILABLE;
        pause_before(a, attempt);
    }
}

/* ---- splitting ---- */

static void refuse(struct upload *u, const struct reason *why)
{
    u->outcome = UPLOAD_REFUSED;
    u->why = *why;
    metric_add(strcmp(why->code, "too_big") == 0 ? &writer_metrics.rejected_too_big : &writer_metrics.rejected_database,
               1);
    upload_tell(LOG_ERROR, "upload cannot be written", u);
}

/* Offered again later; what is newer of its device waits with it (batch.c). */
static void hold(struct upload *u, const struct reason *why)
{
    char id[UPLOAD_ID_TEXT];
    u->outcome = UPLOAD_HELD;
    u->why = *why;
    log_warning("upload waits", LOG_TEXT("upload", upload_id_text(u->id, id)), LOG_VIEW("device", u->key),
                LOG_REASON(why));
}

/* A device's uploads stay in order: the first half is done before the second is begun. */
status applier_apply(struct applier *a, struct upload **uploads, size_t count, struct reason *why)
{
    status st = run_repeatedly(a, uploads, count, why);
    if (st == ST_OK || st == ST_UNAVAILABLE)
        return st;
    if (count == 1) {
        if (st == ST_AGAIN)
            hold(uploads[0], why);
        else
            refuse(uploads[0], why);
        return ST_OK;
    }
    metric_add(&writer_metrics.splits, 1);
    st = applier_apply(a, uploads, count / 2, why);
    return st == ST_OK ? applier_apply(a, uploads + count / 2, count - count / 2, why) : st;
}
