#include "common/admin/admin.h"

#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "tests/protocol/http/wire.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_METRICS(X) X(things, "test_things_total{kind=\"a\"}", METRIC_COUNTER, "things that were tested")
METRICS_DECLARE(test_metrics, TEST_METRICS);
METRICS_DEFINE(test_metrics, TEST_METRICS);

static const char *const conditions[] = {"database", "spool", NULL};
static char folder[] = "/tmp/muster-admin-XXXXXX", address[64];
static char body[WIRE_ROOM];

static void set_up(void)
{
    cr_assert(mkdtemp(folder));
    snprintf(address, sizeof address, "unix:%s/admin", folder);
}

static void tear_down(void)
{
    (void)unlink(address + 5);
    (void)rmdir(folder);
}

TestSuite(admin, .init = set_up, .fini = tear_down);

static struct admin *start(void)
{
    struct admin *a = NULL;
    struct reason why = {0};
    cr_assert_eq(admin_start(address, "gateway", conditions, &a, &why), ST_OK, "%s", why.text);
    return a;
}

static int get(const char *path)
{
    char request[256];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", path);
    return wire_ask(address, request, body, sizeof body);
}

static json_t *get_status(void)
{
    json_error_t error;
    cr_assert_eq(get("/status"), 200);
    json_t *page = json_loads(body, JSON_REJECT_DUPLICATES, &error);
    cr_assert(page, "%s: %s", error.text, body);
    return page;
}

Test(admin, the_socket_is_the_owners_and_goes_with_the_port)
{
    struct stat info;
    struct admin *a = start();
    cr_assert_eq(stat(address + 5, &info), 0);
    cr_expect_eq(info.st_mode & 0777, 0600);
    admin_stop(a);
    cr_expect_neq(stat(address + 5, &info), 0);
}

Test(admin, a_process_that_works_is_healthy_before_it_is_ready)
{
    AUTO(admin_stop) struct admin *a = start();
    cr_expect_eq(get("/healthz"), 200);
    cr_expect_eq(get("/readyz"), 503);
    cr_expect_str_eq(body, "not ready: database, spool\n");
    admin_set(a, "database", true);
    cr_expect_eq(get("/readyz"), 503);
    cr_expect_str_eq(body, "not ready: spool\n");
    admin_set(a, "spool", true);
    cr_expect_eq(get("/readyz"), 200);
    admin_set(a, "database", false);
    cr_expect_eq(get("/readyz"), 503);
}

static const struct {
    const char *request;
    int want;
} requests[] = {
    {"GET / HTTP/1.1\r\n\r\n", 404},         {"GET /healthz/ HTTP/1.1\r\n\r\n", 404},
    {"GET /statusx HTTP/1.1\r\n\r\n", 404},  {"GET /healthz?verbose HTTP/1.1\r\n\r\n", 200},
    {"POST /healthz HTTP/1.1\r\n\r\n", 405}, {"DELETE /metrics HTTP/1.1\r\n\r\n", 405},
    {"GET /metrics HTTP/1.0\r\n\r\n", 200},
};

Test(admin, pages_are_read_only_and_exact)
{
    struct admin *a = start();
    for (size_t i = 0; i < COUNT(requests); i++)
        cr_expect_eq(wire_ask(address, requests[i].request, NULL, 0), requests[i].want, "%s", requests[i].request);
    admin_stop(a);
}

Test(admin, metrics_are_shown)
{
    metrics_register(&test_metrics_table);
    struct admin *a = start();
    metric_add(&test_metrics.things, 3);
    cr_expect_eq(get("/metrics"), 200);
    cr_expect(strstr(body, "test_things_total{kind=\"a\"} 3\n"), "%s", body);
    cr_expect(strstr(wire_head(), "Content-Type: text/plain; version=0.0.4"), "%s", wire_head());
    admin_stop(a);
}

Test(admin, status_says_what_the_service_is)
{
    metrics_register(&test_metrics_table);
    AUTO(admin_stop) struct admin *a = start();
    metric_add(&test_metrics.things, 4);
    admin_set(a, "spool", true);
    json_t *page = get_status();
    const char *service = NULL, *version = NULL;
    int pid = 0, uptime = -1, ready = 1, database = 1, spool = 0, things = 0;
    json_t *error = NULL;
    int rc =
        json_unpack(page, "{s:s, s:s, s:i, s:i, s:b, s:{s:b, s:b}, s:o, s:{s:i}}", "service", &service, "version",
                    &version, "pid", &pid, "uptime_s", &uptime, "ready", &ready, "conditions", "database", &database,
                    "spool", &spool, "last_error", &error, "metrics", "test_things_total{kind=\"a\"}", &things);
    cr_assert_eq(rc, 0, "%s", body);
    cr_expect_str_eq(service, "gateway");
    cr_expect_eq(pid, getpid());
    cr_expect(version[0] && uptime >= 0 && !ready && !database && spool && things == 4, "%s", body);
    cr_expect(json_is_null(error));
    json_decref(page);
}

Test(admin, the_last_error_stays_until_the_next)
{
    AUTO(admin_stop) struct admin *a = start();
    struct reason why = {0};
    reason_set(&why, "first", "one");
    admin_last_error(a, &why);
    reason_set(&why, "database_away", "the \"database\" is away");
    admin_last_error(a, &why);
    json_t *page = get_status();
    const char *code = NULL, *text = NULL, *time = NULL;
    cr_assert_eq(json_unpack(page, "{s:{s:s, s:s, s:s}}", "last_error", "code", &code, "text", &text, "time", &time),
                 0);
    cr_expect_str_eq(code, "database_away");
    cr_expect_str_eq(text, "the \"database\" is away");
    cr_expect_eq(strlen(time), 20, "%s", time);
    json_decref(page);
}

static void add_lines(void *ctx, struct buffer *out)
{
    buffer_format(out, "\"spool\":{\"files\":%d},", *(int *)ctx);
}

Test(admin, a_service_adds_its_own_lines_until_it_takes_them_back)
{
    AUTO(admin_stop) struct admin *a = start();
    int files = 12, got = 0;
    admin_on_status(a, add_lines, &files);
    json_t *page = get_status();
    cr_expect_eq(json_unpack(page, "{s:{s:i}}", "spool", "files", &got), 0, "%s", body);
    cr_expect_eq(got, 12);
    json_decref(page);
    admin_on_status(a, NULL, NULL);
    page = get_status();
    cr_expect_null(json_object_get(page, "spool"));
    json_decref(page);
}

static void add_far_too_much(void *ctx, struct buffer *out)
{
    (void)ctx;
    (void)buffer_extend(out, (size_t)1 << 30);
}

Test(admin, a_page_above_its_bound_is_an_error_not_half_a_page)
{
    AUTO(admin_stop) struct admin *a = start();
    admin_on_status(a, add_far_too_much, NULL);
    cr_expect_eq(get("/status"), 500);
}

Test(admin, without_an_address_everything_but_the_port_works)
{
    struct reason why = {0};
    AUTO(admin_stop) struct admin *none = NULL;
    AUTO(admin_stop) struct admin *empty = NULL;
    cr_assert_eq(admin_start(NULL, "parser", conditions, &none, &why), ST_OK);
    cr_assert_eq(admin_start("", "parser", NULL, &empty, &why), ST_OK);
    admin_set(none, "database", true);
    admin_last_error(none, &why);
    admin_on_status(empty, add_lines, NULL);
    admin_stop(NULL);
}

Test(admin, a_wrong_address_is_refused_and_one_in_use_is_a_conflict)
{
    struct admin *a = start();
    struct admin *second = NULL;
    struct reason why = {0};
    cr_expect_eq(admin_start("nowhere", "x", conditions, &second, &why), ST_INVALID);
    cr_expect_eq(admin_start(address, "x", conditions, &second, &why), ST_CONFLICT);
    cr_expect_null(second);
    admin_stop(a);
}

static void tell_device(void *ctx, struct view device, struct buffer *out)
{
    buffer_format(out, "\"%s\":\"%.*s\",", (const char *)ctx, (int)device.len, device.data);
}

Test(admin, events_of_a_device_are_what_the_log_keeps)
{
    struct admin *a = start();
    log_open("gateway", "logfmt", "error");
    log_keep(4);
    log_debug("stored", LOG_TEXT("device", "pc-1"));
    admin_on_device(a, tell_device, (void *)(char[]){"known"});
    cr_expect_eq(get("/events?device=pc%2D1"), 200);
    json_t *said = json_loads(body, 0, NULL);
    cr_expect_str_eq(json_string_value(json_object_get(said, "known")), "pc-1");
    json_t *event = json_array_get(json_object_get(said, "events"), 0);
    cr_expect_str_eq(json_string_value(json_object_get(event, "event")), "stored");
    json_decref(said);
    cr_expect_eq(get("/events"), 400);
    admin_on_device(a, NULL, NULL);
    admin_stop(a);
}
