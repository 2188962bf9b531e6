#include "common/log/log.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

/* Criterion runs each test in a process of its own, so the process's stderr may be replaced. */
static int stderr_to_pipe(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

static const char *next_text(int from)
{
    static char text[16384];
    ssize_t n = read(from, text, sizeof text - 1);
    cr_assert_geq(n, 0);
    text[n] = '\0';
    return text;
}

Test(log, writes_logfmt_before_it_is_opened)
{
    int from = stderr_to_pipe();
    log_info("upload stored", LOG_TEXT("device", "pc-1"), LOG_NUMBER("bytes", 17));
    const char *line = next_text(from);
    cr_expect_not_null(strstr(line, "Z level=info service=muster event=\"upload stored\" device=pc-1 bytes=17\n"), "%s",
                       line);
    cr_expect_eq(strncmp(line, "time=20", 7), 0);
    cr_expect_eq(strcspn(line, " "), strlen("time=2026-11-24T03:00:00.123Z"));
}

Test(log, writes_json)
{
    int from = stderr_to_pipe();
    log_open("gateway", "json", "info");
    log_warning("spool is full", LOG_NUMBER("bytes", 1));
    const char *line = next_text(from);
    const char *behind_time =
        "Z\",\"level\":\"warning\",\"service\":\"gateway\",\"event\":\"spool is full\",\"bytes\":1}\n";
    cr_expect_eq(strncmp(line, "{\"time\":\"20", 11), 0, "%s", line);
    cr_expect_str_eq(strchr(line, 'Z'), behind_time);
}

Test(log, leaves_out_what_is_below_its_level)
{
    int from = stderr_to_pipe();
    log_open("gateway", "logfmt", "warning");
    log_info("quiet", LOG_NUMBER("n", 1));
    log_error("loud", LOG_NUMBER("n", 2));
    const char *text = next_text(from);
    cr_expect_null(strstr(text, "quiet"));
    cr_expect_not_null(strstr(text, "event=loud n=2\n"));
}

Test(log, a_reason_is_two_fields)
{
    int from = stderr_to_pipe();
    struct reason why;
    reason_set(&why, "no_body", "nothing behind the header");
    log_error("refused", LOG_REASON(&why));
    cr_expect_not_null(strstr(next_text(from), "reason=no_body detail=\"nothing behind the header\"\n"));
}

static void fill(int fd)
{
    char block[4096] = {0};
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0)
        continue;
    fcntl(fd, F_SETFL, flags);
}

Test(log, a_full_pipe_costs_the_line_and_not_the_caller, .timeout = 10)
{
    int from = stderr_to_pipe();
    fill(STDERR_FILENO);
    log_info("lost", LOG_NUMBER("n", 1));
    log_info("lost", LOG_NUMBER("n", 2));
    cr_expect_eq(log_dropped(), 2);
    static char drained[1 << 20];
    cr_assert_gt(read(from, drained, sizeof drained), 0);
    log_info("found", LOG_NUMBER("n", 3));
    cr_expect_eq(log_dropped(), 2);
}

Test(log, a_closed_reader_costs_the_line_and_not_the_process)
{
    close(stderr_to_pipe());
    log_info("lost", LOG_NUMBER("n", 1));
    cr_expect_eq(log_dropped(), 1);
}
