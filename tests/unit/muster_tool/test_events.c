#include "tools/muster/why/events.h"

#include "common/base/cleanup.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

static json_t *parse(const char *line)
{
    return events_parse_line(line, strlen(line));
}

static const char *get(const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));
    return text ? text : "(none)";
}

Test(events, lines_of_both_forms_are_read)
{
    static const char *const lines[] = {
        "time=2026-01-02T03:04:05.000Z level=info event=\"upload refused\" device=pc-1 reason=xml_depth detail=\"a "
        "\\\"b\\\"=c\"",
        "{\"time\":\"2026-01-02T03:04:05.000Z\",\"level\":\"info\",\"event\":\"upload refused\",\"device\":\"pc-1\","
        "\"reason\":\"xml_depth\",\"detail\":\"a \\\"b\\\"=c\"}",
    };
    for (size_t i = 0; i < COUNT(lines); i++) {
        json_t *e = parse(lines[i]);
        cr_assert_not_null(e, "%s", lines[i]);
        cr_expect_str_eq(get(e, "time"), "2026-01-02T03:04:05.000Z");
        cr_expect_str_eq(get(e, "event"), "upload refused");
        cr_expect_str_eq(get(e, "reason"), "xml_depth");
        cr_expect_str_eq(get(e, "detail"), "a \"b\"=c");
        json_decref(e);
    }
}

Test(events, what_is_no_line_of_a_log_is_none)
{
    static const char *const lines[] = {
        "",   "starting up", "time=x", "event=y",  "{\"time\":\"x\"}",        "{\"time\":\"x\",\"event\":",
        "{}", "[1]",         "=",      "time=\"x", "{\"time\":1,\"event\":2}"};
    for (size_t i = 0; i < COUNT(lines); i++)
        cr_expect_null(parse(lines[i]), "%s", lines[i]);
    json_t *cut = parse("time=x event=y detail=\"never ends");
    cr_assert_not_null(cut, "what stands before the cut is of use");
    cr_expect_str_eq(get(cut, "detail"), "(none)");
    json_decref(cut);
}

static void add(json_t *events, const char *time, const char *by, const char *what)
{
    json_array_append_new(events, json_pack("{s:s,s:s,s:s}", "time", time, "by", by, "event", what));
}

Test(events, are_sorted_by_time_and_told_once)
{
    json_t *events = json_array();
    add(events, "2", "gateway-1", "b");
    add(events, "3", "parser-1", "d");
    add(events, "2", "gateway-1", "a"); /* in the same moment: in the order in which it spoke */
    add(events, "1", "writer-1", "c");
    add(events, "2", "gateway-1", "b"); /* from memory and from the file */
    json_t *out = events_finish(events);
    static const char *const want[] = {"c", "b", "a", "d"};
    cr_assert_eq(json_array_size(out), COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++)
        cr_expect_str_eq(get(json_array_get(out, i), "event"), want[i]);
    json_decref(out);
    json_decref(events);
}

Test(events, only_the_newest_are_kept)
{
    json_t *events = json_array();
    char time[16];
    for (int i = 0; i < EVENTS_MAX + 7; i++) {
        snprintf(time, sizeof time, "%06d", i);
        add(events, time, "gateway-1", "x");
    }
    json_t *out = events_finish(events);
    cr_assert_eq(json_array_size(out), EVENTS_MAX);
    cr_expect_str_eq(get(json_array_get(out, 0), "time"), "000007");
    json_decref(out);
    json_decref(events);
}

Test(events, of_a_device_and_of_its_uploads_are_found_in_the_files)
{
    char data[] = "/tmp/muster-events-XXXXXX", path[256];
    cr_assert_not_null(mkdtemp(data));
    struct folder folder = {0};
    snprintf(folder.data, sizeof folder.data, "%s", data);
    snprintf(path, sizeof path, "%s/log", data);
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/log/parser-1.log", data);
    FILE *f = fopen(path, "we");
    cr_assert_not_null(f);
    fputs("time=1 event=other device=pc-2 upload=22\n"
          "time=2 event=mine device=PC-1 upload=11\n"
          "time=3 event=mentioned device=pc-2 detail=\"not pc-1\"\n"
          "time=4 event=pc-1\n",
          f);
    fclose(f);
    snprintf(path, sizeof path, "%s/log/writer-1.log", data);
    f = fopen(path, "we");
    cr_assert_not_null(f);
    fputs("time=5 event=written upload=33\ntime=6 event=elsewhere upload=22\n\n", f);
    fclose(f);
    json_t *events = json_array();
    json_array_append_new(events, json_pack("{s:s,s:s,s:s}", "time", "0", "event", "asked", "upload", "33"));
    events_read_logs(&folder, "PC-1", events);
    json_t *out = events_finish(events);
    static const char *const want[] = {"asked", "mine", "written"};
    cr_assert_eq(json_array_size(out), COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++)
        cr_expect_str_eq(get(json_array_get(out, i), "event"), want[i]);
    cr_expect_str_eq(get(json_array_get(out, 1), "by"), "parser-1");
    json_decref(out);
    json_decref(events);
    static const char *const made[] = {"/log/parser-1.log", "/log/writer-1.log", "/log", ""};
    for (size_t i = 0; i < COUNT(made); i++) {
        snprintf(path, sizeof path, "%s%s", data, made[i]);
        cr_expect_eq(remove(path), 0);
    }
}
