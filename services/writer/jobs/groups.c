/* Dynamic groups (protocol.md 2.1): which computers a stored request selects is kept in groups_cache.
 *
 * A group that is made of several requests holds the computers that all of them select. OCS pastes the ids found so far behind the next
 * request; we run each by itself and keep what they have in common, which is the same for every request that OCS could run, and an empty
 * result stays empty (G-13).
 *
 * A request that fails leaves the group as it is, and is tried again when the group is out of date again. */
#include "services/writer/jobs/group_request.h"
#include "services/writer/jobs/job.h"

#include "common/log/log.h"
#include "services/writer/writer_metrics.h"

#include <strings.h>

enum { AT_ONCE = 100, MEMORY_MAX = 64 << 20 };

struct ids {
    uint32_t *list; /* ascending, each once */
    size_t count;
};

struct refresh {
    struct job *job;
    struct arena *arena;
    uint32_t group;
    bool failed; /* its request cannot be run: leave its rows */
    struct ids found;
    size_t added, removed;
};

static int compare_ids(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static bool has_id(const struct ids *ids, uint32_t id)
{
    return ids->count && bsearch(&id, ids->list, ids->count, sizeof id, compare_ids);
}

/* ---- asking ---- */

static status take_ids(struct refresh *r, struct db_rows *rows, struct ids *out)
{
    size_t count = 0;
    uint32_t *list = arena_alloc(r->arena, (db_rows_count(rows) + 1) * sizeof *list);
    if (!list)
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));)
        if (db_number(row[0]) > 0 && db_number(row[0]) <= INT32_MAX)
            list[count++] = (uint32_t)db_number(row[0]);
    qsort(list, count, sizeof *list, compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    *out = (struct ids){list, kept};
    return ST_OK;
}

static void fail(struct refresh *r, const char *code, const char *detail)
{
    r->failed = true;
    metric_add(&writer_metrics.groups_failed, 1);
    log_warning("group's request cannot be run", LOG_NUMBER("group", r->group), LOG_TEXT("reason", code),
                LOG_TEXT("detail", detail));
}

/* What the administrator wrote may do nothing but read. */
static status ask(struct refresh *r, struct view request, struct db_rows **rows)
{
    struct db *db = r->job->db;
    status st = db_exec(db, "START TRANSACTION READ ONLY");
    if (st == ST_OK)
        st = db_query(db, request.data, request.len, rows);
    if (st == ST_IO || st == ST_TOO_BIG || st == ST_CONFLICT) {
        fail(r, "database", db_error(db));
        st = ST_OK;
    }
    return st == ST_OK ? db_exec(db, "ROLLBACK") : st;
}

static status run_request(struct refresh *r, struct view request, struct ids *out)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (!group_request_is_select(request)) {
        fail(r, "not_a_select", "only one plain SELECT is run");
        return ST_OK;
    }
    status st = ask(r, request, &rows);
    if (st != ST_OK || r->failed)
        return st;
    if (!rows || db_rows_count(rows) >= JOB_ROWS_MAX) {
        fail(r, "rows", "it selects nothing at all or too much");
        return ST_OK;
    }
    return take_ids(r, rows, out);
}

static void append_ids(struct buffer *sql, const struct ids *ids, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        buffer_format(sql, "%s%u", i > from ? "," : "", ids->list[i]);
}

static size_t end_of_list(const struct ids *ids, size_t from)
{
    return ids->count - from < JOB_LIST_MAX ? ids->count : from + JOB_LIST_MAX;
}

/* Of these, those that are computers: no groups, and nothing that is gone. */
static status keep_computers(struct refresh *r, struct ids *ids)
{
    size_t kept = 0;
    for (size_t i = 0, end; i < ids->count && !job_is_over(r->job); i = end) {
        AUTO(db_rows_free) struct db_rows *rows = NULL;
        end = end_of_list(ids, i);
        job_start(r->job,
                  "SELECT ID FROM hardware WHERE DEVICEID NOT IN ('_SYSTEMGROUP_','_DOWNLOADGROUP_') AND ID IN (");
        append_ids(&r->job->sql, ids, i, end);
        buffer_text(&r->job->sql, ") ORDER BY ID");
        status st = job_run(r->job, &rows);
        if (st != ST_OK)
            return st;
        for (const struct view *row; (row = db_rows_next(rows)) && kept < end;)
            ids->list[kept++] = (uint32_t)db_number(row[0]);
    }
    ids->count = kept;
    return ST_OK;
}

static void keep_common(struct ids *ids, const struct ids *others)
{
    size_t kept = 0;
    for (size_t i = 0; i < ids->count; i++)
        if (has_id(others, ids->list[i]))
            ids->list[kept++] = ids->list[i];
    ids->count = kept;
}

static status run_requests(struct refresh *r, struct view xmldef)
{
    AUTO(group_requests_clear) struct group_requests requests = {0};
    struct reason why = {0};
    if (group_requests_read(xmldef, &requests, &why) != ST_OK) {
        fail(r, why.code, why.text);
        return ST_OK;
    }
    status st = ST_OK;
    for (size_t i = 0; i < requests.count && st == ST_OK && !r->failed && !job_is_over(r->job); i++) {
        struct ids ids = {0};
        st = run_request(r, buffer_view(&requests.texts[i]), &ids);
        if (i == 0)
            r->found = ids;
        else
            keep_common(&r->found, &ids);
        if (r->found.count == 0)
            break;
    }
    return st;
}

static bool is_given(struct view text)
{
    return text.len > 0 && !(text.len == 4 && strncasecmp(text.data, "NULL", 4) == 0);
}

/* ---- writing ---- */

static status remove_members(struct refresh *r, const struct ids *ids)
{
    status st = ST_OK;
    for (size_t i = 0, end; i < ids->count && st == ST_OK && !job_is_over(r->job); i = end) {
        end = end_of_list(ids, i);
        job_start(r->job, "DELETE FROM groups_cache WHERE STATIC=0 AND GROUP_ID=%u AND HARDWARE_ID IN (", r->group);
        append_ids(&r->job->sql, ids, i, end);
        buffer_char(&r->job->sql, ')');
        st = job_run(r->job, NULL);
    }
    return st;
}

static status add_members(struct refresh *r, const struct ids *ids)
{
    status st = ST_OK;
    for (size_t i = 0, end; i < ids->count && st == ST_OK && !job_is_over(r->job); i = end) {
        end = end_of_list(ids, i);
        job_start(r->job, "INSERT IGNORE INTO groups_cache (HARDWARE_ID,GROUP_ID,STATIC) VALUES ");
        for (size_t k = i; k < end; k++)
            buffer_format(&r->job->sql, "%s(%u,%u,0)", k > i ? "," : "", ids->list[k], r->group);
        st = job_run(r->job, NULL);
    }
    return st;
}

/* Rows with STATIC 1 or 2 are the operator's: they stay, and stand in the way of computed ones. */
static status find_changes(struct refresh *r, struct ids *going, struct ids *coming)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    job_start(r->job, "SELECT HARDWARE_ID,STATIC FROM groups_cache WHERE GROUP_ID=%u ORDER BY HARDWARE_ID", r->group);
    status st = job_run(r->job, &rows);
    if (st != ST_OK)
        return st;
    struct ids there = {arena_alloc(r->arena, (db_rows_count(rows) + 1) * sizeof(uint32_t)), 0};
    going->list = arena_alloc(r->arena, (db_rows_count(rows) + 1) * sizeof(uint32_t));
    coming->list = arena_alloc(r->arena, (r->found.count + 1) * sizeof(uint32_t));
    if (!there.list || !going->list || !coming->list)
        return ST_NO_MEMORY;
    for (const struct view *row; (row = db_rows_next(rows));) {
        uint32_t id = (uint32_t)db_number(row[0]);
        there.list[there.count++] = id;
        if (view_is(row[1], "0") && !has_id(&r->found, id))
            going->list[going->count++] = id;
    }
    for (size_t i = 0; i < r->found.count; i++)
        if (!has_id(&there, r->found.list[i]))
            coming->list[coming->count++] = r->found.list[i];
    return ST_OK;
}

static status write_members(struct refresh *r)
{
    struct ids going = {0}, coming = {0};
    status st = find_changes(r, &going, &coming);
    if (st == ST_OK)
        st = remove_members(r, &going);
    if (st == ST_OK)
        st = add_members(r, &coming);
    r->removed = going.count;
    r->added = coming.count;
    return st;
}

static status write_times(struct refresh *r)
{
    long long offset = (long long)job_random(r->job, r->job->options->groups_cache_offset);
    return job_do(r->job,
                  "UPDATE `groups` SET CREATE_TIME=UNIX_TIMESTAMP(),REVALIDATE_FROM=UNIX_TIMESTAMP()+%lld "
                  "WHERE HARDWARE_ID=%u",
                  offset, r->group);
}

/* ---- one group ---- */

static status compute(struct refresh *r, struct view request, struct view xmldef)
{
    status st = ST_OK;
    if (is_given(request))
        st = run_request(r, request, &r->found);
    else if (is_given(xmldef))
        st = run_requests(r, xmldef);
    else
        return ST_OK; /* a static group */
    if (st == ST_OK && !r->failed)
        st = keep_computers(r, &r->found);
    if (st == ST_OK && !r->failed && !job_is_over(r->job))
        st = write_members(r);
    return st;
}

/* Other servers and the console see by this row that the group is worked on. */
static status lock_group(struct job *j, uint32_t group, bool *locked)
{
    status st = job_do(
        j, "INSERT IGNORE INTO locks (HARDWARE_ID,ID,SINCE) VALUES (%u,CONNECTION_ID() %% 2147483648,NOW())", group);
    *locked = st == ST_OK && db_affected_rows(j->db) == 1;
    if (st != ST_OK || *locked || j->options->lock_reuse_time <= 0)
        return st;
    st = job_do(j,
                "UPDATE locks SET ID=CONNECTION_ID() %% 2147483648,SINCE=NOW() WHERE HARDWARE_ID=%u AND "
                "SINCE<NOW()-INTERVAL %lld SECOND",
                group, (long long)j->options->lock_reuse_time);
    *locked = st == ST_OK && db_affected_rows(j->db) == 1;
    return st;
}

static status unlock_group(struct job *j, uint32_t group)
{
    return job_do(j, "DELETE FROM locks WHERE HARDWARE_ID=%u AND ID=CONNECTION_ID() %% 2147483648", group);
}

static status read_group(struct job *j, uint32_t group, struct db_rows **rows)
{
    job_start(j, "SELECT REQUEST,XMLDEF FROM `groups` WHERE HARDWARE_ID=%u AND UNIX_TIMESTAMP()-REVALIDATE_FROM>%lld",
              group, (long long)j->options->groups_cache_revalidate);
    return job_run(j, rows);
}

static status refresh_locked(struct job *j, uint32_t group)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    AUTO(arena_destroy) struct arena *arena = arena_new(MEMORY_MAX);
    struct refresh r = {.job = j, .arena = arena, .group = group};
    status st = arena ? read_group(j, group, &rows) : ST_NO_MEMORY;
    const struct view *row = st == ST_OK ? db_rows_next(rows) : NULL;
    if (!row)
        return st; /* somebody was faster */
    st = compute(&r, row[0], row[1]);
    if (st != ST_OK || job_is_over(j))
        return st;
    st = write_times(&r);
    if (st == ST_OK && !r.failed) {
        metric_add(&writer_metrics.groups_refreshed, 1);
        log_info("group refreshed", LOG_NUMBER("group", group), LOG_NUMBER("computers", r.found.count),
                 LOG_NUMBER("added", r.added), LOG_NUMBER("removed", r.removed));
    }
    return st;
}

static status refresh_group(struct job *j, uint32_t group)
{
    bool locked;
    status st = lock_group(j, group, &locked);
    if (st != ST_OK || !locked)
        return st;
    st = refresh_locked(j, group);
    status unlocked = st == ST_UNAVAILABLE ? st : unlock_group(j, group);
    return st != ST_OK ? st : unlocked;
}

status job_groups(struct job *j)
{
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    if (j->options->enable_groups == 0 || j->options->groups_cache_revalidate == 0)
        return ST_OK;
    job_start(j,
              "SELECT HARDWARE_ID FROM `groups` WHERE UNIX_TIMESTAMP()-REVALIDATE_FROM>%lld ORDER BY REVALIDATE_FROM "
              "LIMIT %d",
              (long long)j->options->groups_cache_revalidate, AT_ONCE);
    status st = job_run(j, &rows);
    for (const struct view *row; st == ST_OK && !job_is_over(j) && (row = db_rows_next(rows));)
        st = refresh_group(j, (uint32_t)db_number(row[0]));
    return st;
}
