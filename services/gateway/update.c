/*
 * What agents of the early years ask about their own files, and the label that the Windows agent shows (protocol.md 8, 9): QUERY
 * UPDATE, GET update/..., GET deploy/NAME.
 */
#include "common/log/log.h"
#include "common/reply/reply.h"
#include "services/gateway/handlers.h"
#include "services/gateway/server.h"

#include <stdio.h>
#include <strings.h>

struct file_work {
    struct exchange *x;
    bool away;
    /* GET deploy */
    struct view name;
    struct db_rows *rows; /**< kept until the answer */
    /* QUERY UPDATE */
    const char *platform;
    struct view has[3]; /**< versions of the agent's files, in the order of `files` */
    bool failed;
};

static struct ocs_config options(struct exchange *x)
{
    struct ocs_config config;
    lookup_config(x->gateway->lookup, &config);
    return config;
}

static struct file_work *work_new(struct exchange *x)
{
    struct file_work *w = http_request_alloc(x->request, sizeof *w);
    if (w)
        *w = (struct file_work){.x = x};
    else
        exchange_refuse(x, REFUSE_no_memory, NULL);
    return w;
}

static void submit(struct file_work *w, const struct lookup_kind *kind)
{
    if (lookup_submit(w->x->gateway->lookup, kind, w) != ST_OK)
        exchange_refuse(w->x, REFUSE_lookup_busy, NULL);
}

/* --------------------------------------------------------------- GET deploy ---- */

static status ask_deploy(struct db *db, void *ctx)
{
    struct file_work *w = ctx;
    w->away = !db;
    if (!db)
        return ST_OK;
    AUTO(buffer_clear) struct buffer sql = BUFFER_INIT(16384);
    buffer_text(&sql, "SELECT CONTENT FROM deploy WHERE NAME=");
    db_quote(db, &sql, w->name);
    status st = buffer_status(&sql);
    return st == ST_OK ? db_query(db, sql.data, sql.len, &w->rows) : st;
}

static void answer_file(struct file_work *w, struct view content)
{
    char age[24];
    snprintf(age, sizeof age, "%lld", (long long)options(w->x).proxy_revalidate_delay);
    struct db_rows *rows = w->rows; /* `w` is gone with the answer */
    http_answer(w->x->request, &(struct http_response){
                                   .status = 200,
                                   .content_type = "Application/octet-stream",
                                   .cache_control = age,
                                   .body = content,
                               });
    db_rows_free(rows);
}

static void deploy_asked(void *ctx)
{
    struct file_work *w = ctx;
    const struct view *row = w->rows ? db_rows_next(w->rows) : NULL;
    if (row) {
        answer_file(w, row[0]);
        return;
    }
    db_rows_free(w->rows);
    exchange_refuse(w->x, w->away ? REFUSE_database_away : REFUSE_deploy_missing, NULL);
}

void handle_get_deploy(struct exchange *x, struct view name)
{
    if (!options(x).deploy) {
        exchange_refuse(x, REFUSE_deploy_off, NULL);
        return;
    }
    struct file_work *w = work_new(x);
    if (!w)
        return;
    w->name = exchange_text(x, name);
    static const struct lookup_kind deploy = {.ask = ask_deploy, .done = deploy_asked};
    submit(w, &deploy);
}

void handle_get_update(struct exchange *x, struct view unused)
{
    (void)unused;
    if (options(x).update)
        exchange_answer(x, false);
    else
        exchange_refuse(x, REFUSE_update_off, NULL);
}

/* ------------------------------------------------------------- QUERY UPDATE ---- */

/** What an agent asks about: the reply's element, and what the name of such a file contains. */
static const struct {
    const char *element, *in_name;
} files[] = {{"AGENT", "agent"}, {"DMI", "dmi"}, {"IPDISCOVER", "ipdiscover"}};

static double version_of(struct view v)
{
    char text[64];
    size_t len = v.len < sizeof text ? v.len : sizeof text - 1;
    memcpy(text, v.data ? v.data : "", len);
    text[len] = '\0';
    return strtod(text, NULL);
}

static bool contains(struct view name, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= name.len; i++)
        if (strncasecmp(name.data + i, word, len) == 0)
            return true;
    return false;
}

/** Keep the highest version of each kind of file. */
static void take_file(const struct view *row, struct view best[COUNT(files)])
{
    for (size_t i = 0; i < COUNT(files); i++)
        if (contains(row[0], files[i].in_name) && (!best[i].data || version_of(row[1]) > version_of(best[i])))
            best[i] = row[1];
}

static void write_update(const struct file_work *w, const struct view best[COUNT(files)], struct buffer *out)
{
    bool differs[COUNT(files)], any = false;
    for (size_t i = 0; i < COUNT(files); i++) {
        differs[i] = best[i].data && w->has[i].data && version_of(best[i]) != version_of(w->has[i]);
        any = any || differs[i];
    }
    reply_begin(out);
    reply_element(out, 1, "RESPONSE", view_of(any ? "UPDATE" : "NO_UPDATE"));
    for (size_t i = 0; i < COUNT(files); i++)
        if (differs[i])
            reply_element(out, 1, files[i].element, best[i]);
    reply_end(out);
}

static status prepare_update(struct file_work *w, const struct view best[COUNT(files)])
{
    AUTO(buffer_clear) struct buffer text = BUFFER_INIT(16384);
    write_update(w, best, &text);
    status st = exchange_prepare(w->x, &text);
    w->failed = st != ST_OK;
    return st;
}

static status ask_update(struct db *db, void *ctx)
{
    struct file_work *w = ctx;
    struct view best[COUNT(files)] = {{0}};
    if (!db || !w->platform)
        return prepare_update(w, best);

    char sql[96];
    int len = snprintf(sql, sizeof sql, "SELECT NAME, VERSION FROM files WHERE OS='%s'", w->platform);
    AUTO(db_rows_free) struct db_rows *rows = NULL;
    status st = db_query(db, sql, (size_t)len, &rows);
    if (st == ST_UNAVAILABLE)
        return st;
    if (st != ST_OK)
        log_warning("cannot read table files", LOG_TEXT("database", db_error(db)));
    for (const struct view *row; st == ST_OK && (row = db_rows_next(rows)) != NULL;)
        take_file(row, best);
    return prepare_update(w, best);
}

static void update_asked(void *ctx)
{
    struct file_work *w = ctx;
    if (w->failed)
        exchange_refuse(w->x, REFUSE_no_memory, NULL);
    else
        exchange_answer(w->x, false);
}

/** One of ours, so that nothing of the agent's gets into the statement; NULL for any other. */
static const char *platform_of(struct view asked)
{
    static const char *const platforms[] = {"WINDOWS", "MAC", "LINUX"};
    for (size_t i = 0; i < COUNT(platforms); i++)
        if (view_is(asked, platforms[i]))
            return platforms[i];
    return NULL;
}

void handle_update(struct exchange *x, const struct upload_envelope *envelope)
{
    struct file_work *w = work_new(x);
    if (!w)
        return;
    if (!options(x).update) {
        (void)ask_update(NULL, w); /* its outcome is in w->failed */
        update_asked(w);
        return;
    }
    w->platform = platform_of(envelope->platform);
    if (!w->platform || !envelope->agent.len) {
        exchange_refuse(x, REFUSE_update_bad, NULL);
        return;
    }
    w->has[0] = exchange_text(x, envelope->agent);
    w->has[1] = exchange_text(x, envelope->dmi);
    w->has[2] = exchange_text(x, envelope->ipdiscover);
    static const struct lookup_kind update = {.ask = ask_update, .done = update_asked};
    submit(w, &update);
}
