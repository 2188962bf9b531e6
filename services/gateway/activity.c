#include "services/gateway/activity.h"

#include "common/upload/upload.h"
#include "services/gateway/gateway_metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct activity {
    char file[PATH_MAX]; /**< "": none */
    pthread_mutex_t lock;
    int fd;
};

/* What OCS writes for the same fault. */
static const struct {
    enum refusal refusal;
    int code;
    const char *phase, *comment;
} rows[] = {
    {REFUSE_session_missing, 114, "inventory", "no_session"},
    {REFUSE_session_missing, 115, "inventory", "refused"},
    {REFUSE_flood, 519, "filter_flood_ip_killer", "new device forbidden"},
    {REFUSE_agent_refused, 400, "useragent", "Bad agent or agent version too recent for server !!"},
    {REFUSE_query_missing, 500, "handler", "Request not defined"},
    {REFUSE_query_unknown, 500, "handler", "No handler"},
    {REFUSE_deviceid_bad, 502, "inventory", "Bad deviceid"},
    {REFUSE_body_coding, 506, "handler", "Compress stage"},
    {REFUSE_body_coding_off, 506, "handler", "Compress stage"},
    {REFUSE_inflate_broken, 506, "handler", "Compress stage"},
    {REFUSE_inflate_checksum, 506, "handler", "Compress stage"},
    {REFUSE_inflate_too_big, 506, "handler", "Compress stage"},
    {REFUSE_inflate_ratio, 506, "handler", "Compress stage"},
    {REFUSE_xml_empty, 507, "handler", "Xml stage"},
    {REFUSE_xml_encoding, 507, "handler", "Xml stage"},
    {REFUSE_xml_doctype, 507, "handler", "Xml stage"},
    {REFUSE_xml_not_closed, 507, "handler", "Xml stage"},
    {REFUSE_xml_entity, 507, "handler", "Xml stage"},
    {REFUSE_xml_no_root, 507, "handler", "Xml stage"},
    {REFUSE_xml_after_root, 507, "handler", "Xml stage"},
    {REFUSE_no_body, 512, "handler", "Reading request"},
    {REFUSE_body_empty, 512, "handler", "Reading request"},
    {REFUSE_deploy_missing, 511, "deploy", "no_file"},
    {REFUSE_database_away, 505, "handler", "Database connection"},
};

static status open_file(const char *file, int *out, struct reason *why)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    if (fd < 0) {
        reason_set(why, "activity_log", "cannot write %.160s: %s", file, strerror(errno));
        return ST_INVALID;
    }
    *out = fd;
    return ST_OK;
}

status activity_new(const char *file, struct activity **out, struct reason *why)
{
    struct activity *a = calloc(1, sizeof *a);
    if (!a)
        return ST_NO_MEMORY;
    pthread_mutex_init(&a->lock, NULL);
    a->fd = -1;
    snprintf(a->file, sizeof a->file, "%s", file ? file : "");
    status st = a->file[0] ? open_file(a->file, &a->fd, why) : ST_OK;
    if (st == ST_OK)
        *out = a;
    else
        activity_destroy(a);
    return st;
}

status activity_reopen(struct activity *a, struct reason *why)
{
    int fd = -1;
    if (!a->file[0])
        return ST_OK;
    status st = open_file(a->file, &fd, why);
    if (st != ST_OK)
        return st;
    pthread_mutex_lock(&a->lock);
    int old = a->fd;
    a->fd = fd;
    pthread_mutex_unlock(&a->lock);
    close(old);
    return ST_OK;
}

void activity_destroy(struct activity *a)
{
    if (!a)
        return;
    if (a->fd >= 0)
        close(a->fd);
    pthread_mutex_destroy(&a->lock);
    free(a);
}

static void add_clean(struct buffer *out, struct view text, const char *otherwise)
{
    if (text.len == 0)
        buffer_text(out, otherwise);
    for (size_t i = 0; i < text.len && i < UPLOAD_AGENT_MAX; i++) {
        unsigned char c = (unsigned char)text.data[i];
        buffer_char(out, c < 0x20 || c == 0x7f || c == ';' ? '?' : (char)c);
    }
}

static struct view agent_of(const struct exchange *x, char room[static UPLOAD_AGENT_MAX])
{
    if (x->agent.data || !x->view->agent.data)
        return x->agent;
    return (struct view){room, upload_clean_agent(x->view->agent, room)};
}

static void compose(struct buffer *line, const struct exchange *x, int code, const char *phase, const char *comment)
{
    char when[40], from[UPLOAD_ADDRESS_TEXT], agent[UPLOAD_AGENT_MAX];
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof when, "%a %b %e %H:%M:%S %Y", localtime_r(&now, &local));
    buffer_format(line, "%s;%ld;%d;", when, (long)getpid(), code);
    add_clean(line, x->deviceid, "NA");
    buffer_char(line, ';');
    add_clean(line, view_of(upload_address_text(&x->view->from, from)), "??");
    buffer_char(line, ';');
    add_clean(line, agent_of(x, agent), "");
    buffer_format(line, ";%s;%s\n", phase, comment);
}

void activity_note(struct activity *a, const struct exchange *x, int code, const char *phase, const char *comment)
{
    if (!a || !a->file[0])
        return;
    AUTO(buffer_clear) struct buffer line = BUFFER_INIT(4096);
    compose(&line, x, code, phase, comment);
    if (buffer_status(&line) != ST_OK)
        return;
    pthread_mutex_lock(&a->lock);
    bool written = write(a->fd, line.data, line.len) == (ssize_t)line.len;
    pthread_mutex_unlock(&a->lock);
    if (!written)
        metric_add(&gateway_metrics.activity_lost, 1);
}

void activity_refused(struct activity *a, const struct exchange *x, enum refusal r)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (rows[i].refusal == r)
            activity_note(a, x, rows[i].code, rows[i].phase, rows[i].comment);
}
