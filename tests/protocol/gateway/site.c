#include "site.h"

#include "tests/support/private_database.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static void make_settings(struct site *s)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/muster-gateway-XXXXXX");
    cr_assert_not_null(mkdtemp(s->folder));
    snprintf(s->http, sizeof s->http, "unix:%s/http", s->folder);
    snprintf(s->bind, sizeof s->bind, "ipc://%s/link", s->folder);
    snprintf(s->spool_dir, sizeof s->spool_dir, "%s/spool", s->folder);
    s->set = (struct gateway_settings){
        .http = s->http,
        .https = "",
        .http_proxied = "",
        .proxies = "unix",
        .bind = s->bind,
        .spool_dir = s->spool_dir,
        .spool_max = 64 << 20,
        .segment_size = 4 << 20,
        .spool_queue = 4 << 20,
        .attempts_max = 5,
        .suspect_pause = 100,
        .threads = 2,
        .body_max = 1 << 20,
        .bodies_max = 16 << 20,
        .inflated_max = 4 << 20,
        .ratio_max = 100,
        .connections_max = 100,
        .request_time = 10000,
        .idle_time = 10000,
        .handshake_time = 10000,
        .rate_min = 500,
        .retry_after = 30000,
        .rate_addresses = 64,
        .lag_fill = 75,
        .lookup_threads = 2,
        .lookup_queue = 100,
        .config_refresh = 20,
        .agents = "*",
        .agents_file = "",
    };
}

static void make_database(struct site *s, const char *name, const char *const *sql)
{
    if (!name) {
        snprintf(s->target.socket, sizeof s->target.socket, "/nonexistent/socket");
        return;
    }
    s->target = private_database_with_schema(name);
    AUTO(db_close) struct db *db = private_database_open(&s->target);
    for (; sql && *sql; sql++)
        cr_assert_eq(db_exec(db, "%s", *sql), ST_OK, "%s: %s", *sql, db_error(db));
}

static void wait_for_lookups(const struct site *s)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    for (int i = 0; i < 5000 && !lookup_has_tried(s->lookup); i++)
        nanosleep(&pause, NULL);
    cr_assert(lookup_has_tried(s->lookup));
}

void site_start(struct site *s, const char *database, const char *const *sql,
                void (*change)(struct gateway_settings *set))
{
    *s = (struct site){0};
    make_settings(s);
    if (change)
        change(&s->set);
    make_database(s, database, sql);
    const struct spool_settings spool = {
        .folder = s->spool_dir,
        .max = s->set.spool_max,
        .segment_size = s->set.segment_size,
        .queue_max = s->set.spool_queue,
    };
    const struct lookup_settings lookup = {
        .target = s->target,
        .threads = (unsigned)s->set.lookup_threads,
        .queue_max = (unsigned)s->set.lookup_queue,
        .config_ms = (unsigned)s->set.config_refresh,
    };
    struct reason why = {0};
    cr_assert_eq(exporter_new(1 << 20, 1 << 20, &s->exporter), ST_OK);
    cr_assert_eq(spool_open(&spool, &s->spool, &why), ST_OK, "%s", why.text);
    cr_assert_eq(lookup_new(&lookup, &s->lookup, &why), ST_OK, "%s", why.text);
    cr_assert_eq(offer_start(s->spool, s->set.bind, NULL, 8 << 20, &s->offer, &why), ST_OK, "%s", why.text);
    const struct server_parts parts = {&s->set, s->spool, s->lookup, s->offer, s->exporter};
    cr_assert_eq(server_start(&parts, &s->server, &why), ST_OK, "%s", why.text);
    wait_for_lookups(s);
}

void site_stop(struct site *s)
{
    int64_t left;
    cr_expect_eq(server_drain(s->server, 5000, &left), 0, "requests were cut");
    offer_stop(s->offer);
    lookup_destroy(s->lookup);
    spool_close(s->spool);
    exporter_destroy(s->exporter);
    server_destroy(s->server);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", s->folder);
    cr_expect_eq(system(command), 0);
}

/* ----------------------------------------------------------------- requests ---- */

static int connect_to(const struct site *s)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    snprintf(to.sun_path, sizeof to.sun_path, "%s", s->http + strlen("unix:"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

static void send_all(int fd, struct view v)
{
    while (v.len) {
        ssize_t n = send(fd, v.data, v.len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* refused before it was all sent: the answer says why */
        v = (struct view){v.data + n, v.len - (size_t)n};
    }
}

void site_send(const struct site *s, struct view request, struct site_reply *out)
{
    *out = (struct site_reply){.body = BUFFER_INIT(8 << 20)};
    AUTO(fd_close) int fd = connect_to(s);
    send_all(fd, request);
    char piece[65536];
    for (ssize_t n; (n = recv(fd, piece, sizeof piece, 0)) > 0;)
        buffer_add(&out->body, piece, (size_t)n);
    const char *end = out->body.data ? strstr(out->body.data, "\r\n\r\n") : NULL;
    if (!end)
        return;
    size_t head = (size_t)(end - out->body.data) + 4;
    snprintf(out->head, sizeof out->head, "%.*s", (int)head, out->body.data);
    memmove(out->body.data, out->body.data + head, out->body.len - head + 1);
    out->body.len -= head;
    cr_assert_eq(strncmp(out->head, "HTTP/1.1 ", 9), 0);
    out->status = (int)strtol(out->head + 9, NULL, 10);
}

void site_post(const struct site *s, const char *headers, struct view body, struct site_reply *out)
{
    AUTO(buffer_clear) struct buffer request = BUFFER_INIT(8 << 20);
    buffer_format(&request,
                  "POST /ocsinventory HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n%s\r\n",
                  body.len, headers);
    buffer_add(&request, body.data, body.len);
    site_send(s, buffer_view(&request), out);
}

void site_reply_clear(struct site_reply *r)
{
    buffer_clear(&r->body);
}

/** A contact is committed behind its answer: what is pending may need a moment until it can be taken. */
static bool next_upload(struct spool *spool, struct link_message *out)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 5000; i++) {
        if (spool_next(spool, ~0u, out))
            return true;
        if (spool_count(spool).pending == 0)
            return false;
        nanosleep(&pause, NULL);
    }
    return false;
}

uint8_t *site_take(struct site *s, struct upload_head *head, struct view *body)
{
    struct link_message m;
    if (!next_upload(s->spool, &m))
        return NULL;
    cr_assert_eq(upload_head_decode(m.body, m.len, head, body), ST_OK);
    spool_verdict(s->spool, m.id, LINK_ACK, NULL);
    return m.body;
}
