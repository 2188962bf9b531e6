#include "common/admin/status_page.h"

#include <criterion/criterion.h>
#include <jansson.h>

static const struct {
    const char *text, *want;
} texts[] = {
    {"", "\"\""},
    {"plain", "\"plain\""},
    {"a \"quote\" and a \\", "\"a \\\"quote\\\" and a \\\\\""},
    {"line\nbreak\t\x7f", "\"line\\u000abreak\\u0009\\u007f\""},
    {"Pr\xc3\xbc"
     "fer \xe2\x82\xac \xf0\x9f\x96\xa5",
     "\"Pr\xc3\xbc"
     "fer \xe2\x82\xac \xf0\x9f\x96\xa5\""},
    {"Latin \xfc.", "\"Latin ?.\""},
    {"cut \xe2\x82", "\"cut ??\""},
    {"over-long \xc0\xaf", "\"over-long ??\""},
    {"surrogate \xed\xa0\x80", "\"surrogate ???\""},
    {"beyond \xf4\x90\x80\x80", "\"beyond ????\""},
};

Test(status_page, any_text_becomes_valid_json)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1000);
        json_text(&out, texts[i].text);
        cr_expect_str_eq(out.data, texts[i].want);
        json_t *value = json_loads(out.data, JSON_DECODE_ANY, NULL);
        cr_expect(json_is_string(value), "%s", out.data);
        json_decref(value);
    }
}

Test(status_page, times_are_utc)
{
    AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1000);
    json_time(&out, INT64_C(1700000000123456));
    cr_expect_str_eq(out.data, "\"2023-11-14T22:13:20Z\"");
}

Test(status_page, metrics_keep_their_labels_in_their_names)
{
    AUTO(buffer_clear) struct buffer out = BUFFER_INIT(1000);
    json_metrics(&out, VIEW_LITERAL("# HELP a_total things\n# TYPE a_total counter\na_total 5\n"
                                    "b{reason=\"no space\"} -7\nb{reason=\"x\"} 0\n\nnonsense"));
    cr_expect_str_eq(out.data, "{\"a_total\":5,\"b{reason=\\\"no space\\\"}\":-7,\"b{reason=\\\"x\\\"}\":0}");
    buffer_reset(&out);
    json_metrics(&out, VIEW_LITERAL(""));
    cr_expect_str_eq(out.data, "{}");
}

Test(status_page, a_parameter_of_a_query_is_found_and_decoded)
{
    char room[8];
    struct view query = VIEW_LITERAL("device=a%2Db&from=1.2.3.4&cut=%4&long=123456789&device=second");
    cr_expect(view_is(query_value(query, "device", room, sizeof room), "a-b"));
    cr_expect(view_is(query_value(query, "from", room, sizeof room), "1.2.3.4"));
    cr_expect_null(query_value(query, "cut", room, sizeof room).data);
    cr_expect_null(query_value(query, "long", room, sizeof room).data);
    cr_expect_null(query_value(query, "none", room, sizeof room).data);
    cr_expect_null(query_value(VIEW_ABSENT, "none", room, sizeof room).data);
}
