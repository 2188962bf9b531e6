/* OCS's activity.log: what tools that read it find in a line, and what happens when nobody can write it. */
#include "services/gateway/activity.h"

#include "services/gateway/gateway_metrics.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "pc-2026-01-02-03-04-05"

static char folder[64], file[96];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/muster-activity-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/activity.log", folder);
    setenv("TZ", "UTC", 1);
}

static void remove_folder(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(activity, .init = make_folder, .fini = remove_folder);

static struct activity *open_log(const char *path)
{
    struct activity *a = NULL;
    struct reason why = {0};
    cr_assert_eq(activity_new(path, &a, &why), ST_OK, "%s", why.text);
    return a;
}

/* The last request of a device, as the gateway has it. */
static const struct http_view *view_from(const char *address, const char *agent)
{
    static struct http_view view;
    view = (struct http_view){.agent = view_of(agent)};
    cr_assert_eq(upload_address_parse(address, &view.from), ST_OK);
    return &view;
}

static const char *text_of(const char *path)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    size_t len = f ? fread(text, 1, sizeof text - 1, f) : 0;
    text[len] = 0;
    if (f)
        fclose(f);
    return text;
}

/* What stands behind the time and the number of the process. */
static const char *behind_process(const char *line)
{
    const char *at = strchr(line, ';');
    at = at ? strchr(at + 1, ';') : NULL;
    return at ? at + 1 : "";
}

Test(activity, a_line_has_the_fields_that_tools_expect)
{
    struct activity *a = open_log(file);
    struct exchange x = {.view = view_from("192.0.2.7", NULL),
                         .deviceid = view_of(DEVICE),
                         .agent = view_of("OCS-NG_WINDOWS_AGENT_v2.11")};
    activity_note(a, &x, 100, "prolog", "accepted");
    const char *line = text_of(file);
    cr_expect_str_eq(behind_process(line), "100;" DEVICE ";192.0.2.7;OCS-NG_WINDOWS_AGENT_v2.11;prolog;accepted\n",
                     "%s", line);
    struct tm when;
    cr_expect_not_null(strptime(line, "%a %b %d %H:%M:%S %Y;", &when), "%s", line);
    cr_expect_eq(strtol(strchr(line, ';') + 1, NULL, 10), getpid());
    activity_destroy(a);
}

Test(activity, what_an_agent_sent_cannot_break_a_line)
{
    static const struct {
        const char *device, *agent, *want;
    } cases[] = {
        {"a;b\nc\x7f", "x;y\r\nz", "1;a?b?c?;2001:db8::7;x?y??z;p;c\n"},
        {"", NULL, "1;NA;2001:db8::7;;p;c\n"},
        {"m\xC3\xBCller", "\xC3\xA9", "1;m\xC3\xBCller;2001:db8::7;\xC3\xA9;p;c\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)unlink(file);
        struct activity *a = open_log(file);
        struct exchange x = {.view = view_from("2001:db8::7", NULL),
                             .deviceid = view_of(cases[i].device),
                             .agent = view_of(cases[i].agent)};
        activity_note(a, &x, 1, "p", "c");
        cr_expect_str_eq(behind_process(text_of(file)), cases[i].want, "%s", text_of(file));
        activity_destroy(a);
    }
}

Test(activity, long_names_are_cut)
{
    char name[5000];
    memset(name, 'x', sizeof name);
    struct activity *a = open_log(file);
    struct exchange x = {
        .view = view_from("192.0.2.7", NULL), .deviceid = {name, sizeof name}, .agent = {name, sizeof name}};
    activity_note(a, &x, 1, "p", "c");
    cr_expect_eq(strlen(behind_process(text_of(file))), strlen("1;;192.0.2.7;;p;c\n") + 2 * UPLOAD_AGENT_MAX);
    activity_destroy(a);
}

/* A request that was refused before its User-Agent was looked at: as it would be stored. */
Test(activity, a_user_agent_is_cleaned_on_the_way)
{
    struct activity *a = open_log(file);
    struct exchange good = {.view = view_from("192.0.2.7", "OCS-NG_unified_unix_agent_v2.10.0")};
    activity_note(a, &good, 1, "p", "c");
    struct exchange bad = {.view = view_from("192.0.2.7", "agent;\x01<b>v1")};
    activity_note(a, &bad, 2, "p", "c");
    const char *text = text_of(file);
    cr_expect(strstr(text, ";1;NA;192.0.2.7;OCS-NG_unified_unix_agent_v2.10.0;p;c\n"), "%s", text);
    cr_expect(strstr(text, ";2;NA;192.0.2.7;Invalid_agent;p;c\n"), "%s", text);
    activity_destroy(a);
}

static const struct {
    enum refusal refusal;
    const char *lines; /**< without device, address and agent; "" when OCS writes none */
} refusals[] = {
    {REFUSE_session_missing, "114;inventory;no_session\n115;inventory;refused\n"},
    {REFUSE_flood, "519;filter_flood_ip_killer;new device forbidden\n"},
    {REFUSE_agent_refused, "400;useragent;Bad agent or agent version too recent for server !!\n"},
    {REFUSE_query_missing, "500;handler;Request not defined\n"},
    {REFUSE_deviceid_bad, "502;inventory;Bad deviceid\n"},
    {REFUSE_inflate_ratio, "506;handler;Compress stage\n"},
    {REFUSE_xml_doctype, "507;handler;Xml stage\n"},
    {REFUSE_no_body, "512;handler;Reading request\n"},
    {REFUSE_database_away, "505;handler;Database connection\n"},
    {REFUSE_spool_full, ""},
    {REFUSE_rate, ""},
};

/* Each line of a file without the fields in front, and without device, address and agent. */
static void gist(const char *text, char *out, size_t room)
{
    out[0] = 0;
    while (*text) {
        const char *end = strchr(text, '\n');
        char code[8], phase[64], comment[128];
        cr_assert(end);
        cr_assert_eq(sscanf(text, "%*[^;];%*[^;];%7[^;];%*[^;];%*[^;];;%63[^;];%127[^\n]", code, phase, comment), 3,
                     "%s", text);
        snprintf(out + strlen(out), room - strlen(out), "%s;%s;%s\n", code, phase, comment);
        text = end + 1;
    }
}

Test(activity, a_refusal_has_the_lines_that_ocs_writes_for_it)
{
    struct exchange x = {.view = view_from("192.0.2.7", NULL)};
    for (size_t i = 0; i < COUNT(refusals); i++) {
        char got[512];
        (void)unlink(file);
        struct activity *a = open_log(file);
        activity_refused(a, &x, refusals[i].refusal);
        gist(text_of(file), got, sizeof got);
        cr_expect_str_eq(got, refusals[i].lines, "%s: %s", refusal_name(refusals[i].refusal), got);
        activity_destroy(a);
    }
}

Test(activity, without_a_file_nothing_happens)
{
    struct exchange x = {.view = view_from("192.0.2.7", NULL)};
    struct reason why = {0};
    const char *const names[] = {NULL, ""};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct activity *a = open_log(names[i]);
        activity_note(a, &x, 1, "p", "c");
        cr_expect_eq(activity_reopen(a, &why), ST_OK);
        activity_destroy(a);
    }
    activity_note(NULL, &x, 1, "p", "c");
    activity_destroy(NULL);
    cr_expect_eq(metric_get(&gateway_metrics.activity_lost), 0);
}

Test(activity, a_file_that_cannot_be_opened_is_named)
{
    struct activity *a = NULL;
    struct reason why = {0};
    cr_expect_eq(activity_new("/nonexistent/activity.log", &a, &why), ST_INVALID);
    cr_expect_str_eq(why.code, "activity_log");
    cr_expect(strstr(why.text, "/nonexistent/activity.log"), "%s", why.text);
    cr_expect_null(a);
}

/* logrotate moves the file and sends SIGHUP. */
Test(activity, a_file_that_was_moved_is_begun_anew)
{
    char moved[128];
    struct reason why = {0};
    struct exchange x = {.view = view_from("192.0.2.7", NULL)};
    snprintf(moved, sizeof moved, "%s.1", file);
    struct activity *a = open_log(file);
    activity_note(a, &x, 1, "p", "before");
    cr_assert_eq(rename(file, moved), 0);
    activity_note(a, &x, 2, "p", "between");
    cr_expect_eq(activity_reopen(a, &why), ST_OK, "%s", why.text);
    activity_note(a, &x, 3, "p", "behind");
    cr_expect(strstr(text_of(moved), "before\n"));
    cr_expect(strstr(text_of(moved), "between\n"));
    cr_expect_str_eq(behind_process(text_of(file)), "3;NA;192.0.2.7;;p;behind\n");
    activity_destroy(a);
}

Test(activity, when_it_cannot_be_opened_again_the_old_one_goes_on)
{
    char moved[128];
    struct reason why = {0};
    struct exchange x = {.view = view_from("192.0.2.7", NULL)};
    snprintf(moved, sizeof moved, "%s.1", file);
    struct activity *a = open_log(file);
    cr_assert_eq(rename(file, moved), 0);
    cr_assert_eq(mkdir(file, 0700), 0);
    cr_expect_eq(activity_reopen(a, &why), ST_INVALID);
    activity_note(a, &x, 1, "p", "still");
    cr_expect(strstr(text_of(moved), "still\n"));
    activity_destroy(a);
    cr_expect_eq(rmdir(file), 0);
}

/* Nobody reads the pipe: the request goes on, the line is counted. */
Test(activity, a_line_that_cannot_be_written_is_counted, .timeout = 10)
{
    static char name[4000];
    struct exchange x = {.view = view_from("192.0.2.7", NULL), .deviceid = {name, sizeof name}};
    memset(name, 'x', sizeof name);
    cr_assert_eq(mkfifo(file, 0600), 0);
    int reader = open(file, O_RDONLY | O_NONBLOCK);
    struct activity *a = open_log(file);
    for (int i = 0; i < 10000 && metric_get(&gateway_metrics.activity_lost) < 3; i++)
        activity_note(a, &x, 1, "p", "c");
    cr_expect_eq(metric_get(&gateway_metrics.activity_lost), 3);
    close(reader);
    activity_destroy(a);
}

enum { WRITERS = 4, LINES = 500 };

static void *write_lines(void *a)
{
    struct exchange x = {.deviceid = view_of(DEVICE)};
    struct http_view view = {.from = {.bytes = {192, 0, 2, 7}, .len = 4}};
    x.view = &view;
    for (int i = 0; i < LINES; i++)
        activity_note(a, &x, 1, "p", "c");
    return NULL;
}

Test(activity, lines_of_several_threads_and_a_reopening_do_not_mix)
{
    struct activity *a = open_log(file);
    struct reason why = {0};
    pthread_t threads[WRITERS];
    for (size_t i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, write_lines, a), 0);
    for (int i = 0; i < 50; i++)
        cr_expect_eq(activity_reopen(a, &why), ST_OK);
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    activity_destroy(a);
    FILE *f = fopen(file, "r");
    char line[256];
    int count = 0;
    cr_assert(f);
    while (fgets(line, sizeof line, f)) {
        count++;
        cr_assert_str_eq(behind_process(line), "1;" DEVICE ";192.0.2.7;;p;c\n", "%s", line);
    }
    fclose(f);
    cr_expect_eq(count, WRITERS * LINES, "%d", count);
}
