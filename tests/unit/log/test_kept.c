#include "common/log/log.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

static struct buffer out = BUFFER_INIT(1 << 20);

static const char *recall(const char *device, const char *from, size_t max)
{
    buffer_reset(&out);
    log_recall(view_of(device), view_of(from), max, &out);
    buffer_char(&out, '\0');
    return out.data;
}

static size_t count_of(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void begin(void)
{
    cr_assert_not_null(freopen("/dev/null", "w", stderr));
    log_open("gateway", "logfmt", "info");
    log_keep(8);
}

static void end(void)
{
    log_keep(0);
    buffer_clear(&out);
}

TestSuite(kept, .init = begin, .fini = end);

Test(kept, lines_of_a_device_come_back_as_json_whatever_their_level)
{
    log_debug("stored", LOG_TEXT("device", "PC-1"), LOG_NUMBER("bytes", 7));
    log_info("other", LOG_TEXT("device", "pc-2"));
    const char *text = recall("pc-1", NULL, 10);
    cr_expect_not_null(strstr(text,
                              "\"level\":\"debug\",\"service\":\"gateway\",\"event\":\"stored\",\"device\":\"PC-1\","
                              "\"bytes\":7}"),
                       "%s", text);
    cr_expect_null(strstr(text, "other"));
    cr_expect_null(strchr(text, '\n'));
}

Test(kept, the_newest_come_in_their_order)
{
    for (int i = 0; i < 5; i++)
        log_debug("e", LOG_TEXT("device", "a"), LOG_NUMBER("n", i));
    const char *text = recall("a", NULL, 2);
    cr_expect_eq(count_of(text, "\"event\""), 2, "%s", text);
    cr_expect_lt(strstr(text, "\"n\":3"), strstr(text, "\"n\":4"), "%s", text);
    cr_expect_not_null(strstr(text, "},{"));
}

Test(kept, is_bounded)
{
    for (int i = 0; i < 100; i++)
        log_debug("e", LOG_TEXT("device", "a"), LOG_NUMBER("n", i));
    const char *text = recall("a", NULL, 1000);
    cr_expect_eq(count_of(text, "\"event\""), 8, "%s", text);
    cr_expect_not_null(strstr(text, "\"n\":92"));
    cr_expect_not_null(strstr(text, "\"n\":99"));
}

Test(kept, a_line_without_device_is_found_by_its_address_if_that_is_asked)
{
    log_info("refused", LOG_TEXT("device", ""), LOG_TEXT("from", "192.0.2.7"));
    log_info("refused", LOG_TEXT("device", "b"), LOG_TEXT("from", "192.0.2.7"));
    cr_expect_eq(count_of(recall("a", NULL, 10), "event"), 0);
    cr_expect_eq(count_of(recall("a", "192.0.2.7", 10), "event"), 1);
    cr_expect_eq(count_of(recall("a", "192.0.2.8", 10), "event"), 0);
}

Test(kept, a_line_about_an_upload_belongs_to_the_device_that_sent_it)
{
    log_debug("stored", LOG_TEXT("upload", "1-1"), LOG_TEXT("device", "a"));
    log_warning("quarantine", LOG_TEXT("upload", "1-1"));
    log_warning("quarantine", LOG_TEXT("upload", "1-2"));
    cr_expect_eq(count_of(recall("a", NULL, 10), "quarantine"), 1);
}

Test(kept, a_long_line_loses_whole_fields)
{
    char value[400];
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    log_debug("e", LOG_TEXT("device", "a"), LOG_TEXT("one", value), LOG_TEXT("two", value));
    const char *text = recall("a", NULL, 10);
    cr_expect_leq(strlen(text), LOG_KEPT_BYTES);
    cr_expect_not_null(strstr(text, "\"one\":\"xxx"));
    cr_expect_null(strstr(text, "\"two\""));
    cr_expect_not_null(strstr(text, ",\"cut\":true}"));
}
